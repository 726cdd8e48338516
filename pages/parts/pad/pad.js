// @ts-check
// The pad's hub: it asks the models about the ink while the pen moves, one drawing at a time, and has everything painted
// that follows from an answer.

import { Ink } from "./ink.js";
import { Cards } from "./cards/cards.js";
import { Demo } from "./demo.js";
import { Keys } from "./keys.js";
import { LatentMap } from "./panels/map.js";
import { GrowthPanel } from "./panels/growth.js";
import { Steps } from "./panels/steps.js";
import { Pen } from "./pen.js";
import { Picture } from "./picture.js";
import { countDots, inkLength } from "./strokes.js";
import { Teach } from "./teach.js";
import { context, find, listen, setText } from "../web/dom.js";
import { Latest } from "../web/latest.js";
import { Line } from "../web/line.js";
import { bytesOf, erase, pixelsOf } from "../web/pixels.js";

/** @import { Run } from "./cards/card.js" */
/** @import { Drawing } from "./ink.js" */
/** @import { Stroke } from "./strokes.js" */
/** @import { Taught } from "./teach.js" */
/** @import { DigitColors, Reply, SetState, SheetLayout } from "../web/types.js" */

/**
 * @typedef {{
 *   palette: DigitColors, runs: Run[], show_answers: boolean, calibrated: boolean, panels: string[],
 *   map: { run: string, name: string, method: string, title: string, version: string } | null, drawing: Drawing | null,
 *   reply: Reply | null, taught: Taught | null, limits: { strokes: number, side: number, dot: number },
 *   sheet: SheetLayout, steps: { name: string, title: string, why: string }[]
 * }} Data what the page sends
 * limits: the server's: strokes of a drawing, pixels of a picture's side; and the pad units that a stroke counts at
 * least; steps: on the way to 28 x 28
 */
/**
 * @typedef {{
 *   strokes: Stroke[], width: number, off: string[], calibrated: boolean, fraction: number, length: number
 * }} Asked what a question was about
 * off: steps that are left out; fraction: of the ink; length: of the ink
 */
/**
 * @typedef {{
 *   root: HTMLElement, update: (data: Data) => void, question: (question: Record<string, unknown>) => void,
 *   paint: (reply: Reply, asked: Asked) => void, settled: () => void, wipe: () => void, close: () => void,
 *   aloud?: () => string
 * }} Panel
 * question: add what it wishes to know; settled: the pen rests; aloud: what is read out with the answer
 */

const WORDS = 600; // ms of quiet until the verdicts are read out
const MEASURING = 2000; // ms until the same drawing is asked about again, while the server measures test digits
/** @type {Record<string, new (pad: Pad) => Panel>} */
const PANELS = { growth: GrowthPanel, map: LatentMap, steps: Steps };
const TOPICS = ["line", "answer", "picture", "panels", "example"]; // what can be said below the pad, the first that is wins

export default class Pad {
  /** @param {HTMLElement} root @param {Data} data */
  constructor(root, data) {
    countDots(data.limits.dot);
    this.data = data;
    /** @type {SetState} */
    this.setState = () => {};
    this.updated = false;
    this.closed = false;
    this.root = this.lab = find(root, ".lab");
    this.note = find(root, ".note");
    this.panelBox = find(root, ".panels");
    this.words = find(root, ".words");
    this.seen = context(find(root, ".pixels", HTMLCanvasElement));
    this.painted = 0; // the number of the newest answer that was shown
    this.asks = "";
    this.told = 0; // the stamp of the drawing that the page has
    this.newest = /** @type {{ reply: Reply, asked: Asked } | null} */ (null); // the answer that the next frame shows
    this.frame = /** @type {number | null} */ (null);
    this.notes = /** @type {Record<string, string>} */ ({});
    this.timers = /** @type {Record<string, number>} */ ({});
    this.made = /** @type {Map<string, Panel>} */ (new Map()); // by name
    this.panels = /** @type {Panel[]} */ ([]);
    this.line = /** @type {Line | null} */ (null);
    this.questions = new Latest(() => Boolean(this.line?.ready));
    this.cards = new Cards(root, () => this.led());
    this.ink = new Ink(root, data.limits.strokes, { changed: () => this.ask(), settled: () => this.rest() });
    this.pen = new Pen(root, this.ink);
    this.answered = false;
    this.demo = new Demo(root, this.ink, () => this.answered, (why) => this.say("example", why));
    this.listening = new AbortController();
    listen(document, "click", (event) => this.skip(event), this.listening.signal);
    this.teach = new Teach(root, {
      drawn: () => this.ink.strokes.length > 0 && (this.ink.finish(), this.ink.rest(), true),
      teach: (what) => this.setState("teach", what),
      say: (sentence) => this.announce(sentence),
    });
    this.keys = new Keys(root, this.ink, this.pen, (digit) => this.data.taught && this.teach.save(digit));
    this.picture = new Picture(root, data.limits.side, {
      ask: (question) => this.question(question),
      say: (sentence) => this.say("picture", sentence),
      take: (strokes, width) => this.ink.replace(strokes, width),
    });
  }

  /** The classifier that panels follow, null when there is none. */
  get lead() {
    return this.cards.lead;
  }

  /** Called again whenever the page's data or the theme changes. @param {Data} data @param {SetState} setState */
  update(data, setState) {
    const first = !this.updated;
    this.updated = true;
    this.data = data;
    this.setState = setState;
    this.line ??= new Line({
      page: (question) => this.setState("ask", question),
      say: (sentence) => this.say("line", sentence),
      ready: () => this.questions.pump(),
    });
    const newer = data.drawing && data.drawing.stamp > this.ink.stamp && !this.ink.down ? data.drawing : null;
    if (newer) {
      this.demo.end();
      this.ink.adopt(newer);
    }
    if (first) this.told = data.drawing?.stamp ?? 0;
    if (data.reply) this.line.heard(data.reply);
    this.lab.classList.toggle("alone", !data.show_answers);
    this.teach.update(data.taught);
    this.arrange();
    if (first || newer) this.ink.settle();
    this.ink.measure();
    if (first && data.show_answers) this.demo.play();
  }

  close() {
    this.closed = true;
    this.listening.abort();
    for (const part of [this.demo, this.ink, this.pen, this.keys, this.picture, this.teach, ...this.made.values()]) part.close();
    Object.values(this.timers).forEach(clearTimeout);
    if (this.frame) cancelAnimationFrame(this.frame);
    this.questions.close();
    this.line?.close();
  }

  arrange() {
    const { runs, panels, map, calibrated, show_answers: answers, drawing } = this.data;
    this.cards.arrange(answers ? runs : []);
    const wanted = answers ? panels : [];
    const shown = wanted.map((name) => {
      const panel = this.made.get(name) ?? new PANELS[name](this);
      this.made.set(name, panel);
      return panel;
    });
    for (const [name, panel] of this.made) {
      if (wanted.includes(name)) continue;
      panel.close();
      this.made.delete(name);
    }
    this.panels = shown;
    if (wanted.join() !== this.panelBox.dataset.shown) {
      this.panelBox.replaceChildren(...shown.map((panel) => panel.root));
      this.panelBox.dataset.shown = wanted.join();
    }
    this.lab.classList.toggle("follows", wanted.includes("growth") || wanted.includes("steps"));
    shown.forEach((panel) => panel.update(this.data));
    const asks = JSON.stringify([this.cards.ids(), wanted, map, calibrated, drawing?.stamp]);
    if (asks !== this.asks) this.ask();
    this.asks = asks;
  }

  /** @param {string} name @param {number} delay @param {() => void} job */
  later(name, delay, job) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(job, delay);
  }

  // ---- questions: one in flight, the latest drawing wins

  /** One question beside those about the drawing. @param {object} question @returns {Promise<Reply>} */
  async question(question) {
    return this.line?.ask(question) ?? { error: "The pad is closed.", lost: true };
  }

  /** What should be known is another thing now: the drawing, or what a panel wishes to know of it. */
  ask() {
    if (this.closed) return;
    if (this.ink.shown.length) this.questions.run(() => this.askNow());
    else {
      this.questions.forget();
      this.wipe();
    }
  }

  /** @returns {Promise<void>} */
  async askNow() {
    const { ink, line } = this;
    if (!line || !ink.shown.length) return;
    const strokes = ink.snapshot();
    const { calibrated } = this.data;
    /** @type {Record<string, unknown> & { off?: string[] }} */
    const question = { kind: "draw", strokes, width: ink.width, runs: this.cards.ids(), calibrated };
    this.panels.forEach((panel) => panel.question(question));
    const { width, fraction } = ink;
    const asked = { strokes, width, off: question.off ?? [], calibrated, fraction, length: inkLength(strokes) };
    const answer = line.ask(question);
    this.lab.dataset.asked = String(line.seq);
    const reply = await answer;
    if (this.closed) return;
    if (reply.lost) return this.ask();
    this.say("answer", reply.error ?? "");
    if (reply.error || !this.isNew(reply)) return;
    this.newest = { reply, asked };
    this.frame ??= requestAnimationFrame(() => this.show());
  }

  /** Never an older answer after a newer one. @param {Reply} reply */
  isNew(reply) {
    return reply.seq !== undefined && reply.seq > this.painted;
  }

  /** The pen rests: the page gets the drawing, and there is time for what takes longer. */
  rest() {
    // What the page knows already is not said again: while it changes to another page every word is one too many.
    if (this.told !== this.ink.stamp) this.setState("drawing", this.ink.drawing());
    this.told = this.ink.stamp;
    this.panels.forEach((panel) => panel.settled());
  }

  led() {
    this.panels.forEach((panel) => panel.update(this.data));
    this.ask();
  }

  // ---- answers: all of one in one frame

  show() {
    this.frame = null;
    const { newest } = this;
    this.newest = null;
    if (newest && this.isNew(newest.reply)) this.paint(newest.reply, newest.asked);
  }

  wipe() {
    this.painted = this.line?.next() ?? 0; // whatever is still on the way answers a drawing that is gone
    this.lab.dataset.asked = this.lab.dataset.seq = String(this.painted);
    erase(this.seen.canvas);
    this.cards.clear();
    this.panels.forEach((panel) => panel.wipe());
    this.words.textContent = "";
    clearTimeout(this.timers.words);
    clearTimeout(this.timers.again);
  }

  /** @param {Reply} reply @param {Asked} asked */
  paint(reply, asked) {
    this.painted = reply.seq ?? this.painted;
    this.answered = true;
    const grey = bytesOf(reply.image);
    const pixels = pixelsOf(grey);
    this.seen.putImageData(pixels, 0, 0);
    this.cards.paint(reply, pixels, asked.off.length ? null : grey);
    this.panels.forEach((panel) => panel.paint(reply, asked));
    this.lab.dataset.seq = String(reply.seq);
    this.later("words", WORDS, () => this.tell());
    const percentiles = Object.values(reply.redrawn ?? {}).map((one) => one.percentile);
    const measuring = percentiles.includes(null) || reply.map?.near?.length === 0;
    if (measuring) this.later("again", MEASURING, () => this.ask());
    else clearTimeout(this.timers.again);
  }

  /** Read the answer out, to those who asked for it. */
  tell() {
    const words = this.cards.words();
    const more = this.panels.map((panel) => panel.aloud?.()).filter(Boolean);
    if (!this.ink.guest) this.announce([words, ...more].join("; "));
  }

  // ---- what is said below the pad

  /** The one place of the page from which screen readers read unasked. @param {string} sentence */
  announce(sentence) {
    setText(this.words, sentence);
  }

  /** The page's link over all that comes before the pad. @param {MouseEvent} event */
  skip(event) {
    const link = /** @type {Element} */ (event.composedPath()[0]);
    if (!link.matches?.("a.digitlab-skip")) return;
    event.preventDefault();
    this.ink.canvas.focus();
  }

  /** A quiet line of the panels, such as that a step is switched off; "" takes it back. @param {string} sentence */
  remark(sentence) {
    this.say("panels", sentence);
  }

  /** @param {string} topic of TOPICS @param {string} sentence */
  say(topic, sentence) {
    this.notes[topic] = sentence;
    const note = TOPICS.map((name) => this.notes[name]).find(Boolean) ?? "";
    if (note && note !== this.note.textContent) this.announce(note);
    setText(this.note, note);
  }
}
