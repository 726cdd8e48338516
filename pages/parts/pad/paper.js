// @ts-check
// The canvas that the ink is on: finished strokes on a layer of their own, so that only the one being drawn is painted
// while the pen moves.

import { paintStroke } from "./brush.js";
import { context, node } from "../web/dom.js";

/** @import { Stroke } from "./strokes.js" */

const FAINT = 0.15; // what a replay has not come to yet

export class Paper {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.color = "";
    this.layer = node("canvas");
    this.painted = /** @type {{ strokes: Stroke[], width: number } | null} */ (null); // what is on the layer
  }

  /** The size or the colours may be others now. */
  measure() {
    const side = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
    this.color = getComputedStyle(this.canvas).color;
    this.painted = null;
  }

  /**
   * @param {Stroke[]} still strokes that stay as they are @param {Stroke[]} now those painted over them
   * @param {number} width @param {boolean} faint whether the still ones are
   */
  paint(still, now, width, faint) {
    if (!this.color) return;
    const side = this.canvas.width;
    this.paintLayer(still, width, side);
    const ctx = context(this.canvas);
    ctx.clearRect(0, 0, side, side);
    ctx.globalAlpha = faint ? FAINT : 1;
    if (side) ctx.drawImage(this.layer, 0, 0);
    ctx.globalAlpha = 1;
    Object.assign(ctx, { strokeStyle: this.color, lineCap: "round", lineJoin: "round" });
    for (const stroke of now) paintStroke(ctx, stroke, side, width);
  }

  /** @param {Stroke[]} strokes @param {number} width @param {number} side */
  paintLayer(strokes, width, side) {
    const key = this.painted;
    if (key && key.strokes === strokes && key.width === width) return;
    this.painted = { strokes, width };
    this.layer.width = this.layer.height = side; // empties it, too
    const ctx = context(this.layer);
    Object.assign(ctx, { strokeStyle: this.color, lineCap: "round", lineJoin: "round" });
    for (const stroke of strokes) paintStroke(ctx, stroke, side, width);
  }
}
