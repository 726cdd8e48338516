// The plane layer: what the decoder draws at every place of the view, as a grid behind the points. It is asked for when
// the view rests, from its middle outwards, and fades where no digit is near.

const PLANE_CELL = 36; // CSS pixels, more or less
const A_QUESTION = 32; // places: few enough that a moving pointer never waits long
const CELLS_KEPT = 6000; // 784 bytes each
const CELLS_SHOWN = 2500;
const AFTER_ERROR = 3000; // ms
const INK = 0.62; // of the text's colour

class Plane {
  // changed(): there is something new to draw; again(): questions can be asked again.
  constructor(changed, again) {
    Object.assign(this, { changed, again });
    this.cells = new Map(); // "level i j" -> {grey, spread}
    this.canvas = document.createElement("canvas");
    this.ctx = this.canvas.getContext("2d", { willReadFrequently: true });
    this.wanted = [];
    this.grid = null;
  }

  // Another map: nothing of the old one is shown. name: {run, method, sample}; version changes with the map.
  of(name, version) {
    const key = JSON.stringify([name, version]);
    if (key === this.key) return;
    Object.assign(this, { key, name, grid: null, wanted: [], error: "" });
    this.cells.clear();
  }

  clear() {
    this.grid = null;
    this.wanted = [];
  }

  // The view rests: lay the grid below it, paint what is known and ask for the rest.
  refresh(view, text) {
    const side = cellSide(view.scale, PLANE_CELL);
    const [left, top] = view.place(0, 0);
    const [right, bottom] = view.place(view.width, view.height);
    const [i0, j0] = [Math.floor(left / side), Math.floor(bottom / side)];
    const [wide, high] = [Math.floor(right / side) - i0 + 1, Math.floor(top / side) - j0 + 1];
    if (!(wide * high <= CELLS_SHOWN)) return this.clear();
    this.grid = { side, level: Math.round(2 * Math.log2(side)), i0, j0, wide, high };
    this.text = text;
    Object.assign(this.canvas, { width: 28 * wide, height: 28 * high });
    this.wanted = [];
    const middle = [i0 + wide / 2 - 0.5, j0 + high / 2 - 0.5];
    for (let j = j0; j < j0 + high; j++) {
      for (let i = i0; i < i0 + wide; i++) {
        const cell = this.cells.get(`${this.grid.level} ${i} ${j}`);
        if (cell) this.put(cell, i, j);
        else this.wanted.push({ i, j, away: Math.hypot(i - middle[0], j - middle[1]) });
      }
    }
    this.wanted.sort((a, b) => a.away - b.away);
    this.changed();
  }

  // What should be asked next: {question, heard(reply)}, or null.
  next() {
    if (!this.grid || !this.wanted.length || this.paused) return null;
    const { grid, key } = this;
    const asked = this.wanted.slice(0, A_QUESTION);
    const places = asked.map(({ i, j }) => [(i + 0.5) * grid.side, (j + 0.5) * grid.side]);
    return {
      question: { kind: "plane", ...this.name, places },
      heard: (reply) => key === this.key && this.hear(reply, asked, grid.level),
    };
  }

  hear(reply, asked, level) {
    if (reply.error || !reply.images) {
      this.error = reply.lost ? "" : String(reply.error ?? "").slice(0, 300);
      this.paused = true;
      this.timer = setTimeout(() => ((this.paused = false), this.again()), AFTER_ERROR);
      return this.changed();
    }
    this.error = "";
    const images = fromBase64(reply.images);
    asked.forEach(({ i, j }, at) => {
      const cell = { grey: images.slice(784 * at, 784 * at + 784), spread: Number(reply.spread?.[at]) };
      this.cells.set(`${level} ${i} ${j}`, cell);
      if (this.cells.size > CELLS_KEPT) this.cells.delete(this.cells.keys().next().value);
      if (level === this.grid?.level) this.put(cell, i, j);
    });
    const done = new Set(asked.map(({ i, j }) => `${i} ${j}`));
    if (level === this.grid?.level) this.wanted = this.wanted.filter(({ i, j }) => !done.has(`${i} ${j}`));
    this.changed();
  }

  put({ grey, spread }, i, j) {
    const { i0, j0, wide, high } = this.grid;
    if (i < i0 || j < j0 || i >= i0 + wide || j >= j0 + high || grey.length !== 784) return;
    const image = this.ctx.createImageData(28, 28);
    const strength = INK * faded(spread);
    for (let p = 0; p < 784; p++) image.data.set([...this.text, Math.round(grey[p] * strength)], 4 * p);
    this.ctx.putImageData(image, 28 * (i - i0), 28 * (j0 + high - 1 - j));
  }

  close() {
    clearTimeout(this.timer);
  }

  draw(ctx, view, ratio) {
    if (!this.grid) return;
    const { i0, j0, wide, high, side } = this.grid;
    const [left, top] = view.at(i0 * side, (j0 + high) * side);
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.drawImage(this.canvas, left, top, wide * side * view.scale, high * side * view.scale);
  }
}

// 1 among the points, less with every doubling of the distance to the nearest one.
function faded(spread) {
  if (!Number.isFinite(spread)) return 0.1;
  return Math.min(1, Math.max(0.1, 1 - 0.18 * Math.log2(Math.max(spread, 1) / 3)));
}
