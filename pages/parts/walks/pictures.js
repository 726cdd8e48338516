// @ts-check
// Many pictures on one canvas side by side, with gaps the background shows through unless they are dense.

import { context, node } from "../web/dom.js";
import { PICTURE, pictureOf, pixelsOf, SIDE } from "../web/pixels.js";

export class Pictures {
  /** @param {number} columns @param {number} count */
  constructor(columns, count, className = "") {
    this.columns = columns;
    this.count = count;
    this.pitch = className === "dense" ? SIDE : SIDE + 1;
    this.canvas = node("canvas", `pictures ${className}`);
    this.canvas.width = columns * this.pitch - (this.pitch - SIDE);
    this.canvas.height = Math.ceil(count / columns) * this.pitch - (this.pitch - SIDE);
    this.ctx = context(this.canvas);
    this.pixels = new ImageData(SIDE, SIDE);
  }

  /** @param {Uint8Array} images bytes of pictures; the first becomes the one at `place` */
  paint(images, place = 0) {
    const { pixels, columns, pitch } = this;
    for (let i = 0; (i + 1) * PICTURE <= images.length && place + i < this.count; i += 1) {
      const column = (place + i) % columns, row = Math.floor((place + i) / columns);
      this.ctx.putImageData(pixelsOf(pictureOf(images, i), pixels), column * pitch, row * pitch);
    }
  }

  /** The number of the picture below a pointer. @param {MouseEvent} event */
  at(event) {
    const box = this.canvas.getBoundingClientRect(), rows = Math.ceil(this.count / this.columns);
    const column = Math.floor(((event.clientX - box.left) / box.width) * this.columns);
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
    const inside = column >= 0 && column < this.columns && row >= 0 && row < rows;
    const place = row * this.columns + column;
    return inside && place < this.count ? place : null;
  }
}

