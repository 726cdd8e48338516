// @ts-check
// The plane layer: what the decoder draws at every place of the view, as a grid behind the points. It is asked for when
// the view rests, from its middle outwards, and fades where no digit is near.

import { cellSide, gridOf } from "./pictures.js";
import { clamp, context, node } from "../../web/dom.js";
import { bytesOf, PICTURE, pictureOf, SIDE } from "../../web/pixels.js";

/** @import { MapName, Reply, Rgb } from "../../web/types.js" */
/** @import { View } from "../../web/view.js" */

const PLANE_CELL = 36; // CSS pixels, more or less
const A_QUESTION = 32; // places: few enough that a moving pointer never waits long
const CELLS_KEPT = 6000; // 784 bytes each
const CELLS_SHOWN = 2500;
const AFTER_ERROR = 3000; // ms
const INK = 0.62; // of the text's colour

/** @typedef {{ grey: Uint8Array, spread: number }} Cell */
/** @typedef {{ i: number, j: number, away: number }} Wanted */
/** @typedef {{ side: number, level: number, i0: number, j0: number, wide: number, high: number }} Grid */
/** @typedef {{ question: object, heard: (reply: Reply) => void }} Question */

export class Plane {
  /** @param {() => void} changed there is something new to draw @param {() => void} again it can be asked again */
  constructor(changed, again) {
    this.changed = changed;
    this.again = again;
    this.cells = /** @type {Map<string, Cell>} */ (new Map()); // by "level i j"
    this.canvas = node("canvas");
    this.ctx = context(this.canvas, { willReadFrequently: true });
    this.wanted = /** @type {Wanted[]} */ ([]);
    this.grid = /** @type {Grid | null} */ (null);
    this.name = /** @type {MapName | null} */ (null);
    this.key = this.error = "";
    this.text = /** @type {Rgb} */ ([]);
    this.paused = false;
    this.timer = 0;
  }

  /** Another map: nothing of the old one is shown. @param {MapName} name @param {string} version of it */
  of(name, version) {
    const key = JSON.stringify([name, version]);
    if (key === this.key) return;
    this.key = key;
    this.name = name;
    this.error = "";
    this.clear();
    this.cells.clear();
  }

  clear() {
    this.grid = null;
    this.wanted = [];
  }

  /** The view rests: lay the grid below it, paint what is known, ask for the rest. @param {View} view @param {Rgb} text */
  refresh(view, text) {
    const side = cellSide(view.scale, PLANE_CELL);
    const { i0, j0, wide, high } = gridOf(view, side);
    if (!(wide * high <= CELLS_SHOWN)) return this.clear();
    const grid = (this.grid = { side, level: Math.round(2 * Math.log2(side)), i0, j0, wide, high });
    this.text = text;
    Object.assign(this.canvas, { width: SIDE * wide, height: SIDE * high });
    this.wanted = [];
    const middle = [i0 + wide / 2 - 0.5, j0 + high / 2 - 0.5];
    for (let j = j0; j < j0 + high; j++) {
      for (let i = i0; i < i0 + wide; i++) {
        const cell = this.cells.get(`${grid.level} ${i} ${j}`);
        if (cell) this.put(grid, cell, i, j);
        else this.wanted.push({ i, j, away: Math.hypot(i - middle[0], j - middle[1]) });
      }
    }
    this.wanted.sort((a, b) => a.away - b.away);
    this.changed();
  }

  /** What should be asked next, if anything. @returns {Question | null} */
  next() {
    if (!this.grid || !this.wanted.length || this.paused) return null;
    const { grid, key } = this;
    const asked = this.wanted.slice(0, A_QUESTION);
    const places = asked.map(({ i, j }) => [(i + 0.5) * grid.side, (j + 0.5) * grid.side]);
    return {
      question: { kind: "plane", ...this.name, places },
      heard: (reply) => {
        if (key === this.key) this.hear(reply, asked, grid.level);
      },
    };
  }

  /** @param {Reply} reply @param {Wanted[]} asked @param {number} level */
  hear(reply, asked, level) {
    if (reply.error || !reply.images) {
      this.error = reply.lost ? "" : String(reply.error ?? "").slice(0, 300);
      this.paused = true;
      const again = () => {
        this.paused = false;
        this.again();
      };
      this.timer = setTimeout(again, AFTER_ERROR);
      return this.changed();
    }
    this.error = "";
    const grid = level === this.grid?.level ? this.grid : null;
    const images = bytesOf(reply.images);
    asked.forEach(({ i, j }, at) => {
      const cell = { grey: pictureOf(images, at).slice(), spread: Number(reply.spread?.[at]) };
      this.cells.set(`${level} ${i} ${j}`, cell);
      const [oldest] = this.cells.keys();
      if (this.cells.size > CELLS_KEPT) this.cells.delete(oldest);
      if (grid) this.put(grid, cell, i, j);
    });
    const done = new Set(asked.map(({ i, j }) => `${i} ${j}`));
    if (grid) this.wanted = this.wanted.filter(({ i, j }) => !done.has(`${i} ${j}`));
    this.changed();
  }

  /** @param {Grid} grid @param {Cell} cell @param {number} i @param {number} j */
  put({ i0, j0, wide, high }, { grey, spread }, i, j) {
    if (i < i0 || j < j0 || i >= i0 + wide || j >= j0 + high || grey.length !== PICTURE) return;
    const image = this.ctx.createImageData(SIDE, SIDE);
    const strength = INK * faded(spread);
    for (let p = 0; p < PICTURE; p++) image.data.set([...this.text, Math.round(grey[p] * strength)], 4 * p);
    this.ctx.putImageData(image, SIDE * (i - i0), SIDE * (j0 + high - 1 - j));
  }

  close() {
    clearTimeout(this.timer);
  }

  /** @param {CanvasRenderingContext2D} ctx @param {View} view @param {number} ratio */
  draw(ctx, view, ratio) {
    if (!this.grid) return;
    const { i0, j0, wide, high, side } = this.grid;
    const [left, top] = view.at(i0 * side, (j0 + high) * side);
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.drawImage(this.canvas, left, top, wide * side * view.scale, high * side * view.scale);
  }
}

/** 1 among the points, less with every doubling of the distance to the nearest one. @param {number} spread */
export function faded(spread) {
  if (!Number.isFinite(spread)) return 0.1;
  return clamp(1 - 0.18 * Math.log2(Math.max(spread, 1) / 3), 0.1);
}
