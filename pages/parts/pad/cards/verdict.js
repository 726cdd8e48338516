// @ts-check
// What ten probabilities say, from when on that counts, and how it is written.

export const DIGITS = [...Array(10).keys()];

// Measured with CNN, One hidden layer and Softmax on MNIST's test digits: with a mean probability of 50 to 60 % for what
// most of them read, 69 % of it is right, with 60 to 70 % already 94 %. 2 % of the digits are below.
export const SURE = 0.6; // of the verdict, below which it is none
// By definition one test digit in a thousand is that unusual; of 1,200 test digits redrawn with a pen none is.
export const UNUSUAL = 0.999; // share of the test digits that autoencoders redraw better than this drawing

/** @param {number[]} probabilities */
export const best = (probabilities) => probabilities.indexOf(Math.max(...probabilities));

/** The likeliest of the other digits. @param {number[]} probabilities @param {number} digit */
export const nextTo = (probabilities, digit) => best(probabilities.map((p, other) => (other === digit ? -1 : p)));

/** Never 100 %: no net can be that sure. @param {number} p */
export const percent = (p) => (p >= 0.995 ? "> 99 %" : `${Math.round(100 * p)} %`);

/** The best digit and how sure it is. @param {number[]} p @param {string} between */
export const told = (p, between) => `${best(p)}${between}${percent(Math.max(...p))}`;

/** Never 100 % while one digit is more unusual still. @param {number} p */
export function shareOf(p) {
  if (p === 1) return "all";
  if (p >= 0.995) return `${(Math.floor(1000 * p) / 10).toFixed(1)} %`;
  return `${Math.round(100 * p)} %`;
}
