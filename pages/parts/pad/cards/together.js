// @ts-check
// What the models say together, honestly: no majority where there is none, no verdict below a stated probability, and
// none about what is not one digit.

import { best, DIGITS, nextTo, percent, shareOf, SURE, UNUSUAL } from "./verdict.js";

/** @typedef {{ name: string, probabilities: number[] }} Reading of one classifier */
/**
 * @typedef {{ kind: string, digit: number | null, most: string, mean: string, others: string }} Verdict
 * kind: one of "none", "apart", "unusual", "disagree", "unsure" and "sure"; digit: what more than half of the classifiers
 * read, null where there is no such digit; most: the verdict; mean: what it rests on; others: who reads something else
 */

export const RULE =
  `What more than half of the classifiers read, if its mean probability is at least ${percent(SURE)}; below that the ` +
  "two likeliest digits. No verdict where marks stand side by side, nor where every autoencoder finds the drawing more " +
  `unusual than ${shareOf(UNUSUAL)} of the test digits.`;
const NOT_ONE = "This does not look like one digit";

/**
 * @param {Reading[]} readings @param {number[]} percentiles shares of the test digits that autoencoders redraw better
 * @param {boolean} apart whether the ink is two pieces side by side
 * @returns {Verdict}
 */
export function together(readings, percentiles, apart) {
  if (!readings.length) return { kind: "none", digit: null, most: "", mean: "", others: "" };
  const count = readings.length;
  const read = readings.map(({ probabilities }) => best(probabilities));
  const votes = DIGITS.map((digit) => read.filter((one) => one === digit).length);
  const digit = DIGITS.find((one) => 2 * votes[one] > count) ?? null;
  const means = DIGITS.map((one) => readings.reduce((sum, { probabilities }) => sum + probabilities[one], 0) / count);
  const verdict = digit === null ? `They disagree: ${listed(votes, read)}` : `${who(readings, votes[digit])} ${digit}`;
  const others = digit === null ? "" : dissent(readings, read, digit);

  // The least of them: one that redraws it well has seen such digits.
  const unusual = percentiles.length ? Math.min(...percentiles) : 0;
  if (apart) return { kind: "apart", digit, most: NOT_ONE, mean: `marks side by side. ${verdict}`, others };
  if (unusual >= UNUSUAL) {
    const rank = `more unusual than ${shareOf(unusual)}${unusual < 1 ? " of the" : ""} test digits`;
    return { kind: "unusual", digit, most: NOT_ONE, mean: `${rank}. ${verdict}`, others };
  }
  if (digit === null) return { kind: "disagree", digit, most: verdict, mean: "", others };
  const average = count > 1 ? "mean probability " : "";
  if (means[digit] >= SURE) return { kind: "sure", digit, most: verdict, mean: average + percent(means[digit]), others };
  const other = nextTo(means, digit);
  const shares = `${average}${percent(means[digit])} and ${percent(means[other])}, below ${percent(SURE)}`;
  return { kind: "unsure", digit, most: `Not sure: ${digit} or ${other}`, mean: shares, others };
}

/** @param {Reading[]} readings @param {number} count of those that read the same */
function who(readings, count) {
  if (readings.length === 1) return `${readings[0].name} reads`;
  return `${count === readings.length ? "All" : `${count} of`} ${readings.length} read`;
}

/** What is read, in the order of the models, with how many read it where some agree. */
function listed(/** @type {number[]} */ votes, /** @type {number[]} */ read) {
  const digits = [...new Set(read)];
  return digits.map((digit) => (votes[digit] > 1 ? `${digit} (${votes[digit]} models)` : digit)).join(", ");
}

/** @param {Reading[]} readings @param {number[]} read @param {number} digit what most of them read */
function dissent(readings, read, digit) {
  const others = readings.flatMap(({ name }, i) => (read[i] === digit ? [] : [`${name} reads ${read[i]}`]));
  return others.length > 3 ? `${others.slice(0, 3).join(", ")}, ${others.length - 3} more differ` : others.join(", ");
}
