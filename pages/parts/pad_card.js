// One model's card: its name, its verdict and ten bars. It is built once; an answer only changes texts, classes and transforms.

const DIGITS = [...Array(10).keys()];

const node = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

function percent(p) {
  if (p >= 0.995 && p < 0.99995) return "> 99 %";
  return `${Math.round(100 * p)} %`;
}

class Card {
  constructor(run) {
    this.root = node("article", "card waiting");
    this.root.dataset.run = run.id;
    this.root.dataset.testid = "pad-card";
    const head = node("header", "head");
    this.glyph = node("span", "glyph");
    this.glyph.ariaHidden = "true";
    this.name = node("span", "name");
    head.append(this.glyph, this.name);
    this.digit = node("output", "digit");
    this.digit.dataset.testid = "verdict";
    this.sure = node("span", "sure");
    const verdict = node("div", "verdict");
    verdict.append(this.digit, this.sure);
    const bars = node("div", "bars");
    bars.ariaHidden = "true";
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
    this.error = node("p", "error");
    const body = node("div", "body");
    body.append(verdict, bars, this.error);
    this.root.append(head, body);
    this.describe(run);
    this.clear();
  }

  describe(run) {
    this.root.style.setProperty("--run", run.color);
    this.glyph.textContent = run.glyph;
    if (this.name.textContent !== run.name) this.name.textContent = this.name.title = run.name;
  }

  clear() {
    this.fail("");
    this.show(Array(10).fill(0), -1);
  }

  paint(probabilities) {
    this.fail("");
    this.show(probabilities, probabilities.indexOf(Math.max(...probabilities)));
  }

  fail(sentence) {
    this.said = sentence;
    this.root.classList.toggle("failed", sentence !== "");
    this.error.textContent = sentence;
  }

  show(probabilities, best) {
    this.digit.textContent = best < 0 ? "–" : String(best);
    this.sure.textContent = best < 0 ? "" : percent(probabilities[best]);
    this.root.classList.toggle("waiting", best < 0);
    this.columns.forEach(({ column, bar }, digit) => {
      bar.style.transform = `scaleY(${probabilities[digit]})`;
      column.classList.toggle("best", digit === best);
    });
    if (best >= 0) this.said = `${this.name.textContent} reads ${best}, ${percent(probabilities[best])}`;
  }
}
