// @ts-check
// Codes on their way to the server: rounded, and in parts that fit into questions.

const QUESTION = 48_000; // characters of the codes in one question

/** @typedef {ArrayLike<number> & Iterable<number>} Code */

/** @param {Code} code */
export const sent = (code) => Array.from(code, (value) => Math.round(value * 1e4) / 1e4);

/** Codes as rows that fit into questions, in the order they come. @param {number[][]} codes @param {number} most */
export function* parts(codes, most) {
  const size = Math.max(1, Math.min(most, Math.floor(QUESTION / (codes[0].length * 9))));
  for (let i = 0; i < codes.length; i += size) yield { from: i, codes: codes.slice(i, i + size) };
}

/** A number of a code as it is shown. @param {number} value */
export const short = (value) => (Object.is(Math.round(value * 100), -0) ? 0 : value).toFixed(2).replace("-", "−");

/** How far from real codes, in words and a number. @param {number | null} [ratio] */
export function distanceWords(ratio) {
  if (ratio === null || ratio === undefined) return "Beyond all real codes.";
  if (ratio < 0.005) return "The code of a real digit.";
  return `${ratio.toFixed(1)} × the usual distance to the nearest real code.`;
}
