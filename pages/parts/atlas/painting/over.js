// @ts-check
// What lies over the points: rings, the selection's outline, a walk, points moved apart. Drawn alone, so that following the
// pointer costs no points.

import { context } from "../../web/dom.js";
import { strokeOutlined, writeOutlined } from "../../web/view.js";

/** @import { Outline } from "../select.js" */
/** @import { Place, Walked } from "../../web/types.js" */
/** @import { View } from "../../web/view.js" */

const DISPLACED = 100; // points marked
const CROSS = 4; // CSS pixels
const [AIM, AIM_GAP] = [14, 4]; // of the cross that keys move, and free in its middle
const SIGN = [14, 17]; // CSS pixels that a class's name takes

/** @typedef {{ row: number | null, x?: number, y?: number, name?: string }} Ring around a digit, or around a place */
/**
 * @typedef {{
 *   view: View, points: Float32Array, count: number, text: string, paper: string, ratio: number,
 *   polygon: Place[] | null, outline: Outline | null, cross: Place | null, hovered: number, picked: Ring[], walk: Walked | null,
 *   displaced: number[]
 * }} What
 * hovered: a row, or -1; displaced: rows
 */

export class Over {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.ctx = context(canvas);
  }

  /** @param {number} width @param {number} height */
  resize(width, height) {
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
  }

  /** @param {What} what */
  draw(what) {
    const { ctx, canvas } = this;
    const at = (/** @type {number} */ row) => what.view.at(what.points[2 * row], what.points[2 * row + 1]);
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, canvas.width, canvas.height);
    ctx.setTransform(what.ratio, 0, 0, what.ratio, 0, 0);
    if (what.displaced.length) this.crosses(what, what.displaced.filter((row) => row < what.count).map(at));
    if (what.polygon) this.shape(what, what.polygon.map(([x, y]) => what.view.at(x, y)));
    if (what.outline) this.shape(what, what.outline.shape);
    if (what.cross) this.aim(what, what.cross);
    if (what.walk) this.path(what, what.walk);
    for (const { row, x = 0, y = 0, name } of what.picked) {
      if (row !== null && row >= what.count) continue;
      const place = row === null ? what.view.at(x, y) : at(row);
      this.ring(what, place, 8, 2.2);
      if (name) writeOutlined(ctx, what, name, place[0] + 15, place[1] - 11, 13);
    }
    if (what.hovered >= 0 && what.hovered < what.count) this.ring(what, at(what.hovered), 6, 1.5);
  }

  /** @param {What} what @param {Place} place @param {number} radius @param {number} width */
  ring(what, [x, y], radius, width) {
    this.ctx.beginPath();
    this.ctx.arc(x, y, radius, 0, 7);
    strokeOutlined(this.ctx, what, width);
  }

  /** @param {What} what @param {Place[]} corners */
  shape(what, corners) {
    const { ctx } = this;
    if (corners.length < 2) return;
    ctx.beginPath();
    corners.forEach(([x, y]) => ctx.lineTo(x, y));
    ctx.closePath();
    ctx.globalAlpha = 0.07;
    ctx.fillStyle = what.text;
    ctx.fill("evenodd");
    ctx.globalAlpha = 1;
    strokeOutlined(ctx, what, 1.2);
  }

  /** @param {What} what @param {Place} place */
  aim(what, [x, y]) {
    const { ctx } = this;
    ctx.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      ctx.moveTo(x + dx * AIM_GAP, y + dy * AIM_GAP);
      ctx.lineTo(x + dx * AIM, y + dy * AIM);
    }
    strokeOutlined(ctx, what, 1.8);
  }

  /** @param {What} what @param {Walked} walk */
  path(what, { path, at }) {
    const { ctx } = this;
    const places = path.map(([x, y]) => what.view.at(x, y));
    ctx.beginPath();
    places.forEach(([x, y]) => ctx.lineTo(x, y));
    strokeOutlined(ctx, what, 2);
    if (at === null || !places[at]) return;
    const [x, y] = places[at];
    ctx.beginPath();
    ctx.arc(x, y, 6, 0, 7);
    ctx.fillStyle = what.paper;
    ctx.fill();
    strokeOutlined(ctx, what, 2.5);
  }

  /** @param {What} what @param {Place[]} places */
  crosses(what, places) {
    const { ctx } = this;
    ctx.beginPath();
    for (const [x, y] of places) {
      ctx.moveTo(x - CROSS, y - CROSS);
      ctx.lineTo(x + CROSS, y + CROSS);
      ctx.moveTo(x - CROSS, y + CROSS);
      ctx.lineTo(x + CROSS, y - CROSS);
    }
    strokeOutlined(ctx, what, 1.4);
  }
}

/** The rows that the map moved furthest apart from their neighbours, worst first. @param {Float32Array} displacement */
export function mostDisplaced(displacement) {
  const rows = Array.from(displacement.keys()).filter((row) => displacement[row] > 0);
  return rows.sort((a, b) => displacement[b] - displacement[a]).slice(0, DISPLACED);
}

/** @typedef {{ name: string, label: number, at: Place }} Sign a class's name on the screen */

/** Names moved down where one would cover another. @param {Sign[]} names @returns {Sign[]} */
export function besides(names) {
  /** @type {Sign[]} */
  const placed = [];
  for (const { at, ...name } of [...names].sort((a, b) => a.at[1] - b.at[1])) {
    let [x, y] = at;
    for (const { at: [left, top] } of placed) {
      if (Math.abs(left - x) < SIGN[0] && Math.abs(top - y) < SIGN[1]) y = top + SIGN[1];
    }
    placed.push({ ...name, at: [x, y] });
  }
  return placed;
}
