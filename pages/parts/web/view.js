// @ts-check
// Which part of a map of codes is seen: both axes alike, fitted to its points until a hand zooms or drags. And what
// every such map has: its classes' names where their points are, and lines that can be seen on every colour.

import { clamp } from "./dom.js";

/** @import { Place } from "./types.js" */
/** @typedef {{ low: number, high: number }} Span */
/** @typedef {Span[]} Bounds along x and along y */
/** @typedef {{ name: string, label: number, x: number, y: number }} ClassName at a place in map units */

const OUTSIDE = 0.001; // share of the points at each side that do not stretch the fitted view ...
const NEARBY = 1.15; // ... unless they are hardly further out than the rest
const AROUND = 0.05; // of the canvas's side, left free around the fitted points
const [FURTHEST, CLOSEST] = [0.25, 4000]; // of the fitted scale

export class View {
  constructor() {
    this.width = this.height = 0; // CSS pixels
    this.zoom = 1; // times the fitted scale
    this.bounds = /** @type {Bounds} */ ([]);
    /** @type {Place | null} */
    this.middle = null; // of the view, in map units; null while it is fitted
  }

  get ready() {
    return this.bounds.length > 0 && this.width > 0 && this.height > 0;
  }

  get fitted() {
    return this.middle === null;
  }

  // CSS pixels of one map unit.
  get scale() {
    const [x, y] = this.bounds;
    const unit = Math.min(this.width / (x.high - x.low), this.height / (y.high - y.low)) * (1 - 2 * AROUND);
    return unit * this.zoom;
  }

  /** @returns {Place} */
  get centre() {
    const [x, y] = this.bounds;
    return this.middle ?? [(x.low + x.high) / 2, (y.low + y.high) / 2];
  }

  fit() {
    this.zoom = 1;
    this.middle = null;
  }

  /** From map units to CSS pixels within the canvas. @param {number} x @param {number} y @returns {Place} */
  at(x, y) {
    const [cx, cy] = this.centre;
    return [this.width / 2 + (x - cx) * this.scale, this.height / 2 - (y - cy) * this.scale];
  }

  /** And back. @param {number} px @param {number} py @returns {Place} */
  place(px, py) {
    const [cx, cy] = this.centre;
    return [cx + (px - this.width / 2) / this.scale, cy - (py - this.height / 2) / this.scale];
  }

  /** @param {number} dx @param {number} dy in CSS pixels */
  drag(dx, dy) {
    const [cx, cy] = this.centre;
    this.middle = [cx - dx / this.scale, cy + dy / this.scale];
  }

  /** The place below the pixel stays there. @param {number} px @param {number} py @param {number} factor */
  zoomAt(px, py, factor) {
    const [x, y] = this.place(px, py);
    const zoom = clamp(this.zoom * factor, FURTHEST, CLOSEST);
    const [cx, cy] = this.centre;
    const kept = this.zoom / zoom;
    this.middle = [x + (cx - x) * kept, y + (cy - y) * kept];
    this.zoom = zoom;
  }
}

/** The bounds of points along both axes, without their outliers. @param {Float32Array} points @returns {Bounds} */
export function boundsOf(points) {
  return [0, 1].map((axis) => {
    const along = new Float32Array(points.length / 2);
    for (let i = 0; i < along.length; i++) along[i] = points[2 * i + axis];
    const sorted = along.filter(Number.isFinite).sort();
    if (!sorted.length) return { low: -1, high: 1 };
    const out = Math.floor(sorted.length * OUTSIDE);
    const [low, high] = [sorted[out], sorted[sorted.length - 1 - out]];
    const [least, most] = [sorted[0], sorted[sorted.length - 1]];
    if (most - least <= NEARBY * (high - low)) return widened(least, most);
    return widened(low, high);
  });
}

/** Points that all lie in one place still get a map around them. @param {number} low @param {number} high */
function widened(low, high) {
  const least = 1e-6 * Math.max(1, Math.abs(low), Math.abs(high));
  return high - low > least ? { low, high } : { low: low - 1, high: high + 1 };
}

/** @param {Bounds[]} all @returns {Bounds} */
export function around(all) {
  return [0, 1].map((axis) => ({
    low: Math.min(...all.map((bounds) => bounds[axis].low)),
    high: Math.max(...all.map((bounds) => bounds[axis].high)),
  }));
}

/**
 * The names of the classes at the medians of their points.
 * @param {ArrayLike<number>} points @param {ArrayLike<number>} labels @param {string[]} names @returns {ClassName[]}
 */
export function namesOf(points, labels, names) {
  return names.flatMap((name, label) => {
    /** @type {number[][]} */
    const own = [[], []];
    for (let i = 0; i < labels.length; i++) {
      if (labels[i] !== label) continue;
      own[0].push(points[2 * i]);
      own[1].push(points[2 * i + 1]);
    }
    if (!own[0].length) return [];
    const [x, y] = own.map((values) => Float32Array.from(values).sort()[values.length >> 1]);
    return [{ name, label, x, y }];
  });
}

/**
 * The current path, dark on a light halo or the other way round.
 * @param {CanvasRenderingContext2D} ctx @param {{ text: string, paper: string }} colours @param {number} width
 */
export function strokeOutlined(ctx, { text, paper }, width, halo = 2.5) {
  ctx.lineCap = ctx.lineJoin = "round";
  ctx.strokeStyle = paper;
  ctx.lineWidth = width + halo;
  ctx.stroke();
  ctx.strokeStyle = text;
  ctx.lineWidth = width;
  ctx.stroke();
}

/**
 * A short text, centred at (x, y), with a halo.
 * @param {CanvasRenderingContext2D} ctx @param {{ text: string, paper: string }} colours
 * @param {string} words @param {number} x @param {number} y @param {number} size in CSS pixels
 */
export function writeOutlined(ctx, { text, paper }, words, x, y, size) {
  ctx.font = `700 ${size}px sans-serif`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  ctx.lineWidth = 4;
  ctx.strokeStyle = paper;
  ctx.strokeText(words, x, y);
  ctx.fillStyle = text;
  ctx.fillText(words, x, y);
}
