// @ts-check
// The whole pad from the keyboard: a cursor that the arrow keys move, and a key for each tool.

import { clamp, find, listen } from "../web/dom.js";

/** @import { Ink } from "./ink.js" */
/** @import { Pen } from "./pen.js" */

const STEP = 0.025; // pad units a press moves
const FINE = 0.005;
/** @type {Record<string, number[]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const WIDER = 0.01; // pad units

export class Keys {
  /**
   * teach: say what the drawing is meant to be.
   * @param {ParentNode} root @param {Ink} ink @param {Pen} pen @param {(digit: number) => void} teach
   */
  constructor(root, ink, pen, teach) {
    this.ink = ink;
    this.pen = pen;
    this.teach = teach;
    const canvas = find(root, ".canvas");
    this.cursor = find(root, ".cursor");
    this.brush = find(root, ".brush", HTMLInputElement);
    this.at = [0.5, 0.5];
    this.down = false; // whether the cursor holds the pen down
    this.listening = new AbortController();
    const { signal } = this.listening;
    listen(canvas, "keydown", (event) => this.answer(event, this.tool(event) ?? this.history(event)), signal);
    listen(find(root, ".tools"), "keydown", (event) => this.answer(event, this.history(event)), signal);
    listen(canvas, "blur", () => this.lift(), signal);
    listen(canvas, "pointerdown", () => (this.down = false), signal);
    this.show();
  }

  close() {
    this.listening.abort();
  }

  /** @param {KeyboardEvent} event @param {(() => void) | null} job */
  answer(event, job) {
    if (!job || this.pen.pointer !== null) return;
    event.preventDefault();
    event.stopPropagation(); // the page has shortcuts of its own
    job();
    this.show();
  }

  /** @param {KeyboardEvent} event */
  history(event) {
    if (!event.ctrlKey && !event.metaKey) return null;
    const key = event.key.toLowerCase();
    if (key === "y" || (key === "z" && event.shiftKey)) return () => this.ink.redo();
    return key === "z" ? () => this.ink.undo() : null;
  }

  /** @param {KeyboardEvent} event */
  tool(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return null;
    const { key } = event;
    if (ARROWS[key]) return () => this.go(ARROWS[key], event.shiftKey ? FINE : STEP);
    if (/^[0-9]$/.test(key)) return () => !event.repeat && this.teach(Number(key));
    const widen = (/** @type {number} */ by) => () => this.ink.setWidth(this.clamp(this.ink.width + by));
    /** @type {Record<string, () => void>} */
    const jobs = {
      " ": () => !event.repeat && (this.down ? this.lift() : this.press()),
      e: () => this.change(() => this.ink.useEraser(!this.ink.erasing)),
      z: () => this.change(() => (event.shiftKey ? this.ink.redo() : this.ink.undo())),
      y: () => this.change(() => this.ink.redo()),
      delete: () => this.change(() => this.ink.clear()),
      "+": widen(WIDER),
      "=": widen(WIDER),
      "-": widen(-WIDER),
    };
    return jobs[key.toLowerCase()] ?? null;
  }

  /** Whatever replaces the drawing takes the pen off it. @param {() => void} job */
  change(job) {
    this.lift();
    job();
  }

  /** @param {number} width */
  clamp(width) {
    return clamp(Math.round(1000 * width) / 1000, Number(this.brush.min), Number(this.brush.max));
  }

  /** @param {number[]} direction @param {number} step */
  go([dx, dy], step) {
    this.at = [clamp(this.at[0] + dx * step), clamp(this.at[1] + dy * step)];
    if (this.down) this.ink.add(this.at[0], this.at[1]);
  }

  press() {
    this.ink.begin(this.at[0], this.at[1]);
    this.down = this.ink.down;
  }

  lift() {
    if (this.down) this.ink.finish();
    this.down = false;
    this.show();
  }

  show() {
    const side = this.ink.erasing ? `${200 * this.ink.rubber}%` : "";
    const [left, top] = this.at.map((v) => `${100 * v}%`);
    Object.assign(this.cursor.style, { left, top, width: side, height: side });
    this.cursor.classList.toggle("down", this.down);
    this.cursor.classList.toggle("rubs", this.ink.erasing);
  }
}
