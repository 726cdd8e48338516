// @ts-check
// What figures that follow a slider are at each of its positions: all that Python has sent, and only what differs.

/** @import { Given } from "./figure.js" */
/** @typedef {{ paths: (string | number)[][], values: any[] }} Column where something differs, and what is there at each position */
/** @typedef {{ figure: Given, label: string, name: string, height: number, moving: Column[] }} Moving a figure at the first position */
/**
 * @typedef {{ values: number[], texts: string[], names: string[], numbers: string[][], figures: Moving[] }} Content
 * values: of the slider, rising; numbers: the texts at each position, a name for each
 */

/** The position whose value is nearest, of two the lower: as moving.py finds it. @param {number[]} values */
export function nearest(values, /** @type {number} */ value) {
  let found = 0;
  for (let at = 1; at < values.length; at++) {
    if (Math.abs(values[at] - value) < Math.abs(values[found] - value)) found = at;
  }
  return found;
}

/** A figure with its label at a position; what does not differ is shared. @param {Moving} moving @param {number} at */
export function frameAt({ moving, ...first }, at) {
  const made = { ...first };
  for (const { paths, values } of moving) for (const path of paths) put(made, first, path, values[at]);
  return made;
}

/** @param {any} made a copy in which what is on the path may still be the original's @param {any} original */
function put(made, original, /** @type {(string | number)[]} */ path, /** @type {unknown} */ value) {
  const last = path.length - 1;
  for (const step of path.slice(0, last)) {
    if (made[step] === original[step]) made[step] = Array.isArray(made[step]) ? [...made[step]] : { ...made[step] };
    made = made[step];
    original = original[step];
  }
  made[path[last]] = value;
}
