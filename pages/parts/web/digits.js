// @ts-check
// The digits of a data set by their row, from sheets of a thousand that are fetched as they are needed and kept, within
// bounds.

import { context, node, rooted } from "./dom.js";
import { PICTURE, SIDE } from "./pixels.js";

/** @import { SheetLayout } from "./types.js" */

const KEPT = 72; // sheets, 784 KB each
const AT_ONCE = 3;
const AGAIN = 5000; // ms until a sheet that did not come is asked for again

export class Digits {
  /**
   * @param {string} dataset @param {number} testCount rows of test digits, which come before the training digits
   * @param {SheetLayout} sheet @param {() => void} arrived a sheet has come, or failed to
   */
  constructor(dataset, testCount, sheet, arrived) {
    this.dataset = dataset;
    this.testCount = testCount;
    this.sheet = sheet;
    this.arrived = arrived;
    this.closed = false;
    /** @type {Map<string, Uint8Array>} */
    this.sheets = new Map(); // name -> the grey values of all its digits, the one used last at the end
    this.failed = /** @type {Map<string, number>} */ (new Map()); // name -> when
    this.queue = /** @type {string[]} */ ([]);
    this.loading = /** @type {Set<string>} */ (new Set());
  }

  /** The 784 grey values of a digit, or null while its sheet is on the way. @param {number} row */
  grey(row) {
    const test = row < this.testCount;
    const index = test ? row : row - this.testCount;
    const name = `${test ? "test" : "train"}/${Math.floor(index / this.sheet.digits)}`;
    const sheet = this.sheets.get(name);
    if (!sheet) return this.want(name);
    this.sheets.delete(name);
    this.sheets.set(name, sheet);
    const from = PICTURE * (index % this.sheet.digits);
    return sheet.subarray(from, from + PICTURE);
  }

  /** Ask for a sheet; the one asked for last comes first. @param {string} name */
  want(name) {
    if (this.loading.has(name) || performance.now() - (this.failed.get(name) ?? -Infinity) < AGAIN) return null;
    this.queue = [...this.queue.filter((other) => other !== name), name].slice(-KEPT / 2);
    this.pump();
    return null;
  }

  pump() {
    while (this.loading.size < AT_ONCE && this.queue.length && !this.closed) {
      const name = /** @type {string} */ (this.queue.pop());
      this.loading.add(name);
      this.load(name)
        .then((sheet) => this.keep(name, sheet))
        .catch(() => this.failed.set(name, performance.now()))
        .finally(() => {
          this.loading.delete(name);
          if (this.closed) return;
          this.pump();
          this.arrived();
        });
    }
  }

  /** @param {string} name @param {Uint8Array} sheet */
  keep(name, sheet) {
    this.sheets.set(name, sheet);
    const [oldest] = this.sheets.keys();
    if (this.sheets.size > KEPT) this.sheets.delete(oldest);
  }

  /** @param {string} name */
  async load(name) {
    const reply = await fetch(rooted(`digitlab/sprites/${encodeURIComponent(this.dataset)}/${name}.png`));
    if (!reply.ok) throw new Error(`status ${reply.status}`);
    const picture = await createImageBitmap(await reply.blob());
    const { width, height } = picture;
    const ctx = context(Object.assign(node("canvas"), { width, height }), { willReadFrequently: true });
    ctx.drawImage(picture, 0, 0);
    picture.close();
    return unpacked(ctx.getImageData(0, 0, width, height), this.sheet);
  }

  close() {
    this.closed = true;
    this.queue = [];
  }
}

/** The tiles of a sheet one after the other. @param {ImageData} image @param {SheetLayout} layout */
export function unpacked({ data, width }, { digits, columns }) {
  const grey = new Uint8Array(digits * PICTURE);
  for (let digit = 0, to = 0; digit < digits; digit++) {
    const corner = SIDE * (Math.floor(digit / columns) * width + (digit % columns));
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0, from = 4 * (corner + y * width); x < SIDE; x++, from += 4) grey[to++] = data[from];
    }
  }
  return grey;
}
