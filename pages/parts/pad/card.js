// One model's card. A classifier shows its verdict and ten bars, an autoencoder what it redrew and how strange it finds
// the drawing. A card is built once; an answer only changes texts, classes and transforms, and those only where they differ.

const DIGITS = [...Array(10).keys()];

const node = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

const best = (probabilities) => probabilities.indexOf(Math.max(...probabilities));

function percent(p) {
  if (p >= 0.995 && p < 0.99995) return "> 99 %";
  return `${Math.round(100 * p)} %`;
}

// Text and classes are compared first: a write costs the browser a layout even where nothing changes.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// 28 x 28 bytes in base64 as white ink of that strength, to be put on a black canvas.
function digitPixels(base64) {
  const ink = atob(base64);
  const pixels = new ImageData(28, 28);
  pixels.data.fill(255);
  for (let i = 0; i < 784; i++) pixels.data[4 * i + 3] = ink.charCodeAt(i);
  return pixels;
}

function pixelCanvas(label, className = "digit-pixels") {
  const canvas = Object.assign(node("canvas", className), { width: 28, height: 28, role: "img", ariaLabel: label });
  return { canvas, ctx: canvas.getContext("2d") };
}

class BaseCard {
  // lead(id): this card's model was chosen to lead.
  constructor(run, kind, lead) {
    this.id = run.id;
    this.root = node("article", `card waiting ${kind}`);
    this.root.dataset.run = run.id;
    this.root.dataset.testid = "pad-card";
    this.glyph = Object.assign(node("span", "glyph"), { ariaHidden: "true" });
    this.name = node("span", "name");
    this.head = node("header", "head");
    this.head.append(this.makeTitle(lead));
    this.error = node("p", "error");
    this.body = node("div", "body");
    this.root.append(this.head, this.body);
  }

  makeTitle() {
    const title = node("div", "title");
    title.append(this.glyph, this.name);
    return title;
  }

  describe(run) {
    this.run = run;
    this.root.style.setProperty("--run", run.color);
    setText(this.glyph, run.glyph);
    setText(this.name, run.name);
    this.name.title = run.name;
  }

  fail(sentence) {
    this.said = sentence;
    this.root.classList.toggle("failed", sentence !== "");
    setText(this.error, sentence);
  }
}

class Card extends BaseCard {
  constructor(run, lead) {
    super(run, "reads", lead);
    this.mark = node("span", "mark");
    this.mark.append((this.sign = node("span", "sign")), (this.word = node("span", "word")));
    this.saw = pixelCanvas("The picture that this model saw", "saw");
    this.head.append(this.mark, this.saw.canvas);
    this.digit = node("output", "digit");
    this.digit.dataset.testid = "verdict";
    this.sure = node("span", "sure");
    const verdict = node("div", "verdict");
    verdict.append(this.digit, this.sure);
    this.body.append(verdict, this.makeBars(), this.error);
    this.heights = Array(10).fill(-1);
    this.describe(run);
    this.clear();
  }

  makeTitle(lead) {
    const title = Object.assign(node("button", "title"), { type: "button", ariaPressed: "false" });
    title.dataset.testid = "pad-lead";
    title.onclick = () => lead(this.id);
    title.append(this.glyph, this.name, node("span", "leads", "leads"));
    return (this.title = title);
  }

  makeBars() {
    const bars = Object.assign(node("div", "bars"), { ariaHidden: "true" });
    this.columns = DIGITS.map((digit) => {
      const column = node("div", "column");
      const track = node("div", "track");
      const bar = node("i", "bar");
      bar.dataset.digit = digit;
      track.append(bar);
      column.append(track, node("b", "label", String(digit)));
      bars.append(column);
      return { column, bar };
    });
    return bars;
  }

  describe(run) {
    super.describe(run);
    this.title.title = `${run.name}: let the river and the steps follow this model`;
  }

  leads(leads) {
    this.title.ariaPressed = String(leads);
    this.root.classList.toggle("leading", leads);
  }

  clear() {
    this.fail("");
    this.verdict = -1;
    this.saw.ctx.clearRect(0, 0, 28, 28);
    this.show(Array(10).fill(0));
    this.agree(null);
  }

  paint(probabilities, pixels) {
    this.fail("");
    this.verdict = best(probabilities);
    this.saw.ctx.putImageData(pixels, 0, 0);
    this.show(probabilities);
  }

  fail(sentence) {
    super.fail(sentence);
    if (sentence) this.agree(null);
  }

  show(probabilities) {
    const { verdict } = this;
    setText(this.digit, verdict < 0 ? "–" : String(verdict));
    setText(this.sure, verdict < 0 ? "" : percent(probabilities[verdict]));
    this.root.classList.toggle("waiting", verdict < 0);
    this.columns.forEach(({ column, bar }, digit) => {
      if (this.heights[digit] !== probabilities[digit]) bar.style.transform = `scaleY(${probabilities[digit]})`;
      column.classList.toggle("best", digit === verdict);
    });
    this.heights = probabilities;
    if (verdict >= 0) this.said = `${this.name.textContent} reads ${verdict}, ${percent(probabilities[verdict])}`;
  }

  // Whether it reads what most of the jury read; null when there is nothing to compare with.
  agree(agrees) {
    setText(this.sign, agrees === null ? "" : agrees ? "=" : "≠");
    setText(this.word, agrees === null ? "" : agrees ? "agrees" : "differs");
    this.root.classList.toggle("differs", agrees === false);
  }
}

class RedrawnCard extends BaseCard {
  constructor(run) {
    super(run, "redraws");
    const pair = node("div", "pair");
    for (const [name, label] of [["saw", "saw"], ["drew", "redrew"]]) {
      const figure = node("figure", "");
      this[name] = pixelCanvas(`What this autoencoder ${label}`);
      figure.append(this[name].canvas, node("figcaption", "", label));
      pair.append(figure);
    }
    this.drew.canvas.dataset.testid = "redrawn";
    this.measure = node("span", "measure");
    this.scale = Object.assign(node("div", "scale"), { ariaHidden: "true" });
    this.scale.append((this.needle = node("i", "needle")));
    this.strange = node("span", "strange");
    this.strange.dataset.testid = "stranger";
    this.strange.append((this.share = node("span", "share")), (this.of = node("span", "word")));
    const facts = node("div", "facts");
    facts.append(this.measure, this.scale, this.strange);
    this.body.append(pair, facts, this.error);
    this.describe(run);
    this.clear();
  }

  clear() {
    this.fail("");
    this.root.classList.add("waiting");
    for (const { ctx } of [this.saw, this.drew]) ctx.clearRect(0, 0, 28, 28);
    setText(this.measure, "");
    this.judge(undefined);
  }

  paint({ image, error, stranger }, pixels) {
    this.fail("");
    this.root.classList.remove("waiting");
    this.saw.ctx.putImageData(pixels, 0, 0);
    this.drew.ctx.putImageData(digitPixels(image), 0, 0);
    setText(this.measure, `Error ${error.toFixed(4)}`);
    this.judge(stranger);
    this.said = `${this.name.textContent}: ${this.strange.textContent}`;
  }

  // stranger: the share of the test digits that it redraws better than this drawing, null while they are measured.
  judge(stranger) {
    const known = typeof stranger === "number";
    this.scale.classList.toggle("known", known);
    if (known) this.needle.style.transform = `translateX(${100 * stranger}%)`;
    setText(this.share, known ? `Stranger than ${shareOf(stranger)}` : stranger === null ? "Measuring" : "");
    setText(this.of, known ? " of the test digits" : stranger === null ? " the test digits" : "");
  }
}

// Never 100 % while one digit is stranger still.
function shareOf(p) {
  if (p >= 0.995 && p < 1) return `${(Math.floor(1000 * p) / 10).toFixed(1)} %`;
  return `${Math.round(100 * p)} %`;
}
