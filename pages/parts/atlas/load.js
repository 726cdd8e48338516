// What the atlas fetches: columns of numbers, and sheets of a thousand digits. Both are kept, within bounds.

const COLUMNS_KEPT = 24; // a column of 70,000 numbers takes 280 KB
const SHEETS_KEPT = 72; // 784 KB each
const AT_ONCE = 3;
const PER_SHEET = 1000;
const [SHEET_COLUMNS, SHEET_WIDTH, SHEET_HEIGHT] = [40, 1120, 700];

const columns = new Map(); // address -> promise of a typed array, the one used last at the end

// Resolves with the column, an array of the type; throws an Error with a sentence.
function fetchColumn(base, address, Type, length) {
  const url = rooted(base, address);
  const known = columns.get(url);
  columns.delete(url);
  const column = known ?? readColumn(url, Type, length);
  columns.set(url, column);
  if (columns.size > COLUMNS_KEPT) columns.delete(columns.keys().next().value);
  column.catch(() => columns.get(url) === column && columns.delete(url)); // the next call tries again
  return column;
}

async function readColumn(url, Type, length) {
  const reply = await fetch(url).catch(() => null);
  if (!reply) throw new Error("The server did not answer.");
  if (!reply.ok) throw new Error(await sentence(reply));
  const raw = await reply.arrayBuffer().catch(() => null);
  if (raw?.byteLength !== length * Type.BYTES_PER_ELEMENT) {
    throw new Error("What the server sent is not of this map: reload the page.");
  }
  return new Type(raw);
}

async function sentence(reply) {
  const text = reply.status === 404 ? (await reply.text().catch(() => "")).slice(0, 300) : "";
  return text || `The server answered with status ${reply.status}.`;
}

// Addresses begin at the server's base path, with or without a slash.
const rooted = (base, address) => `${base ? `/${base}` : ""}/${address.replace(/^\/+/, "")}`;

// The digits of one data set by their row: test digits first, then training digits.
class Digits {
  constructor(base, dataset, testCount, arrived) {
    Object.assign(this, { base, dataset, testCount, arrived });
    this.sheets = new Map(); // name -> uint8 (1000 * 784), the one used last at the end
    this.failed = new Map(); // name -> when
    this.queue = [];
    this.loading = new Set();
  }

  // The 784 grey values of a digit, or null while its sheet is on the way.
  grey(row) {
    const test = row < this.testCount;
    const index = test ? row : row - this.testCount;
    const name = `${test ? "test" : "train"}/${Math.floor(index / PER_SHEET)}`;
    const sheet = this.sheets.get(name);
    if (!sheet) return this.want(name);
    this.sheets.delete(name);
    this.sheets.set(name, sheet);
    const from = 784 * (index % PER_SHEET);
    return sheet.subarray(from, from + 784);
  }

  // Ask for a sheet; the one asked for last comes first.
  want(name) {
    if (this.loading.has(name) || performance.now() - (this.failed.get(name) ?? -1e9) < 5000) return null;
    this.queue = [...this.queue.filter((other) => other !== name), name].slice(-SHEETS_KEPT / 2);
    this.pump();
    return null;
  }

  pump() {
    while (this.loading.size < AT_ONCE && this.queue.length && !this.closed) {
      const name = this.queue.pop();
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

  keep(name, sheet) {
    this.sheets.set(name, sheet);
    if (this.sheets.size > SHEETS_KEPT) this.sheets.delete(this.sheets.keys().next().value);
  }

  async load(name) {
    const reply = await fetch(rooted(this.base, `digitlab/sprites/${this.dataset}/${name}.png`));
    if (!reply.ok) throw new Error(`status ${reply.status}`);
    const picture = await createImageBitmap(await reply.blob());
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: SHEET_WIDTH, height: SHEET_HEIGHT });
    const ctx = canvas.getContext("2d", { willReadFrequently: true });
    ctx.drawImage(picture, 0, 0);
    picture.close();
    const { data } = ctx.getImageData(0, 0, SHEET_WIDTH, SHEET_HEIGHT);
    const grey = new Uint8Array(PER_SHEET * 784);
    for (let i = 0; i < grey.length; i++) {
      const [digit, pixel] = [Math.floor(i / 784), i % 784];
      const x = 28 * (digit % SHEET_COLUMNS) + (pixel % 28);
      const y = 28 * Math.floor(digit / SHEET_COLUMNS) + Math.floor(pixel / 28);
      grey[i] = data[4 * (y * SHEET_WIDTH + x)];
    }
    return grey;
  }

  close() {
    this.closed = true;
    this.queue = [];
  }
}

// 784 grey values into a canvas of 28 x 28.
function paintDigit(canvas, grey) {
  const ctx = canvas.getContext("2d");
  const image = (canvas.pixels ??= ctx.createImageData(28, 28));
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < 784; i++) pixels[i] = 0xff000000 | (grey[i] * 0x010101);
  ctx.putImageData(image, 0, 0);
}
