// @ts-check
// The growth: how probable the lead finds each digit, against the ink drawn so far, as bands that grow with the pen.

import { frame, Growth, RESTS, RETRY, Sheet } from "./panel.js";
import { Replay } from "./replay.js";
import { strokeEnds } from "../strokes.js";
import { best, DIGITS, percent, SURE, told } from "../cards/verdict.js";
import { clamp, context, node, setText } from "../../web/dom.js";

/** @import Pad from "../pad.js" */
/** @import { Asked } from "../pad.js" */
/** @import { Reply } from "../../web/types.js" */

const SHORTEST = 1.4; // pad units of ink that fill the growth at first, about what a digit takes
const FINEST = 120; // answers the growth keeps over its width: more cannot be told apart
const LATE = 0.9; // share of the ink after which a change of mind is a late one
const THIN = 0.7; // CSS pixels below which a band is not painted
const TALL = 15; // from which it has room for its digit
const GLYPH = 16; // CSS pixels a side of a digit in its band
const WIDEN = 180; // ms in which the growth takes up its whole width once the pen rests

/** @typedef {CanvasRenderingContext2D} Ctx */
/** @typedef {{ at: number, probabilities: number[] }} Answer after so much ink, in pad units */

export class GrowthPanel {
  /** @param {Pad} pad */
  constructor(pad) {
    this.pad = pad;
    this.closed = false;
    this.timer = this.frame = 0;
    const { root, quiet } = frame("growth", "The reading as it grows", "");
    this.root = root;
    this.quiet = quiet;
    this.key = "";
    this.points = /** @type {Answer[]} */ ([]);
    this.now = /** @type {{ fraction: number, probabilities: number[] } | null} */ (null); // what is shown
    this.exact = this.resting = this.asking = false;
    this.ends = /** @type {number[]} */ ([]); // of the strokes, once it is exact
    this.length = 0; // of the ink
    this.span = SHORTEST; // pad units over its width
    this.off = /** @type {string[]} */ ([]); // steps that were left out of the last answer
    this.growth = new Growth();
    this.glyphs = glyphs(pad.data.palette.light);
    this.sheet = new Sheet("growth-sheet", () => this.draw());
    Object.assign(this.sheet.canvas, { role: "img", ariaLabel: "Probability of each digit against the ink drawn" });
    this.replay = new Replay(this);
    const scale = node("div", "growth-scale");
    scale.ariaHidden = "true";
    scale.append(...["100 %", "50 %", "0 %"].map((text) => node("span", "", text)));
    const marks = node("div", "growth-along");
    marks.ariaHidden = "true";
    for (const left of [0, 25, 50, 75, 100]) {
      const mark = node("span", "", `${left} %`);
      mark.style.left = `${left}%`;
      marks.append(mark);
    }
    const plot = node("div", "growth-plot");
    plot.append(scale, this.sheet.canvas, this.replay.slider, marks);
    this.sentence = node("p", "growth-said");
    this.sentence.dataset.testid = "growth-said";
    this.root.append(plot, this.sentence, this.replay.root);
    this.era = 0; // counts the drawings: an exact growth of an earlier one is not shown
    this.wipe();
  }

  update() {
    const { lead } = this.pad;
    setText(this.quiet, lead ? `How probable ${lead.name} finds each digit after so much of the ink.`
      : "How probable a classifier finds each digit after so much of the ink.");
    if (!lead) this.wipe();
    if (this.sheet.colours()) this.glyphs = glyphs(this.pad.data.palette[this.sheet.theme]);
    this.draw();
  }

  question() {}

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.replay.close();
    this.sheet.close();
  }

  wipe() {
    this.begin("");
    this.growth.forget();
    this.span = SHORTEST;
    this.replay.stop();
    this.draw();
    this.say();
  }

  /** Another drawing, lead or steps: what was answered before does not belong to it. @param {string} key */
  begin(key) {
    this.key = key;
    this.points = [];
    this.now = null;
    this.exact = this.resting = false;
    this.ends = [];
    this.length = 0;
    this.era += 1;
    cancelAnimationFrame(this.frame);
  }

  // ---- answers

  /** @param {Reply} reply @param {Asked} asked */
  paint({ answers }, asked) {
    const { lead } = this.pad;
    const probabilities = lead && answers[lead.id];
    if (!probabilities) return;
    const key = JSON.stringify([lead.id, asked.width, asked.off, asked.calibrated]);
    const scrubbed = asked.fraction < 1;
    const change = scrubbed ? "same" : this.growth.compare(asked.strokes);
    if (key !== this.key || change === "other") this.begin(key);
    if (!scrubbed) {
      if (change === "grown") this.resting = this.exact = false;
      this.length = asked.length;
      this.add(asked.length, probabilities);
    }
    this.off = asked.off;
    this.now = { fraction: asked.fraction, probabilities };
    this.replay.show(asked.fraction);
    if (!scrubbed || !this.points.length) this.draw();
    this.say();
    if (this.exact) return;
    this.later(RESTS);
  }

  /** @param {number} delay */
  later(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settled(), delay);
  }

  /** @param {number} at @param {number[]} probabilities */
  add(at, probabilities) {
    const { points } = this;
    while (points.length && points[points.length - 1].at >= at) points.pop();
    if (points.length > 1 && at - points[points.length - 2].at < this.span / FINEST) points.pop();
    points.push({ at, probabilities });
    this.span = Math.max(this.span, at);
  }

  settled() {
    if (this.closed || this.pad.ink.down || !this.key || this.exact) return;
    this.refine();
  }

  /** The exact growth holds the same answers, at places spread evenly: the picture is filled in, it does not jump. */
  async refine() {
    const { ink, lead } = this.pad;
    const { strokes, width } = ink;
    if (this.asking || !strokes.length || !lead) return;
    const [era, length] = [this.era, ink.length()];
    this.asking = true;
    const { calibrated } = this.pad.data;
    const off = this.off.length ? { off: this.off } : {};
    const reply = await this.pad.question({ kind: "growth", run: lead.id, strokes, width, calibrated, ...off });
    this.asking = false;
    if (this.closed || !this.key) return;
    if (era !== this.era) return this.settled();
    if (reply.lost) return this.later(RETRY);
    if (reply.error) return; // the answers while drawing stay: they are as true, only fewer
    const known = this.points.map(({ at }) => at);
    const gap = length / FINEST;
    /** @type {Answer[]} */
    const more = /** @type {number[]} */ (reply.at).map((share, i) => {
      return { at: share * length, probabilities: reply.probabilities[i] };
    });
    this.points = this.points.concat(more.filter(({ at }) => !known.some((other) => Math.abs(other - at) < gap)));
    this.points.sort((a, b) => a.at - b.at);
    if (ink.down || length < this.length - 1e-9) {
      this.draw();
      return this.settled(); // it has grown meanwhile: asked again if it rests
    }
    this.exact = true;
    this.length = length;
    this.ends = strokeEnds(strokes);
    this.rest();
  }

  /** The drawing is whole: the growth takes up its width, and can be scrubbed. */
  rest() {
    const [from, since] = [this.span, performance.now()];
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const widen = (/** @type {number} */ now) => {
      const done = calm ? 1 : clamp((now - since) / WIDEN);
      this.span = from + (this.length - from) * done;
      this.draw();
      if (done < 1) this.frame = requestAnimationFrame(widen);
      else this.arrive();
    };
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(widen);
  }

  arrive() {
    this.resting = true;
    this.root.classList.add("resting");
    this.replay.show(this.now?.fraction ?? 1);
    this.say();
  }

  // ---- words

  aloud() {
    return this.now ? this.words(this.resting) : "";
  }

  say() {
    const whole = this.resting || (this.now?.fraction ?? 1) < 1;
    this.root.classList.toggle("resting", this.resting);
    this.root.classList.toggle("flowing", this.points.length > 0);
    this.replay.enable(this.points.length > 0);
    setText(this.sentence, this.words(whole));
  }

  /** @param {boolean} whole */
  words(whole) {
    if (!this.pad.lead) return "Choose a classifier to see its reading grow.";
    if (!this.now || !this.points.length) return "Draw a digit: its reading grows here with the ink.";
    const { fraction, probabilities } = this.now;
    const digit = best(probabilities);
    if (fraction < 1) return `After ${share(fraction)} of the ink it reads ${digit}, ${percent(probabilities[digit])}.`;
    if (!whole) return `So far it reads ${digit}.`;
    if (probabilities[digit] < SURE) {
      return `Never sure: with all the ink it reads ${digit}, but only with ${percent(probabilities[digit])}.`;
    }
    const last = this.points.findLastIndex((point) => best(point.probabilities) !== digit);
    const from = this.points[last + 1].at / this.length;
    if (last >= 0 && from > LATE) {
      const before = best(this.points[last].probabilities);
      return `Changed its mind last at ${share(from)} of the ink, from ${before} to ${digit}.`;
    }
    return `Recognised as ${digit} after ${share(from)} of the ink.`;
  }

  /** What is shown, in words for the slider. */
  wordsNow() {
    if (!this.now) return "";
    const { fraction, probabilities } = this.now;
    return `${share(fraction)} of the ink: ${told(probabilities, ", ")}`;
  }

  // ---- picture

  draw() {
    const { width, height } = this.sheet;
    if (!width) return;
    const ctx = this.sheet.clear();
    const { points, span } = this;
    this.grid(ctx, width, height);
    if (!points.length) return;
    const xs = Float32Array.from(points, ({ at }) => (at / span) * width);
    if (xs[0] < 0.12 * width) xs[0] = 0; // nothing was asked before the first ink
    const levels = stacked(points, height);
    // From the top down, each digit's area over the one before: half the lines of bands, and no gaps between them.
    for (let digit = 9; digit >= 0; digit--) this.area(ctx, digit, xs, levels[digit + 1], levels[digit], height);
    for (const digit of DIGITS) this.label(ctx, digit, xs, levels[digit], levels[digit + 1], height);
    this.strokeMarks(ctx, width, height);
  }

  /** @param {Ctx} ctx @param {number} width @param {number} height */
  grid(ctx, width, height) {
    ctx.globalAlpha = 0.16;
    ctx.fillStyle = this.sheet.text;
    for (const y of [0, 0.5, 1]) ctx.fillRect(0, Math.min(height - 1, Math.round(y * height)), width, 1);
    ctx.globalAlpha = 1;
  }

  /**
   * @param {Ctx} ctx @param {number} digit @param {Float32Array} xs
   * @param {Float32Array} above @param {Float32Array} below @param {number} height
   */
  area(ctx, digit, xs, above, below, height) {
    let thickest = 0;
    for (let i = 0; i < xs.length; i++) thickest = Math.max(thickest, above[i] - below[i]);
    if (thickest < THIN) return;
    const end = xs.length - 1;
    const last = end > 0 ? xs[end] : xs[0] + 2;
    ctx.beginPath();
    ctx.moveTo(last, height);
    ctx.lineTo(xs[0], height);
    for (let i = 0; i < xs.length; i++) ctx.lineTo(xs[i], height - above[i]);
    if (last > xs[end]) ctx.lineTo(last, height - above[end]);
    ctx.fillStyle = this.pad.data.palette[this.sheet.theme][digit];
    ctx.fill();
  }

  /**
   * The digit in the middle of the longest stretch where its band is high enough for it: colour is not all.
   * @param {Ctx} ctx @param {number} digit @param {Float32Array} xs
   * @param {Float32Array} below @param {Float32Array} above @param {number} height
   */
  label(ctx, digit, xs, below, above, height) {
    let [from, to, start] = [0, -1, -1];
    for (let i = 0; i <= xs.length; i++) {
      const fits = i < xs.length && above[i] - below[i] >= TALL;
      if (fits && start < 0) start = i;
      if (fits || start < 0) continue;
      if (to < 0 || xs[i - 1] - xs[start] > xs[to] - xs[from]) [from, to] = [start, i - 1];
      start = -1;
    }
    if (to < 0 || xs[to] - xs[from] < 11) return;
    const x = (xs[from] + xs[to]) / 2;
    const i = Math.max(from + 1, xs.findIndex((at) => at >= x));
    const part = (x - xs[i - 1]) / (xs[i] - xs[i - 1] || 1);
    const middle = (/** @type {number} */ k) => (below[k] + above[k]) / 2;
    const y = height - (middle(i - 1) + part * (middle(i) - middle(i - 1)));
    ctx.drawImage(this.glyphs[digit], Math.round(x) - GLYPH / 2, Math.round(y) - GLYPH / 2, GLYPH, GLYPH);
  }

  /** @param {Ctx} ctx @param {number} width @param {number} height */
  strokeMarks(ctx, width, height) {
    ctx.fillStyle = this.sheet.paper;
    for (const end of this.ends.slice(0, -1)) ctx.fillRect(Math.round((end / this.span) * width), 0, 1, height);
  }
}

/** The ten bands' edges in CSS pixels: 11 arrays of a value each. @param {Answer[]} points @param {number} height */
function stacked(points, height) {
  const levels = [new Float32Array(points.length)];
  for (const digit of DIGITS) levels.push(levels[digit].map((low, i) => low + points[i].probabilities[digit] * height));
  return levels;
}

/** @param {number} fraction */
const share = (fraction) => `${Math.max(1, Math.round(100 * fraction))} %`;

/** @param {string[]} palette */
const glyphs = (palette) => DIGITS.map((digit) => glyph(digit, palette[digit]));

/**
 * A digit as a small picture, because text on a canvas makes the browser bring all the page's styles up to date first.
 * @param {number} digit @param {string} colour
 */
function glyph(digit, colour) {
  const canvas = node("canvas");
  canvas.width = canvas.height = GLYPH * 4; // sharp on every screen
  const ctx = context(canvas);
  ctx.scale(4, 4);
  ctx.font = "600 13px sans-serif";
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = readable(colour);
  ctx.fillText(String(digit), GLYPH / 2, GLYPH / 2 + 0.5);
  return canvas;
}

/** Black or white, whichever stands out more from a colour #rrggbb (luminance of WCAG 2). @param {string} colour */
function readable(colour) {
  const [r, g, b] = [1, 3, 5].map((i) => (parseInt(colour.slice(i, i + 2), 16) / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#111" : "#fff";
}
