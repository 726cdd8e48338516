// The training digits nearest to the drawing, as pictures from the sprite sheets, and the way from it to any of them.

const COLUMNS = 40; // tiles across a sprite sheet, of core/data/sprites.py
const ON_SHEET = 1000;
const TILE = 28;
const NEAREST = 8;
const FRAMES = 9; // of the way, the drawing first

// Sheets of a thousand digits, each fetched when the first of its digits is shown.
class Sprites {
  constructor(base) {
    this.root = `${base ? `/${base}` : ""}/digitlab/sprites`;
    this.sheets = new Map();
  }

  paint(canvas, dataset, index) {
    canvas.wanted = `${dataset} ${index}`;
    const number = Math.floor(index / ON_SHEET);
    const sheet = this.sheet(dataset, number);
    if (sheet.image) return this.cut(canvas, sheet.image, index);
    erase(canvas);
    sheet.waiting.set(canvas, index);
  }

  sheet(dataset, number) {
    const url = `${this.root}/${encodeURIComponent(dataset)}/train/${number}.png`;
    if (this.sheets.has(url)) return this.sheets.get(url);
    const sheet = { image: null, waiting: new Map() };
    this.sheets.set(url, sheet);
    const image = new Image();
    image.src = url;
    image.decode().then(
      () => {
        sheet.image = image;
        for (const [canvas, index] of sheet.waiting) {
          if (canvas.wanted === `${dataset} ${index}`) this.cut(canvas, image, index);
        }
        sheet.waiting.clear();
      },
      () => this.sheets.delete(url), // fetched again for the next digit on it
    );
    return sheet;
  }

  cut(canvas, image, index) {
    const place = index % ON_SHEET;
    const [x, y] = [TILE * (place % COLUMNS), TILE * Math.floor(place / COLUMNS)];
    canvas.getContext("2d").drawImage(image, x, y, TILE, TILE, 0, 0, TILE, TILE);
  }
}

class Near {
  constructor(map) {
    this.map = map;
    this.morph = new Morph(map.pad, (digit) => this.mark(digit));
    this.lists = node("div", "near");
    this.missing = node("p", "near-missing");
    this.missing.role = "status";
    this.nearest = this.row("Nearest digits it learned from", "near-nearest", NEAREST);
    this.classes = this.row("Nearest of each class", "near-classes", 10);
    this.lists.append(this.missing);
    this.forget();
  }

  row(title, name, count) {
    const group = node("div", name);
    group.role = "group";
    group.ariaLabel = title;
    group.dataset.testid = name;
    const tiles = [...Array(count)].map(() => this.tile());
    group.append(...tiles.map((tile) => tile.button));
    this.lists.append(node("h4", "near-title", title), group);
    return tiles;
  }

  tile() {
    const tile = { button: node("button", "near-tile"), canvas: picture("near-picture") };
    Object.assign(tile, { name: node("b", ""), distance: node("span", "") });
    tile.button.type = "button";
    tile.button.disabled = true;
    tile.button.ariaPressed = "false";
    tile.button.append(tile.canvas, tile.name, tile.distance);
    tile.button.addEventListener("click", () => this.morph.choose({ index: tile.index, name: tile.name.textContent }));
    return tile;
  }

  close() {
    this.morph.close();
  }

  // Another map: its digits may be of another data set.
  forget() {
    this.wipe();
    this.morph.choose(null);
  }

  wipe() {
    for (const tile of [...this.nearest, ...this.classes]) this.blank(tile);
    setText(this.missing, "");
    this.morph.wipe();
  }

  show({ near, classes }) {
    setText(this.missing, near.length ? "" : "The digits it learned from are being measured; they appear here in a moment.");
    this.nearest.forEach((tile, i) => this.fill(tile, near[i]));
    const closest = Math.min(...classes.map(([, , distance]) => distance));
    const byClass = new Map(classes.map((one) => [one[1], one]));
    this.classes.forEach((tile, label) => {
      const one = byClass.get(label);
      this.fill(tile, one);
      tile.button.classList.toggle("closest", one?.[2] === closest);
    });
  }

  fill(tile, one) {
    const { map } = this.map;
    if (!one || !map) return this.blank(tile);
    const [index, label, distance] = one;
    if (index !== tile.index) {
      tile.index = index;
      tile.button.disabled = false;
      this.sprites ??= new Sprites(this.map.pad.data.base);
      this.sprites.paint(tile.canvas, map.dataset, index);
      this.press(tile);
    }
    setText(tile.name, map.classes[label]);
    setText(tile.distance, distance.toPrecision(3));
  }

  blank(tile) {
    if (tile.index === null) return;
    Object.assign(tile, { index: null });
    tile.button.disabled = true;
    tile.button.classList.remove("closest");
    tile.canvas.wanted = "";
    erase(tile.canvas);
    setText(tile.name, "");
    setText(tile.distance, "");
    this.press(tile);
  }

  mark(digit) {
    this.chosen = digit?.index ?? null;
    for (const tile of [...this.nearest, ...this.classes]) this.press(tile);
  }

  press(tile) {
    tile.button.ariaPressed = String(tile.index !== null && tile.index === this.chosen);
  }
}

// The way from the drawing to one training digit: nine pictures decoded along the straight line between their codes.
class Morph {
  constructor(pad, chosen) {
    Object.assign(this, { pad, chosen, digit: null, at: 0 });
    this.root = node("div", "morph");
    this.root.dataset.testid = "morph";
    this.root.hidden = true;
    this.title = node("h4", "near-title");
    this.large = picture("morph-large", "The picture at the chosen step");
    this.strip = node("div", "morph-strip");
    this.frames = [...Array(FRAMES)].map((_, i) => {
      const canvas = picture("morph-frame");
      canvas.addEventListener("pointerenter", () => this.look(i));
      return canvas;
    });
    this.strip.append(...this.frames);
    this.slider = node("input", "morph-slider");
    Object.assign(this.slider, { type: "range", min: "0", max: String(FRAMES - 1), step: "1" });
    this.slider.ariaLabel = "Step from the drawing to the digit";
    this.slider.dataset.testid = "morph-slider";
    this.slider.addEventListener("input", () => this.look(Number(this.slider.value)));
    const close = node("button", "morph-close", "Close");
    close.type = "button";
    close.addEventListener("click", () => this.choose(null));
    this.root.addEventListener("keydown", (event) => event.key === "Escape" && this.choose(null));
    this.ends = [node("span", "", "your drawing, decoded"), node("span", "")];
    const ends = node("div", "morph-ends");
    ends.append(...this.ends);
    const head = node("div", "morph-head");
    head.append(this.title, close);
    const way = node("div", "morph-way");
    way.append(this.strip, this.slider, ends);
    const body = node("div", "morph-body");
    body.append(this.large, way);
    this.note = node("p", "quiet");
    this.note.role = "status";
    this.root.append(head, body, this.note);
  }

  // The same digit again takes the way back.
  choose(digit) {
    this.digit = digit && digit.index !== this.digit?.index ? digit : null;
    this.chosen(this.digit);
    this.root.hidden = !this.digit;
    if (!this.digit) return;
    setText(this.title, `The way to training digit ${this.digit.index.toLocaleString("en")} (${this.digit.name})`);
    setText(this.ends[1], `training digit ${this.digit.name}, decoded`);
    this.look((FRAMES - 1) / 2);
    this.refresh();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
  }

  wipe() {
    if (this.digit) this.say("Draw on: the way begins at your drawing.");
    for (const canvas of [...this.frames, this.large]) erase(canvas);
  }

  say(sentence) {
    setText(this.note, sentence);
  }

  // The drawing has changed: its way is asked for when it rests, because nine pictures take longer than one answer.
  follow(off) {
    this.off = off;
    clearTimeout(this.timer);
    if (this.digit) this.timer = setTimeout(() => this.refresh(), RESTS);
  }

  async refresh() {
    clearTimeout(this.timer);
    const { ink, line, data } = this.pad;
    const strokes = ink.shown;
    if (this.closed || !this.digit || !data.map || !strokes.length) return;
    const asked = (this.asked = { run: data.map.run, to: this.digit.index });
    const off = this.off?.length ? { off: this.off } : {};
    const reply = await line.ask({ kind: "morph", strokes, width: ink.width, ...asked, ...off });
    if (this.closed || asked !== this.asked || !this.digit || !ink.strokes.length) return;
    this.say(reply.error ?? "");
    if (reply.error) return;
    reply.frames.forEach((frame, i) => paintGrey(this.frames[i], frame));
    this.look(this.at);
  }

  look(at) {
    this.at = at;
    this.slider.value = at;
    const ends = { 0: "your drawing", [FRAMES - 1]: "the training digit" };
    this.slider.ariaValueText = ends[at] ?? `step ${at} of ${FRAMES - 1}`;
    this.frames.forEach((canvas, i) => canvas.classList.toggle("looked", i === at));
    erase(this.large);
    this.large.getContext("2d").drawImage(this.frames[at], 0, 0);
  }
}
