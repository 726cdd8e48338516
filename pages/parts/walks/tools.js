// What all walks use: elements, pictures and numbers from base64, questions of which only the newest matters, and the
// word to the maps of the page where a walk is.

const PICTURE = 784; // bytes
const SIDE = 28;
const QUESTION = 48_000; // characters of the codes in one question
const MOST = 64; // codes in one question
const PLACED = 16; // of those that ask for their places on a map

function node(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

function button(text, className, act) {
  const element = node("button", className, text);
  element.type = "button";
  element.onclick = act;
  return element;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function slider(label, low, high, step, value) {
  const element = Object.assign(node("input"), { type: "range", min: low, max: high, step, ariaLabel: label });
  element.value = value;
  return element;
}

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

const numbersOf = (text) => new Float32Array(bytesOf(text).buffer);

const short = (value) => (Object.is(Math.round(value * 100), -0) ? 0 : value).toFixed(2).replace("-", "−");

// A canvas of pictures side by side, `columns` in a row, with gaps the background shows through unless they are dense.
class Pictures {
  constructor(columns, count, className = "") {
    Object.assign(this, { columns, count, pitch: className === "dense" ? SIDE : SIDE + 1 });
    this.canvas = node("canvas", `pictures ${className}`);
    this.canvas.width = columns * this.pitch - (this.pitch - SIDE);
    this.canvas.height = Math.ceil(count / columns) * this.pitch - (this.pitch - SIDE);
    this.ctx = this.canvas.getContext("2d");
    this.pixels = new ImageData(SIDE, SIDE);
  }

  // images: bytes of pictures; the first becomes the one at `place`.
  paint(images, place = 0) {
    const { pixels, columns, pitch } = this;
    for (let i = 0; (i + 1) * PICTURE <= images.length && place + i < this.count; i += 1) {
      for (let j = 0; j < PICTURE; j += 1) {
        const grey = images[i * PICTURE + j];
        pixels.data[4 * j] = pixels.data[4 * j + 1] = pixels.data[4 * j + 2] = grey;
        pixels.data[4 * j + 3] = 255;
      }
      const column = (place + i) % columns, row = Math.floor((place + i) / columns);
      this.ctx.putImageData(pixels, column * pitch, row * pitch);
    }
  }

  // The number of the picture below a pointer.
  at(event) {
    const box = this.canvas.getBoundingClientRect(), rows = Math.ceil(this.count / this.columns);
    const column = Math.floor(((event.clientX - box.left) / box.width) * this.columns);
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
    const inside = column >= 0 && column < this.columns && row >= 0 && row < rows;
    const place = row * this.columns + column;
    return inside && place < this.count ? place : null;
  }
}

// Asks one question at a time; while it is open the newest that wants to follow waits, and older ones are dropped.
class Newest {
  constructor(walk) {
    this.walk = walk;
  }

  ask(question, answered) {
    this.next = { question, answered };
    if (!this.busy) this.go();
  }

  async go() {
    this.busy = true;
    while (this.next && !this.walk.closed) {
      const { question, answered } = this.next;
      this.next = null;
      const reply = await this.walk.ask(question);
      if (this.walk.closed) break;
      if (!reply.error) answered(reply);
    }
    this.busy = false;
  }
}

// Codes as rows that fit into questions, in the order they come.
function* parts(codes, most = MOST) {
  const size = Math.max(1, Math.min(most, Math.floor(QUESTION / (codes[0].length * 9))));
  for (let i = 0; i < codes.length; i += size) yield { from: i, codes: codes.slice(i, i + size) };
}

const sent = (code) => Array.from(code, (value) => Math.round(value * 1e4) / 1e4);
