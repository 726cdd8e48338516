// Which part of a map is seen: both axes alike, fitted to its points until a hand zooms or drags. And small helpers
// that the atlas's files share.

const OUTSIDE = 0.003; // share of the points at each side that do not stretch the fitted view ...
const NEARBY = 1.15; // ... unless they are hardly further out than the rest
const AROUND = 0.05; // of the canvas's side, left free around the fitted points
const [FURTHEST, CLOSEST] = [0.25, 4000]; // of the fitted scale

class View {
  constructor() {
    this.width = this.height = 0; // CSS pixels
    this.zoom = 1; // times the fitted scale
    this.bounds = null;
    this.middle = null; // of the view, in map units; null while it is fitted
  }

  get ready() {
    return Boolean(this.bounds && this.width > 0 && this.height > 0);
  }

  get fitted() {
    return this.middle === null;
  }

  // CSS pixels of one map unit.
  get scale() {
    const [x, y] = this.bounds;
    const unit = Math.min(this.width / (x.high - x.low), this.height / (y.high - y.low)) * (1 - 2 * AROUND);
    return unit * this.zoom;
  }

  get centre() {
    return this.middle ?? this.bounds.map(({ low, high }) => (low + high) / 2);
  }

  fit() {
    this.zoom = 1;
    this.middle = null;
  }

  // From map units to CSS pixels within the canvas, and back.
  at(x, y) {
    const [cx, cy] = this.centre;
    return [this.width / 2 + (x - cx) * this.scale, this.height / 2 - (y - cy) * this.scale];
  }

  place(px, py) {
    const [cx, cy] = this.centre;
    return [cx + (px - this.width / 2) / this.scale, cy - (py - this.height / 2) / this.scale];
  }

  drag(dx, dy) {
    const [cx, cy] = this.centre;
    this.middle = [cx - dx / this.scale, cy + dy / this.scale];
  }

  // The place below the pixel stays there.
  zoomAt(px, py, factor) {
    const [x, y] = this.place(px, py);
    const zoom = Math.min(CLOSEST, Math.max(FURTHEST, this.zoom * factor));
    const [cx, cy] = this.centre;
    const kept = this.zoom / zoom;
    this.middle = [x + (cx - x) * kept, y + (cy - y) * kept];
    this.zoom = zoom;
  }
}

// The bounds of points along both axes, without their outliers: [{low, high}, {low, high}].
function boundsOf(points) {
  return [0, 1].map((axis) => {
    const along = new Float32Array(points.length / 2);
    for (let i = 0; i < along.length; i++) along[i] = points[2 * i + axis];
    const sorted = along.filter(Number.isFinite).sort();
    if (!sorted.length) return { low: -1, high: 1 };
    const out = Math.floor(sorted.length * OUTSIDE);
    const [low, high] = [sorted[out], sorted[sorted.length - 1 - out]];
    const [least, most] = [sorted[0], sorted[sorted.length - 1]];
    if (most - least <= NEARBY * (high - low)) return widened(least, most);
    return widened(low, high);
  });
}

// Points that all lie in one place still get a map around them.
function widened(low, high) {
  const least = 1e-6 * Math.max(1, Math.abs(low), Math.abs(high));
  return high - low > least ? { low, high } : { low: low - 1, high: high + 1 };
}

function around(all) {
  return [0, 1].map((axis) => ({
    low: Math.min(...all.map((bounds) => bounds[axis].low)),
    high: Math.max(...all.map((bounds) => bounds[axis].high)),
  }));
}

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

// Writing the text that is there already would still cost a layout, and be read out again.
function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

const grouped = (number) => number.toLocaleString("en-US");
