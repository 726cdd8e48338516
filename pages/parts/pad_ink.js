// The ink: strokes on a canvas, drawn with mouse, finger, pen or keyboard. It tells its owner when they change and when the pen rests.

const STORED = "digitlab-drawing";
const CLOSEST = 0.003; // pad units between two points that are worth keeping: about a pixel
const MOST_POINTS = 12000; // what one message can hold
const MOST_STROKES = 500; // what core/ink.py takes
const SETTLED = 250; // ms after the pen came up until the page's other parts get the drawing

class Ink {
  // changed: the drawing is another one; settled: and the pen rests.
  constructor(root, { changed, settled }) {
    const find = (name) => root.querySelector(`.${name}`);
    Object.assign(this, { owner: { changed, settled }, lab: find("lab"), canvas: find("canvas"), cursor: find("cursor") });
    Object.assign(this, { undoButton: find("undo"), clearButton: find("clear"), brush: find("brush") });
    this.strokes = [];
    this.width = Number(this.brush.value);
    this.stamp = 0; // when the drawing last changed: the newest of several copies wins
    this.cleared = null; // what Undo brings back after Clear
    this.pen = { x: 0.5, y: 0.5, pointer: null, down: false };
    this.listening = new AbortController();
    this.recall();
    this.listen(this.listening.signal);
  }

  close() {
    this.finish();
    this.keep();
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.listening.abort();
    this.watcher.disconnect();
  }

  adopt({ strokes, width, stamp }) {
    Object.assign(this, { strokes, width, stamp, cleared: null });
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

  drawing() {
    return { strokes: this.strokes, width: this.width, stamp: this.stamp };
  }

  changed() {
    this.stamp = Date.now();
    this.redraw();
    this.owner.changed();
  }

  settle() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.pen.down) return;
      this.keep();
      this.owner.settled();
    }, SETTLED);
  }

  points() {
    return this.strokes.reduce((sum, stroke) => sum + stroke.length, 0);
  }

  full() {
    return this.strokes.length >= MOST_STROKES || this.points() >= MOST_POINTS;
  }

  begin(x, y) {
    if (this.full()) return;
    this.cleared = null;
    this.pen.down = true;
    this.strokes.push([]);
    this.add(x, y);
  }

  add(x, y) {
    const stroke = this.strokes.at(-1);
    const at = [x, y].map((v) => Math.round(1e4 * Math.min(1, Math.max(0, v))) / 1e4);
    const last = stroke.at(-1);
    if (last && Math.hypot(at[0] - last[0], at[1] - last[1]) < CLOSEST) return;
    if (last && this.points() >= MOST_POINTS) return;
    stroke.push(at);
    this.changed();
  }

  finish() {
    if (!this.pen.down) return;
    this.pen.down = false;
    this.pen.pointer = null;
    this.changed();
    this.settle();
  }

  undo() {
    this.finish();
    if (this.cleared) [this.strokes, this.cleared] = [this.cleared, null];
    else if (!this.strokes.pop()) return;
    this.changed();
    this.settle();
  }

  clear() {
    this.finish();
    if (!this.strokes.length) return;
    [this.cleared, this.strokes] = [this.strokes, []];
    this.changed();
    this.settle();
  }

  redraw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  draw() {
    const side = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
    const ctx = this.canvas.getContext("2d");
    ctx.clearRect(0, 0, side, side);
    ctx.strokeStyle = getComputedStyle(this.canvas).color;
    ctx.lineWidth = this.width * side;
    ctx.lineCap = ctx.lineJoin = "round";
    for (const stroke of this.strokes) {
      const at = stroke.map(([x, y]) => [x * side, y * side]);
      ctx.beginPath();
      ctx.moveTo(...at[0]);
      // Quadratics through the midpoints make a smooth line of the points the pointer was seen at.
      for (let i = 1; i < at.length - 1; i++) {
        ctx.quadraticCurveTo(...at[i], (at[i][0] + at[i + 1][0]) / 2, (at[i][1] + at[i + 1][1]) / 2);
      }
      ctx.lineTo(...at.at(-1));
      ctx.stroke();
    }
    this.lab.classList.toggle("blank", !this.strokes.length);
    this.lab.classList.toggle("full", this.full());
    this.undoButton.disabled = !this.strokes.length && !this.cleared;
    this.clearButton.disabled = !this.strokes.length;
    this.cursor.style.left = `${100 * this.pen.x}%`;
    this.cursor.style.top = `${100 * this.pen.y}%`;
    this.cursor.classList.toggle("down", this.pen.down);
  }

  listen(signal) {
    const { canvas } = this;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    const on = (target, type, job) => target.addEventListener(type, job, { signal });
    on(canvas, "pointerdown", (event) => {
      if (event.button !== 0 || this.pen.pointer !== null) return;
      this.finish();
      canvas.setPointerCapture(event.pointerId);
      this.pen.pointer = event.pointerId;
      this.begin(...place(event));
    });
    on(canvas, "pointermove", (event) => {
      if (!this.pen.down || event.pointerId !== this.pen.pointer) return;
      const seen = event.getCoalescedEvents?.() ?? [];
      for (const one of seen.length ? seen : [event]) this.add(...place(one));
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      on(canvas, end, (event) => {
        if (event.pointerId !== this.pen.pointer) return;
        this.finish();
        this.pen.pointer = null;
      });
    }
    on(canvas, "keydown", (event) => this.press(event));
    on(canvas, "blur", () => this.pen.pointer === null && this.finish());
    on(this.undoButton, "click", () => this.undo());
    on(this.clearButton, "click", () => this.clear());
    on(this.brush, "input", () => {
      this.width = Number(this.brush.value);
      this.changed();
      this.settle();
    });
    this.watcher = new ResizeObserver(() => this.redraw());
    this.watcher.observe(canvas);
  }

  press(event) {
    if (this.pen.pointer !== null) return;
    const step = event.shiftKey ? 0.005 : 0.025;
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
    if (dx || dy) {
      this.pen.x = Math.min(1, Math.max(0, this.pen.x + dx * step));
      this.pen.y = Math.min(1, Math.max(0, this.pen.y + dy * step));
      if (this.pen.down) this.add(this.pen.x, this.pen.y);
    } else if (event.key === " ") {
      if (this.pen.down) this.finish();
      else this.begin(this.pen.x, this.pen.y);
    } else if (event.key === "z" && (event.ctrlKey || event.metaKey)) {
      this.undo();
    } else if (event.key === "Delete") {
      this.clear();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation(); // the page has shortcuts of its own
    this.redraw();
  }
}
