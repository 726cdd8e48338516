// As much of a browser as the scripts need to be asked for what they compute: nodes that remember, canvases that record.

export class Picture {
  constructor(width, height) {
    Object.assign(this, { width, height, data: new Uint8ClampedArray(4 * width * height) });
  }
}

/** A canvas's context: what is called on it is kept in `calls`, what is put in `put`. */
export function fakeContext(canvas) {
  const known = { canvas, calls: [], put: null };
  known.createImageData = (width, height) => new Picture(width, height);
  known.putImageData = (image, x, y) => (known.put = { image, x, y });
  known.getImageData = (x, y, width, height) => {
    const cut = new Picture(width, height);
    const { put } = known;
    for (let i = 0; put && i < width * height; i++) {
      const [left, top] = [x + (i % width) - put.x, y + Math.floor(i / width) - put.y];
      cut.data.set(put.image.data.subarray(4 * (top * put.image.width + left)).subarray(0, 4), 4 * i);
    }
    return cut;
  };
  const call = (name) => (...given) => void known.calls.push([name, ...given]);
  return new Proxy(known, { get: (own, name) => (name in own ? own[name] : call(name)) });
}

export class FakeNode extends EventTarget {
  constructor(tag = "div") {
    super();
    const style = { setProperty: (name, value) => void (style[name] = value) };
    Object.assign(this, { tag, style, dataset: {}, children: [], textContent: "", className: "", found: new Map() });
    Object.assign(this, { width: 0, height: 0, value: "", hidden: false, isConnected: true });
    const classes = new Set();
    this.classList = {
      add: (name) => classes.add(name),
      remove: (name) => classes.delete(name),
      contains: (name) => classes.has(name),
      toggle: (name, on = !classes.has(name)) => (on ? classes.add(name) : classes.delete(name)),
    };
  }
  append(...nodes) {
    this.children.push(...nodes);
  }
  prepend(...nodes) {
    this.children.unshift(...nodes);
  }
  remove() {}
  replaceChildren(...nodes) {
    this.children = nodes;
  }
  setAttribute(name, value) {
    this[name] = value;
  }
  getBoundingClientRect() {
    return { left: 0, top: 0, width: this.width, height: this.height };
  }
  querySelector(selector) {
    if (!this.found.has(selector)) this.found.set(selector, new FakeNode());
    return this.found.get(selector);
  }
  getContext() {
    return (this.context ??= fakeContext(this));
  }
}

class Observer {
  observe() {}
  disconnect() {}
}

export const kept = new Map(); // what is in the session's storage
const sessionStorage = { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value) };

Object.assign(globalThis, {
  window: new EventTarget(),
  document: { createElement: (tag) => new FakeNode(tag), baseURI: "http://lab.example/train" },
  location: { protocol: "http:", host: "lab.example" },
  requestAnimationFrame: (job) => setTimeout(() => job(performance.now()), 4),
  cancelAnimationFrame: clearTimeout,
  getComputedStyle: () => ({ color: "#000", getPropertyValue: () => "" }),
  devicePixelRatio: 1,
  ImageData: Picture,
  ResizeObserver: Observer,
  sessionStorage,
});
for (const name of ["HTMLCanvasElement", "HTMLInputElement", "HTMLButtonElement"]) globalThis[name] = FakeNode;

/** The same numbers in every run, evenly between 0 and 1. */
export function numbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export const base64 = (array) => btoa(String.fromCharCode(...new Uint8Array(array.buffer)));
export const wait = (ms) => new Promise((done) => setTimeout(done, ms));
