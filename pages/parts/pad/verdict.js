// @ts-check
// What ten probabilities say, and how that is written.

export const DIGITS = [...Array(10).keys()];

/** @param {number[]} probabilities */
export const best = (probabilities) => probabilities.indexOf(Math.max(...probabilities));

/** @param {number} p */
export function percent(p) {
  if (p >= 0.995 && p < 0.99995) return "> 99 %";
  return `${Math.round(100 * p)} %`;
}

/** The best digit and how sure it is. @param {number[]} p @param {string} between */
export const told = (p, between) => `${best(p)}${between}${percent(Math.max(...p))}`;
