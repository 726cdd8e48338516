// The whole pad from the keyboard: a cursor that the arrow keys move, and a key for each tool.

const STEP = 0.025; // pad units a press moves
const FINE = 0.005;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const WIDER = 0.01; // pad units

class Keys {
  // teach(digit): say what the drawing is meant to be.
  constructor(root, ink, pen, teach) {
    const find = (name) => root.querySelector(`.${name}`);
    Object.assign(this, { ink, pen, teach, canvas: find("canvas"), cursor: find("cursor"), brush: find("brush") });
    this.at = [0.5, 0.5];
    this.down = false; // whether the cursor holds the pen down
    this.listening = new AbortController();
    const on = (target, type, job) => target.addEventListener(type, job, { signal: this.listening.signal });
    on(this.canvas, "keydown", (event) => this.answer(event, this.tool(event) ?? this.history(event)));
    on(find("tools"), "keydown", (event) => this.answer(event, this.history(event)));
    on(this.canvas, "blur", () => this.lift());
    on(this.canvas, "pointerdown", () => (this.down = false));
    this.show();
  }

  close() {
    this.listening.abort();
  }

  answer(event, job) {
    if (!job || this.pen.pointer !== null) return;
    event.preventDefault();
    event.stopPropagation(); // the page has shortcuts of its own
    job();
    this.show();
  }

  history(event) {
    if (!event.ctrlKey && !event.metaKey) return null;
    const key = event.key.toLowerCase();
    if (key === "y" || (key === "z" && event.shiftKey)) return () => this.ink.redo();
    return key === "z" ? () => this.ink.undo() : null;
  }

  tool(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return null;
    const { key } = event;
    if (ARROWS[key]) return () => this.go(ARROWS[key], event.shiftKey ? FINE : STEP);
    if (/^[0-9]$/.test(key)) return () => !event.repeat && this.teach(Number(key));
    const widen = (by) => () => this.ink.setWidth(this.clamp(this.ink.width + by));
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

  // Whatever replaces the drawing takes the pen off it.
  change(job) {
    this.lift();
    job();
  }

  clamp(width) {
    return Math.min(Number(this.brush.max), Math.max(Number(this.brush.min), Math.round(1000 * width) / 1000));
  }

  go([dx, dy], step) {
    this.at = [this.at[0] + dx * step, this.at[1] + dy * step].map((v) => Math.min(1, Math.max(0, v)));
    if (this.down) this.ink.add(...this.at);
  }

  press() {
    this.ink.begin(...this.at);
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
