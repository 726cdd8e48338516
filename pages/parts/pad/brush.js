// @ts-check
// How a stroke is put on a canvas: a smooth line through its points, as wide at each as the pen was pressed.

import { pointLength } from "./strokes.js";

/** @import { Point, Stroke } from "./strokes.js" */
/** @typedef {CanvasRenderingContext2D} Ctx */

const ROUNDED = 0.04; // pad units of a segment that a corner may take: long straight lines keep their corners
const BEND = 6; // pieces of a bend where the line's width changes

/** @param {Ctx} ctx @param {Stroke} stroke @param {number} side @param {number} width */
export function paintStroke(ctx, stroke, side, width) {
  const at = stroke.map(([x, y, w = 1]) => [x * side, y * side, w * width * side]);
  if (stroke[0].length === 2) paintLine(ctx, at, side, width);
  else paintRibbon(ctx, at, side);
}

/** Where a corner's bend begins on the way to a neighbour. @param {Point} corner @param {Point} neighbour */
function bendAt(corner, neighbour, /** @type {number} */ side) {
  const t = Math.min(0.5, (ROUNDED * side) / (pointLength(corner, neighbour) || 1));
  return corner.map((v, i) => v + t * (neighbour[i] - v));
}

/** @param {Ctx} ctx @param {Stroke} at @param {number} side @param {number} width */
function paintLine(ctx, at, side, width) {
  ctx.lineWidth = width * side;
  ctx.beginPath();
  ctx.moveTo(at[0][0], at[0][1]);
  for (let i = 1; i < at.length - 1; i++) {
    const [into, out] = [bendAt(at[i], at[i - 1], side), bendAt(at[i], at[i + 1], side)];
    ctx.lineTo(into[0], into[1]);
    ctx.quadraticCurveTo(at[i][0], at[i][1], out[0], out[1]);
  }
  const end = at[at.length - 1];
  ctx.lineTo(end[0], end[1]);
  ctx.stroke();
}

/** A canvas line has one width, so this is many short ones with round ends. @param {Ctx} ctx @param {Stroke} at */
function paintRibbon(ctx, at, /** @type {number} */ side) {
  let here = at[0];
  const go = (/** @type {Point} */ to) => {
    const pieces = Math.min(64, Math.ceil(Math.abs(to[2] - here[2])) || 1); // the width changes by a pixel at most
    for (let k = 1; k <= pieces; k++) {
      const [p, q] = [(k - 1) / pieces, k / pieces].map((t) => here.map((v, i) => v + t * (to[i] - v)));
      ctx.lineWidth = (p[2] + q[2]) / 2;
      ctx.beginPath();
      ctx.moveTo(p[0], p[1]);
      ctx.lineTo(q[0], q[1]);
      ctx.stroke();
    }
    here = to;
  };
  if (at.length === 1) go(at[0]);
  for (let i = 1; i < at.length - 1; i++) {
    const [into, out] = [bendAt(at[i], at[i - 1], side), bendAt(at[i], at[i + 1], side)];
    go(into);
    for (let k = 1; k <= BEND; k++) {
      const t = k / BEND;
      go(at[i].map((v, j) => (1 - t) ** 2 * into[j] + 2 * t * (1 - t) * v + t * t * out[j]));
    }
  }
  if (at.length > 1) go(at[at.length - 1]);
}
