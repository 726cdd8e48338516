// @ts-check
// Points and small pictures blended into one ImageData: 70,000 of them take a few milliseconds, with no help of a GPU.

import { packed } from "./color.js";
import { clamp, context } from "../../web/dom.js";
import { SIDE } from "../../web/pixels.js";

/** @import { Rgb } from "../../web/types.js" */

const WITHIN = 4; // places of a disc within its pixel, each way
const PADDING = 16; // pixels around what is seen, so that discs at the edge are cut, not dropped

/** @typedef {{ at: Int32Array, cover: Int32Array }} Disc offsets in a raster, and 0..256 of the colour there */
/** @typedef {{ points: Float32Array, count: number, shades: Uint8Array }} Lot */
/** @typedef {{ ax: number, bx: number, ay: number, by: number }} Frame from map units to a canvas's pixels */
/**
 * @typedef {{
 *   radius: number, opacity: number, colours: Uint32Array, lit: Uint8Array | null, wanted: 0 | 1, step: number
 * }} Style
 * colours: 256 packed ones; lit: by point; only points whose bit is `wanted` are drawn; step: every so many-th point
 * is drawn
 */

/**
 * A soft disc at each place within a pixel.
 * @param {number} radius @param {number} opacity @param {number} stride @returns {Disc[]}
 */
function discsOf(radius, opacity, stride) {
  const reach = Math.ceil(radius + 0.5);
  return Array.from({ length: WITHIN * WITHIN }, (_, place) => {
    const [fx, fy] = [((place % WITHIN) + 0.5) / WITHIN, (Math.floor(place / WITHIN) + 0.5) / WITHIN];
    /** @type {number[]} */
    const at = [];
    /** @type {number[]} */
    const cover = [];
    for (let y = -reach; y <= reach; y++) {
      for (let x = -reach; x <= reach; x++) {
        const inside = clamp(radius + 0.5 - Math.hypot(x + 0.5 - fx, y + 0.5 - fy));
        if (inside < 0.02) continue;
        at.push(y * stride + x);
        cover.push(Math.round(256 * inside * opacity));
      }
    }
    return { at: Int32Array.from(at), cover: Int32Array.from(cover) };
  });
}

/**
 * One packed colour over another, a of 256 of it; red and blue at once.
 * @param {number} below @param {number} over @param {number} a
 */
function blended(below, over, a) {
  const redBlue = ((Math.imul(below & 0xff00ff, 256 - a) + Math.imul(over & 0xff00ff, a)) >>> 8) & 0xff00ff;
  const green = ((Math.imul(below & 0x00ff00, 256 - a) + Math.imul(over & 0x00ff00, a)) >>> 8) & 0x00ff00;
  return 0xff000000 | redBlue | green;
}

export class Raster {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.image = /** @type {ImageData | null} */ (null);
    this.pixels = new Uint32Array();
    this.stride = 0;
    this.discs = /** @type {Map<string, Disc[]>} */ (new Map());
    // The pixels are written by hand, so the canvas is kept where they are written.
    this.ctx = context(canvas, { willReadFrequently: true });
  }

  /** @param {number} width @param {number} height */
  resize(width, height) {
    if (this.canvas.width === width && this.canvas.height === height) return;
    Object.assign(this.canvas, { width, height });
    this.image = null;
  }

  /** Begin a frame on one colour, or on what was drawn into the canvas before. @param {Rgb} paper */
  begin(paper, drawn = false) {
    const { width, height } = this.canvas;
    const [w, h] = [width + 2 * PADDING, height + 2 * PADDING];
    if (!this.image || this.stride !== w) {
      this.image = new ImageData(w, h);
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.stride = w;
      this.discs = new Map();
    }
    if (!drawn) this.pixels.fill(packed(paper));
    else this.image.data.set(this.ctx.getImageData(-PADDING, -PADDING, w, h).data);
  }

  end() {
    this.ctx.setTransform(1, 0, 0, 1, 0, 0);
    if (this.image) this.ctx.putImageData(this.image, -PADDING, -PADDING);
  }

  /** @param {number} radius @param {number} opacity */
  stamp(radius, opacity) {
    const key = `${radius.toFixed(2)} ${opacity.toFixed(2)}`;
    const known = this.discs.get(key);
    if (known) return known;
    if (this.discs.size > 40) this.discs.clear();
    const discs = discsOf(radius, opacity, this.stride);
    this.discs.set(key, discs);
    return discs;
  }

  /** Blend discs for the points of one lot. @param {Lot} lot @param {Frame} frame @param {Style} style */
  points({ points, count, shades }, frame, { radius, opacity, colours, lit, wanted, step }) {
    const { pixels, stride } = this;
    const discs = this.stamp(radius, opacity);
    const { ax, bx, ay, by } = frame;
    const [right, below] = [stride - 2 * PADDING + radius, this.height - 2 * PADDING + radius];
    for (let i = 0; i < count; i += step) {
      if (lit !== null && lit[i] !== wanted) continue;
      const x = ax * points[2 * i] + bx;
      const y = ay * points[2 * i + 1] + by;
      if (!(x > -radius && y > -radius && x < right && y < below)) continue;
      const [left, top] = [Math.floor(x), Math.floor(y)];
      const place = ((WITHIN * (y - top)) | 0) * WITHIN + ((WITHIN * (x - left)) | 0);
      const { at, cover } = discs[place];
      const colour = colours[shades[i]];
      const middle = (top + PADDING) * stride + left + PADDING;
      for (let k = 0; k < at.length; k++) {
        const where = middle + at[k];
        pixels[where] = blended(pixels[where], colour, cover[k]);
      }
    }
  }

  get height() {
    return this.image?.height ?? 0;
  }

  /**
   * A digit, 784 bytes, in its colour on a veil of the page's, its middle at (x, y), `size` pixels wide.
   * @param {Uint8Array} grey @param {number} x @param {number} y @param {number} size
   * @param {number} colour @param {number} paper @param {number} veil of 256
   */
  tile(grey, x, y, size, colour, paper, veil) {
    const { pixels, stride } = this;
    const [left, top] = [Math.round(x - size / 2), Math.round(y - size / 2)];
    const { height } = this;
    for (let row = 0; row < size; row++) {
      const line = top + row + PADDING;
      if (line < 0 || line >= height) continue;
      const from = SIDE * Math.floor((row * SIDE) / size);
      for (let column = 0; column < size; column++) {
        const across = left + column + PADDING;
        if (across < 0 || across >= stride) continue;
        const where = line * stride + across;
        const ink = grey[from + Math.floor((column * SIDE) / size)];
        const ground = veil ? blended(pixels[where], paper, veil) : pixels[where];
        pixels[where] = ink ? blended(ground, colour, ink + (ink >> 7)) : ground;
      }
    }
  }
}
