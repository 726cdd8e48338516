// @ts-check
// The ink: strokes on a canvas, their history, and the canvas itself. It tells its owner when they change and when the
// pen rests.

import { Paper } from "./paper.js";
import { CLOSEST, inkLength, pointLength, prefix, rubbed } from "./strokes.js";
import { clamp, find, listen } from "../web/dom.js";

/** @import { Point, Stroke } from "./strokes.js" */

const STORED = "digitlab-drawing";
const MOST_POINTS = 10000; // what one message can hold
const MOST_STEPS = 200; // changes that can be undone
const SETTLED = 250; // ms after the pen came up until the page's other parts get the drawing

/** @typedef {{ strokes: Stroke[], width: number, brush: number }} State brush: as it is set; a picture has its own width */
/**
 * @typedef {{ strokes: Stroke[], width: number, stamp: number, brush?: number }} Drawing
 * stamp: when it last changed, the newest of several copies wins
 */

export class Ink {
  /**
   * changed: what is shown is another drawing; settled: and the pen rests.
   * @param {ParentNode} root @param {number} mostStrokes @param {{ changed: () => void, settled: () => void }} owner
   */
  constructor(root, mostStrokes, owner) {
    this.owner = owner;
    this.mostStrokes = mostStrokes;
    this.lab = find(root, ".lab");
    this.canvas = find(root, ".canvas", HTMLCanvasElement);
    this.brush = find(root, ".brush", HTMLInputElement);
    this.undoButton = find(root, ".undo", HTMLButtonElement);
    this.redoButton = find(root, ".redo", HTMLButtonElement);
    this.clearButton = find(root, ".clear", HTMLButtonElement);
    this.eraserButton = find(root, ".eraser", HTMLButtonElement);
    /** @type {Stroke[]} */
    this.strokes = []; // a stroke is never changed once its pen is up, so steps of the history share them
    this.width = this.brushWidth = Number(this.brush.value);
    this.stamp = 0;
    this.guest = false; // what is on the pad is nobody's drawing: it is not kept, and goes when somebody draws
    this.fraction = 1; // of the ink, which is shown
    this.past = /** @type {State[]} */ ([]);
    this.future = /** @type {State[]} */ ([]);
    this.before = /** @type {State | null} */ (null); // while the pen is down: the drawing it began from
    this.rubbing = /** @type {Point | null} */ (null); // while the eraser is down: where it is
    this.sliding = /** @type {State | null} */ (null); // while the width changes: the drawing from before
    this.erasing = false;
    this.paper = new Paper(this.canvas);
    this.frame = /** @type {number | null} */ (null);
    this.timer = 0;
    this.showWidth(this.width);
    this.recall();
    this.watcher = new ResizeObserver(() => this.measure());
    this.watcher.observe(this.canvas);
    this.listening = new AbortController();
    this.listenToTools();
  }

  close() {
    this.finish();
    this.keep();
    clearTimeout(this.timer);
    if (this.frame) cancelAnimationFrame(this.frame);
    this.listening.abort();
    this.watcher.disconnect();
  }

  // ---- the drawing

  get down() {
    return this.before !== null;
  }

  /** What is asked about and painted strongly: all of it, unless it is being replayed. */
  get shown() {
    return prefix(this.strokes, this.fraction);
  }

  get rubber() {
    return 0.6 * this.width + 0.012; // the eraser's radius, pad units
  }

  length() {
    return inkLength(this.strokes);
  }

  /** @returns {Drawing} */
  drawing() {
    return { strokes: this.strokes, width: this.width, stamp: this.stamp, brush: this.brushWidth };
  }

  /** A copy of what is shown that stays as it is while the pen goes on. */
  snapshot() {
    const shown = this.shown;
    return this.down ? shown.map((stroke, i) => (i === shown.length - 1 ? stroke.slice() : stroke)) : shown;
  }

  /** @param {number} fraction */
  scrub(fraction) {
    this.finish();
    this.fraction = clamp(fraction);
    this.redraw();
    this.owner.changed();
  }

  points() {
    return this.strokes.reduce((sum, stroke) => sum + stroke.length, 0);
  }

  full() {
    return this.strokes.length >= this.mostStrokes || this.points() >= MOST_POINTS;
  }

  // ---- the pen: it draws, or rubs out

  /** @param {number} x @param {number} y @param {number} [w] how wide the line is here, for pens that feel pressure */
  begin(x, y, w, rub = this.erasing) {
    this.finish();
    if (!rub && this.full()) return;
    this.before = this.state();
    this.rubbing = rub ? [x, y] : null;
    if (!rub) this.strokes = [...this.strokes, []];
    this.add(x, y, w);
  }

  /** @param {number} x @param {number} y @param {number} [w] */
  add(x, y, w) {
    const at = [x, y].map((v) => Math.round(1e4 * clamp(v)) / 1e4);
    if (this.rubbing) return this.rub(this.rubbing, at);
    const stroke = this.strokes[this.strokes.length - 1];
    const last = stroke.at(-1);
    if (last?.length === 3) at.push(Math.round(100 * (w === undefined ? last[2] : (last[2] + w) / 2)) / 100);
    else if (!last && w !== undefined) at.push(Math.round(100 * w) / 100);
    if (last && pointLength(at, last) < CLOSEST) {
      if (!(at[2] > last[2])) return;
      last[2] = at[2]; // pressed harder on one place
    } else if (last && this.points() >= MOST_POINTS) return;
    else stroke.push(at);
    this.changed();
  }

  /** @param {Point} from @param {Point} at */
  rub(from, at) {
    const left = rubbed(this.strokes, this.width, from, at, this.rubber);
    this.rubbing = at;
    if (left.length > this.mostStrokes) return;
    if (left.length === this.strokes.length && left.every((stroke, i) => stroke === this.strokes[i])) return;
    this.strokes = left;
    this.changed();
  }

  finish() {
    this.dismiss();
    const { before } = this;
    if (!before) return;
    this.before = null;
    if (before.strokes !== this.strokes) this.remember(before);
    this.changed();
    this.settle();
  }

  /** Take back what the pen did since it came down, as if it had never been. */
  cancel() {
    const { before } = this;
    if (!before) return;
    this.before = null;
    this.restore(before);
  }

  // ---- changes as a whole, and their history

  clear() {
    this.finish();
    if (this.strokes.length) this.replace([], this.brushWidth);
  }

  /** @param {Stroke[]} strokes @param {number} width of their lines; the brush that draws next stays as it is */
  replace(strokes, width) {
    this.finish();
    this.remember(this.state());
    this.restore({ strokes, width, brush: this.brushWidth });
  }

  /** Show strokes that are nobody's, where there are none. @param {Stroke[]} strokes */
  lend(strokes) {
    if (this.down || (this.strokes.length && !this.guest)) return false;
    this.guest = true;
    this.strokes = strokes;
    this.redraw();
    this.owner.changed();
    return true;
  }

  dismiss() {
    if (!this.guest) return;
    this.guest = false;
    this.strokes = [];
    this.redraw();
    this.owner.changed();
  }

  undo() {
    this.finish();
    this.step(this.past, this.future);
  }

  redo() {
    this.finish();
    this.step(this.future, this.past);
  }

  /** @param {State[]} from @param {State[]} to */
  step(from, to) {
    const next = from.pop();
    if (!next) return;
    to.push(this.state());
    this.restore(next);
  }

  /** @returns {State} */
  state() {
    return { strokes: this.strokes, width: this.width, brush: this.brushWidth };
  }

  /** @param {State} state */
  remember(state) {
    this.past.push(state);
    if (this.past.length > MOST_STEPS) this.past.shift();
    this.future = [];
  }

  /** @param {State} state */
  restore({ strokes, width, brush }) {
    this.strokes = strokes;
    this.brushWidth = brush;
    this.showWidth(width);
    this.changed();
    this.settle();
  }

  changed() {
    this.stamp = Math.max(Date.now(), this.stamp + 1); // the server's clock, of a drawing it has put here, may be ahead
    this.fraction = 1;
    this.redraw();
    this.owner.changed();
  }

  settle() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.rest(), SETTLED);
  }

  rest() {
    clearTimeout(this.timer);
    if (this.down) return;
    this.keep();
    this.owner.settled();
  }

  // ---- other copies of the drawing

  /** How the drawing came about is not known, so each stroke is a step that can be undone. @param {Drawing} drawing */
  adopt({ strokes, width, stamp, brush = width }) {
    this.past = strokes.map((_, i) => ({ strokes: strokes.slice(0, i), width, brush })).slice(-MOST_STEPS);
    this.future = [];
    this.guest = false;
    this.strokes = strokes;
    this.brushWidth = brush;
    this.showWidth(width);
    this.stamp = stamp;
    this.fraction = 1;
  }

  /** @param {number} width */
  showWidth(width) {
    this.width = width;
    this.brush.value = String(width);
    this.brush.ariaValueText = `${Math.round(1000 * width) / 10} % of the pad`;
  }

  recall() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(STORED) ?? "null");
      if (Array.isArray(kept?.strokes) && kept.width > 0) this.adopt(kept);
    } catch {
      this.stamp = 0; // storage is blocked or holds something else: start with an empty pad
    }
  }

  keep() {
    if (this.guest) return;
    try {
      sessionStorage.setItem(STORED, JSON.stringify(this.drawing()));
    } catch {
      // blocked or full: the page still has the drawing
    }
  }

  // ---- the canvas

  /** The size or the colours may be others now. */
  measure() {
    this.paper.measure();
    this.redraw();
  }

  redraw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  draw() {
    const began = this.rubbing ? null : this.before; // null also while nothing is drawn
    const now = began ? this.strokes.slice(-1) : this.fraction < 1 ? this.shown : [];
    this.paper.paint(began ? began.strokes : this.strokes, now, this.width, this.fraction < 1);
    this.lab.classList.toggle("blank", !this.strokes.length);
    this.lab.classList.toggle("guest", this.guest);
    this.lab.classList.toggle("full", this.full());
    this.undoButton.disabled = !this.past.length && !began;
    this.redoButton.disabled = !this.future.length;
    this.clearButton.disabled = !this.strokes.length;
  }

  // ---- the tools below the pad

  listenToTools() {
    const { signal } = this.listening;
    listen(window, "pagehide", () => this.keep(), signal); // a reload may be faster than the pen comes to rest
    listen(this.undoButton, "click", () => this.undo(), signal);
    listen(this.redoButton, "click", () => this.redo(), signal);
    listen(this.clearButton, "click", () => this.clear(), signal);
    listen(this.eraserButton, "click", () => this.useEraser(!this.erasing), signal);
    listen(this.brush, "input", () => this.setWidth(Number(this.brush.value)), signal);
    listen(this.brush, "change", () => (this.sliding = null), signal); // however far it was moved, it was one step
  }

  /** @param {number} width */
  setWidth(width) {
    this.finish();
    if (!this.sliding || this.past.at(-1) !== this.sliding) this.remember((this.sliding = this.state()));
    this.restore({ strokes: this.strokes, width, brush: width });
  }

  /** @param {boolean} erasing */
  useEraser(erasing) {
    this.finish();
    this.erasing = erasing;
    this.eraserButton.ariaPressed = String(erasing);
    this.lab.classList.toggle("erasing", erasing);
    this.redraw();
  }
}
