// The ink: strokes on a canvas, their history, and the canvas itself. It tells its owner when they change and when the
// pen rests.

const STORED = "digitlab-drawing";
const MOST_POINTS = 10000; // what one message can hold
const MOST_STROKES = 500; // what core/ink/render.py takes
const MOST_STEPS = 200; // changes that can be undone
const SETTLED = 250; // ms after the pen came up until the page's other parts get the drawing

class Ink {
  // changed: what is shown is another drawing; settled: and the pen rests.
  constructor(root, owner) {
    const find = (name) => root.querySelector(`.${name}`);
    Object.assign(this, { owner, lab: find("lab"), canvas: find("canvas"), brush: find("brush") });
    Object.assign(this, { undoButton: find("undo"), redoButton: find("redo") });
    Object.assign(this, { clearButton: find("clear"), eraserButton: find("eraser") });
    this.strokes = []; // a stroke is never changed once its pen is up, so steps of the history share them
    this.width = Number(this.brush.value);
    this.stamp = 0; // when the drawing last changed: the newest of several copies wins
    Object.assign(this, { fraction: 1, past: [], future: [] });
    this.before = null; // while the pen is down: the drawing it began from
    this.erasing = false;
    this.layer = document.createElement("canvas"); // all strokes but the one being drawn
    this.recall();
    this.watcher = new ResizeObserver(() => this.measure());
    this.watcher.observe(this.canvas);
    this.listening = new AbortController();
    this.listen();
  }

  close() {
    this.finish();
    this.keep();
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.listening.abort();
    this.watcher.disconnect();
  }

  // ---- the drawing

  get down() {
    return this.before !== null;
  }

  // What is asked about and painted strongly: all of it, unless it is being replayed.
  get shown() {
    return prefix(this.strokes, this.fraction);
  }

  get rubber() {
    return 0.6 * this.width + 0.012; // the eraser's radius, pad units
  }

  length() {
    return inkLength(this.strokes);
  }

  drawing() {
    return { strokes: this.strokes, width: this.width, stamp: this.stamp };
  }

  // A copy of what is shown that stays as it is while the pen goes on.
  snapshot() {
    const shown = this.shown;
    return this.down ? shown.map((stroke, i) => (i === shown.length - 1 ? stroke.slice() : stroke)) : shown;
  }

  scrub(fraction) {
    this.finish();
    this.fraction = Math.min(1, Math.max(0, fraction));
    this.redraw();
    this.owner.changed();
  }

  points() {
    return this.strokes.reduce((sum, stroke) => sum + stroke.length, 0);
  }

  full() {
    return this.strokes.length >= MOST_STROKES || this.points() >= MOST_POINTS;
  }

  // ---- the pen: it draws, or rubs out

  // w: how wide the line is here, for pens that feel pressure.
  begin(x, y, w, rub = this.erasing) {
    this.finish();
    if (!rub && this.full()) return;
    this.before = this.state();
    this.rubbing = rub && [x, y];
    if (!rub) this.strokes = [...this.strokes, []];
    this.add(x, y, w);
  }

  add(x, y, w) {
    const at = [x, y].map((v) => Math.round(1e4 * Math.min(1, Math.max(0, v))) / 1e4);
    if (this.rubbing) return this.rub(at);
    const stroke = this.strokes.at(-1);
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

  rub(at) {
    const left = rubbed(this.strokes, this.width, this.rubbing, at, this.rubber);
    this.rubbing = at;
    if (left.length > MOST_STROKES) return;
    if (left.length === this.strokes.length && left.every((stroke, i) => stroke === this.strokes[i])) return;
    this.strokes = left;
    this.changed();
  }

  finish() {
    if (!this.down) return;
    const { before } = this;
    this.before = null;
    if (before.strokes !== this.strokes) this.remember(before);
    this.changed();
    this.settle();
  }

  // Take back what the pen did since it came down, as if it had never been.
  cancel() {
    if (!this.down) return;
    const { before } = this;
    this.before = null;
    this.restore(before);
  }

  // ---- changes as a whole, and their history

  clear() {
    this.finish();
    if (this.strokes.length) this.replace([], this.width);
  }

  replace(strokes, width) {
    this.finish();
    this.remember(this.state());
    this.restore({ strokes, width });
  }

  undo() {
    this.finish();
    if (this.past.length) this.step(this.past, this.future);
  }

  redo() {
    this.finish();
    if (this.future.length) this.step(this.future, this.past);
  }

  step(from, to) {
    to.push(this.state());
    this.restore(from.pop());
  }

  state() {
    return { strokes: this.strokes, width: this.width };
  }

  remember(state) {
    this.past.push(state);
    if (this.past.length > MOST_STEPS) this.past.shift();
    this.future = [];
  }

  restore(state) {
    Object.assign(this, state);
    this.brush.value = this.width;
    this.changed();
    this.settle();
  }

  changed() {
    this.stamp = Date.now();
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

  // How the drawing came about is not known, so its strokes are the steps that can be undone.
  adopt({ strokes, width, stamp }) {
    const past = strokes.map((_, i) => ({ strokes: strokes.slice(0, i), width })).slice(-MOST_STEPS);
    Object.assign(this, { strokes, width, stamp, fraction: 1, past, future: [] });
    this.brush.value = width;
  }

  recall() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(STORED));
      if (Array.isArray(kept?.strokes) && kept.width > 0) this.adopt(kept);
    } catch {
      this.stamp = 0; // storage is blocked or holds something else: start with an empty pad
    }
  }

  keep() {
    try {
      sessionStorage.setItem(STORED, JSON.stringify(this.drawing()));
    } catch {
      this.stored = false; // blocked or full: the page still has the drawing
    }
  }

  // ---- the canvas

  // The size or the colours may be others now.
  measure() {
    const side = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
    this.color = getComputedStyle(this.canvas).color;
    this.painted = null;
    this.redraw();
  }

  redraw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (this.color) this.draw();
    });
  }

  draw() {
    const side = this.canvas.width;
    const drawing = this.down && !this.rubbing;
    const rest = drawing ? this.before.strokes : this.strokes;
    this.paintLayer(rest, side);
    const ctx = this.canvas.getContext("2d");
    ctx.clearRect(0, 0, side, side);
    ctx.globalAlpha = this.fraction < 1 ? 0.15 : 1;
    if (side) ctx.drawImage(this.layer, 0, 0);
    ctx.globalAlpha = 1;
    Object.assign(ctx, { strokeStyle: this.color, lineCap: "round", lineJoin: "round" });
    const now = drawing ? [this.strokes.at(-1)] : this.fraction < 1 ? this.shown : [];
    for (const stroke of now) paintStroke(ctx, stroke, side, this.width);
    this.lab.classList.toggle("blank", !this.strokes.length);
    this.lab.classList.toggle("full", this.full());
    this.undoButton.disabled = !this.past.length && !drawing;
    this.redoButton.disabled = !this.future.length;
    this.clearButton.disabled = !this.strokes.length;
  }

  paintLayer(strokes, side) {
    const key = this.painted;
    if (key && key.strokes === strokes && key.width === this.width) return;
    this.painted = { strokes, width: this.width };
    this.layer.width = this.layer.height = side; // empties it, too
    const ctx = this.layer.getContext("2d");
    Object.assign(ctx, { strokeStyle: this.color, lineCap: "round", lineJoin: "round" });
    for (const stroke of strokes) paintStroke(ctx, stroke, side, this.width);
  }

  // ---- the tools below the pad

  listen() {
    const on = (target, type, job) => target.addEventListener(type, job, { signal: this.listening.signal });
    on(window, "pagehide", () => this.keep()); // a reload may be faster than the pen comes to rest
    on(this.undoButton, "click", () => this.undo());
    on(this.redoButton, "click", () => this.redo());
    on(this.clearButton, "click", () => this.clear());
    on(this.eraserButton, "click", () => this.useEraser(!this.erasing));
    on(this.brush, "input", () => this.setWidth(Number(this.brush.value)));
    on(this.brush, "change", () => (this.sliding = null)); // however far it was moved, it was one step
  }

  setWidth(width) {
    this.finish();
    if (!this.sliding || this.past.at(-1) !== this.sliding) this.remember((this.sliding = this.state()));
    this.restore({ strokes: this.strokes, width });
  }

  useEraser(erasing) {
    this.finish();
    this.erasing = erasing;
    this.eraserButton.ariaPressed = String(erasing);
    this.lab.classList.toggle("erasing", erasing);
    this.redraw();
  }
}
