// @ts-check
// The pictures layer: digits at their points, at most one in each cell of a grid that moves with the map.

/** @import { View } from "../../web/view.js" */

const CELL = 34; // CSS pixels, more or less: the grid changes with the zoom in steps of half an octave
export const SHOWN = 28; // CSS pixels
const VEIL = 150; // of 256: how much of the page's colour lies behind a digit
const APART = 0.6; // of a picture's side between the middles of two

/**
 * The side of a grid's cells in map units, about `size` CSS pixels wide at this scale.
 * @param {number} scale @param {number} size
 */
export const cellSide = (scale, size) => 2 ** (Math.round(2 * Math.log2(size / scale)) / 2);

/**
 * The cells of a grid that a view shows: the first column and row, and how many there are.
 * @param {View} view @param {number} side of a cell in map units
 */
export function gridOf(view, side) {
  const [left, top] = view.place(0, 0);
  const [right, bottom] = view.place(view.width, view.height);
  const [i0, j0] = [Math.floor(left / side), Math.floor(bottom / side)];
  return { i0, j0, wide: Math.floor(right / side) - i0 + 1, high: Math.floor(top / side) - j0 + 1 };
}

/**
 * The rows whose pictures are shown: in each cell the one nearest to its middle, test digits first, because they share
 * fewer sheets.
 * @param {{ points: Float32Array, count: number }} lot @param {View} view
 * @param {number} testCount @param {Uint8Array | null} lit
 */
export function picturedRows({ points, count }, view, testCount, lit) {
  const side = cellSide(view.scale, CELL);
  const { i0, j0, wide, high } = gridOf(view, side);
  const nearest = new Int32Array(wide * high).fill(-1);
  const away = new Float64Array(wide * high).fill(Infinity);
  for (let row = 0; row < count; row++) {
    if (lit !== null && !lit[row]) continue;
    const [x, y] = [points[2 * row] / side, points[2 * row + 1] / side];
    const [i, j] = [Math.floor(x) - i0, Math.floor(y) - j0];
    if (!(i >= 0 && j >= 0 && i < wide && j < high)) continue;
    const distance = Math.hypot(x - i - i0 - 0.5, y - j - j0 - 0.5) + (row < testCount ? 0 : 1);
    if (distance >= away[j * wide + i]) continue;
    away[j * wide + i] = distance;
    nearest[j * wide + i] = row;
  }
  return spaced(nearest, points, wide, (APART * SHOWN) / view.scale);
}

/**
 * Of two that would cover each other the first is left out.
 * @param {Int32Array} nearest @param {Float32Array} points @param {number} wide @param {number} apart
 */
function spaced(nearest, points, wide, apart) {
  const rows = [];
  for (let cell = 0; cell < nearest.length; cell++) {
    const row = nearest[cell];
    if (row < 0) continue;
    const covers = [1, wide - 1, wide, wide + 1].some((next) => {
      const other = nearest[cell + next] ?? -1;
      return other >= 0 && [0, 1].every((axis) => Math.abs(points[2 * row + axis] - points[2 * other + axis]) < apart);
    });
    if (!covers) rows.push(row);
  }
  return rows;
}
