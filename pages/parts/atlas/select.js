// @ts-check
// A selection: a polygon in map units, and the rows inside it.

import { clamp, grouped } from "../web/dom.js";
import { bytesOf } from "../web/pixels.js";

/** @import { Place } from "../web/types.js" */
/** @import { View } from "../web/view.js" */

const SAME_PLACE = 3; // CSS pixels between two corners of a lasso

/**
 * The rows of points (n, 2) inside the polygon, by the even-odd rule: uint8 (n,), 1 inside.
 * @param {Place[]} polygon @param {ArrayLike<number>} points @param {number} count
 */
export function rowsInside(polygon, points, count) {
  const inside = new Uint8Array(count);
  const xs = polygon.map(([x]) => x);
  const ys = polygon.map(([, y]) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  for (let i = 0; i < count; i++) {
    const [x, y] = [points[2 * i], points[2 * i + 1]];
    if (!(x >= left && x <= right && y >= low && y <= high)) continue;
    let within = false;
    for (let a = 0, b = polygon.length - 1; a < polygon.length; b = a++) {
      if (ys[a] > y !== ys[b] > y && x < xs[a] + ((y - ys[a]) / (ys[b] - ys[a])) * (xs[b] - xs[a])) within = !within;
    }
    inside[i] = within ? 1 : 0;
  }
  return inside;
}

/**
 * The rows that are selected, uint8 (n,): inside of a polygon, or those with a bit in `digits`.
 * @param {{ polygon: Place[], digits?: string }} selection @param {ArrayLike<number>} points @param {number} count
 */
export function selectedRows({ polygon, digits }, points, count) {
  const bits = digits ? bytesOf(digits) : null;
  if (!bits) return rowsInside(polygon, points, count);
  return Uint8Array.from({ length: count }, (_, row) => (bits[row >> 3] >> (7 - (row & 7))) & 1);
}

/**
 * What is drawn in colour: rows that are inside, where something is selected, and of the shade that is looked at, where
 * one is. null: everything.
 * @param {{ count: number, shades: Uint8Array }} lot @param {Uint8Array | null} inside @param {number | null} focused
 */
export function litOf({ count, shades }, inside, focused) {
  if (!inside && focused === null) return null;
  const lit = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    lit[i] = (!inside || inside[i]) && (focused === null || shades[i] === focused) ? 1 : 0;
  }
  return lit;
}

/** @param {Uint8Array} lit @param {string} what */
export function counted(lit, what) {
  const many = lit.reduce((sum, one) => sum + one, 0);
  if (!many) return `No digit ${what}`;
  return `${grouped(many)} ${many === 1 ? "digit" : "digits"} ${what}`;
}

/**
 * As few corners as the shape needs, at most so many (Douglas and Peucker, 1973, with a tolerance that grows).
 * @param {Place[]} corners @param {number} tolerance @param {number} most
 */
export function simplified(corners, tolerance, most) {
  let shape = corners;
  for (let allowed = tolerance; shape.length > most || allowed === tolerance; allowed *= 1.6) {
    shape = thinned(corners, allowed);
  }
  return shape;
}

/** @param {Place[]} corners @param {number} tolerance */
function thinned(corners, tolerance) {
  const kept = new Uint8Array(corners.length);
  kept[0] = kept[corners.length - 1] = 1;
  const spans = [[0, corners.length - 1]];
  for (let span = spans.pop(); span; span = spans.pop()) {
    const [from, to] = span;
    let [furthest, at] = [tolerance, -1];
    for (let i = from + 1; i < to; i++) {
      const away = distanceTo(corners[i], corners[from], corners[to]);
      if (away > furthest) [furthest, at] = [away, i];
    }
    if (at < 0) continue;
    kept[at] = 1;
    spans.push([from, at], [at, to]);
  }
  return corners.filter((_, i) => kept[i]);
}

/** From a point to the straight line between two others. @param {Place} point @param {Place} a @param {Place} b */
function distanceTo([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const t = length ? clamp(((x - ax) * dx + (y - ay) * dy) / length) : 0;
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

/** What a hand draws, in CSS pixels of one canvas: a lasso, or a box between two corners. */
export class Outline {
  /** @param {"lasso" | "box"} kind @param {Place} start */
  constructor(kind, start) {
    this.kind = kind;
    this.corners = [start];
  }

  /** @param {Place} place */
  grow(place) {
    const last = this.corners[this.corners.length - 1];
    if (this.kind === "box") this.corners[1] = place;
    else if (Math.hypot(place[0] - last[0], place[1] - last[1]) >= SAME_PLACE) this.corners.push(place);
  }

  /** @returns {Place[]} */
  get shape() {
    if (this.kind === "lasso" || this.corners.length < 2) return this.corners;
    const [[ax, ay], [bx, by]] = this.corners;
    return [[ax, ay], [bx, ay], [bx, by], [ax, by]];
  }

  /** Whether it encloses anything at all. */
  get encloses() {
    const { shape } = this;
    if (shape.length < 3) return false;
    const spans = [0, 1].map((axis) => shape.map((corner) => corner[axis]));
    return spans.every((values) => Math.max(...values) - Math.min(...values) >= SAME_PLACE);
  }

  /** Its corners in map units. @param {View} view @param {number} most */
  polygon(view, most) {
    const shape = this.kind === "box" ? this.shape : simplified(this.shape, 0.7, most);
    return shape.map(([x, y]) => view.place(x, y));
  }
}
