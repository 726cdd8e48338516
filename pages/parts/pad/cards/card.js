// @ts-check
// One model's card. A classifier shows its verdict and ten bars, an autoencoder what it redrew and how unusual it finds
// the drawing. A card is built once; an answer only changes texts, classes and transforms, and those only where they differ.

import { best, DIGITS, nextTo, percent, shareOf, SURE } from "./verdict.js";
import { button, context, node, setText } from "../../web/dom.js";
import { bytesOf, erase, pictureCanvas, pixelsOf } from "../../web/pixels.js";

/**
 * @typedef {{
 *   id: string, name: string, color: string, glyph: string, task: string, learned: boolean, figure: string
 * }} Run
 * learned: at least one epoch; figure: what it comes to on the test set, "" while that is not known
 */
/** @typedef {{ image: string, error: number, percentile: number | null }} Redrawn */

class BaseCard {
  /** @param {Run} run @param {string} kind @param {HTMLElement} title @param {string} promise what it will show */
  constructor(run, kind, title, promise) {
    this.run = run;
    this.id = run.id;
    this.said = "";
    this.root = node("article", `card waiting ${kind}`);
    this.root.dataset.run = run.id;
    this.root.dataset.testid = "pad-card";
    this.glyph = Object.assign(node("span", "glyph"), { ariaHidden: "true" });
    this.name = node("span", "name");
    this.head = node("header", "head");
    title.append(this.glyph, this.name);
    this.head.append(title);
    this.error = node("p", "error");
    this.body = node("div", "body");
    this.body.append(node("p", "promise", promise));
    this.root.append(this.head, this.body);
  }

  /** @param {Run} run */
  describe(run) {
    this.run = run;
    this.root.style.setProperty("--run", run.color);
    setText(this.glyph, run.glyph);
    setText(this.name, run.name);
    this.name.title = run.figure ? `${run.name}: ${run.figure}` : run.name;
  }

  /** @param {string} sentence */
  fail(sentence) {
    this.said = sentence;
    this.root.classList.toggle("failed", sentence !== "");
    setText(this.error, sentence);
  }
}

export class Card extends BaseCard {
  /** @param {Run} run @param {(id: string) => void} lead it was chosen to lead */
  constructor(run, lead) {
    const title = button("", "title", () => lead(run.id));
    super(run, "reads", title, "Will say which digit it reads, and how probable it finds each.");
    this.title = title;
    title.ariaPressed = "false";
    title.dataset.testid = "pad-lead";
    const leads = node("span", "leads", "main");
    leads.append(node("span", "more", "\u00a0model"));
    title.append(leads);
    const mark = node("span", "mark");
    this.sign = node("span", "sign");
    this.word = node("span", "word");
    mark.append(this.sign, this.word);
    this.saw = context(pictureCanvas("saw", "The picture that this model saw"));
    this.head.append(mark, this.saw.canvas);
    this.digit = node("span", "digit");
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
      bar.dataset.digit = String(digit);
      track.append(bar);
      column.append(track, node("b", "label", String(digit)));
      bars.append(column);
      return { column, bar };
    });
    this.list = node("ul", "told"); // the bars, for those who do not see them
    this.list.ariaLabel = "Probabilities";
    this.list.append(...DIGITS.map(() => node("li")));
    this.body.append(verdict, bars, this.list, this.error);
    /** @type {number[]} */
    this.heights = Array(10).fill(-1);
    this.verdict = -1;
    this.describe(run);
    this.clear();
  }

  /** @param {Run} run */
  describe(run) {
    super.describe(run);
    this.title.title = `${run.name}: let the panels below follow this model`;
  }

  /** @param {boolean} leads */
  leads(leads) {
    this.title.ariaPressed = String(leads);
    this.root.classList.toggle("leading", leads);
  }

  clear() {
    this.fail("");
    this.verdict = -1;
    erase(this.saw.canvas);
    this.show(Array(10).fill(0));
    this.agree(null);
  }

  /** @param {number[]} probabilities @param {ImageData} pixels what it saw */
  paint(probabilities, pixels) {
    this.fail("");
    this.verdict = best(probabilities);
    this.saw.putImageData(pixels, 0, 0);
    this.show(probabilities);
  }

  /** @param {string} sentence */
  fail(sentence) {
    super.fail(sentence);
    if (sentence) this.agree(null);
  }

  /** @param {number[]} probabilities */
  show(probabilities) {
    const { verdict } = this;
    setText(this.digit, verdict < 0 ? "–" : String(verdict));
    setText(this.sure, verdict < 0 ? "" : this.certainty(probabilities));
    this.root.classList.toggle("waiting", verdict < 0);
    this.columns.forEach(({ column, bar }, digit) => {
      if (this.heights[digit] !== probabilities[digit]) bar.style.transform = `scaleY(${probabilities[digit]})`;
      column.classList.toggle("best", digit === verdict);
    });
    this.heights = probabilities;
    if (verdict >= 0) this.said = `${this.name.textContent} reads ${verdict}, ${this.certainty(probabilities)}`;
  }

  /** How probable its verdict is, and which digit comes next where that is not much. @param {number[]} probabilities */
  certainty(probabilities) {
    const sure = probabilities[this.verdict];
    return sure >= SURE ? percent(sure) : `${percent(sure)}, or ${nextTo(probabilities, this.verdict)}`;
  }

  /** Write the list of probabilities: once the drawing rests, for every text that changes costs a layout. */
  tell() {
    [...this.list.children].forEach((item, digit) => setText(item, `${digit}: ${percent(this.heights[digit])}`));
  }

  /** @param {boolean | null} agrees with what most models read; null when there is nothing to compare with */
  agree(agrees) {
    setText(this.sign, agrees === null ? "" : agrees ? "=" : "≠");
    setText(this.word, agrees === null ? "" : agrees ? "agrees" : "differs");
    this.root.classList.toggle("differs", agrees === false);
  }
}

export class RedrawnCard extends BaseCard {
  /** @param {Run} run */
  constructor(run) {
    super(run, "redraws", node("div", "title"), "Will redraw the digit, and say how unusual it finds it.");
    const pair = node("div", "pair");
    const [saw, drew] = ["saw", "redrew"].map((label) => {
      const figure = node("figure");
      const canvas = pictureCanvas("digit-pixels", `What this autoencoder ${label}`);
      figure.append(canvas, node("figcaption", "", label));
      pair.append(figure);
      return context(canvas);
    });
    this.saw = saw;
    this.drew = drew;
    this.drew.canvas.dataset.testid = "redrawn";
    this.measure = node("span", "measure");
    this.scale = Object.assign(node("div", "scale"), { ariaHidden: "true" });
    this.needle = node("i", "needle");
    this.scale.append(this.needle);
    this.rank = node("span", "rank");
    this.rank.dataset.testid = "percentile";
    this.share = node("span", "share");
    this.of = node("span", "word");
    this.rank.append(this.share, this.of);
    const facts = node("div", "facts");
    facts.append(this.measure, this.scale, this.rank);
    this.body.append(pair, facts, this.error);
    this.describe(run);
    this.clear();
  }

  clear() {
    this.fail("");
    this.root.classList.add("waiting");
    for (const { canvas } of [this.saw, this.drew]) erase(canvas);
    setText(this.measure, "");
    this.judge(undefined);
  }

  /** @param {Redrawn} answer @param {ImageData} pixels what it saw */
  paint({ image, error, percentile }, pixels) {
    this.fail("");
    this.root.classList.remove("waiting");
    this.saw.putImageData(pixels, 0, 0);
    this.drew.putImageData(pixelsOf(bytesOf(image)), 0, 0);
    setText(this.measure, `Error ${error.toFixed(4)}`);
    this.judge(percentile);
    this.said = `${this.name.textContent}: ${this.rank.textContent}`;
  }

  /**
   * @param {number | null} [percentile] the share of the test digits that it redraws better than this drawing, null while
   * they are measured
   */
  judge(percentile) {
    const known = typeof percentile === "number";
    this.scale.classList.toggle("known", known);
    if (known) this.needle.style.transform = `translateX(${100 * percentile}%)`;
    setText(this.share, known ? `More unusual than ${shareOf(percentile)}` : percentile === null ? "Measuring" : "");
    setText(this.of, known ? ` ${percentile < 1 ? "of the " : ""}test digits` : percentile === null ? " the test digits" : "");
  }
}
