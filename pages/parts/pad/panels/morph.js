// @ts-check
// The way from the drawing to one training digit: nine pictures decoded along the straight line between their codes.

import { RESTS } from "./panel.js";
import { button, context, grouped, node, setText, slider } from "../../web/dom.js";
import { bytesOf, erase, paintPicture, pictureCanvas } from "../../web/pixels.js";

/** @import Pad from "../pad.js" */
const FRAMES = 9; // of the way, the drawing first

/** @typedef {{ index: number, name: string }} Goal a training digit */

export class Morph {
  /** @param {Pad} pad @param {(digit: Goal | null) => void} chosen */
  constructor(pad, chosen) {
    this.pad = pad;
    this.chosen = chosen;
    this.digit = /** @type {Goal | null} */ (null);
    this.at = 0; // the step that is looked at
    this.closed = false;
    this.timer = 0;
    this.off = /** @type {string[]} */ ([]); // steps that the drawing was asked about without
    this.asked = /** @type {object | null} */ (null);
    this.root = node("div", "morph");
    this.root.dataset.testid = "morph";
    this.root.hidden = true;
    this.title = node("h3", "near-title");
    this.large = pictureCanvas("morph-large", "The picture at the chosen step");
    this.strip = node("div", "morph-strip");
    this.frames = [...Array(FRAMES)].map((_, i) => {
      const canvas = pictureCanvas("morph-frame");
      canvas.addEventListener("pointerenter", () => this.look(i));
      return canvas;
    });
    this.strip.append(...this.frames);
    this.slider = slider("Step from the drawing to the digit", 0, FRAMES - 1, 1, 0, "morph-slider");
    this.slider.dataset.testid = "morph-slider";
    this.slider.addEventListener("input", () => this.look(Number(this.slider.value)));
    const close = button("Close", "morph-close", () => this.choose(null));
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
    this.root.append(head, body, this.note);
  }

  /** The same digit again takes the way back. @param {Goal | null} digit */
  choose(digit) {
    this.digit = digit && digit.index !== this.digit?.index ? digit : null;
    this.chosen(this.digit);
    this.root.hidden = !this.digit;
    if (!this.digit) return;
    setText(this.title, `The way to training digit ${grouped(this.digit.index)} (${this.digit.name})`);
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

  /** @param {string} sentence */
  say(sentence) {
    setText(this.note, sentence);
  }

  /**
   * The drawing has changed: its way is asked for when it rests, because nine pictures take longer than one answer.
   * @param {string[]} off
   */
  follow(off) {
    this.off = off;
    clearTimeout(this.timer);
    if (this.digit) this.timer = setTimeout(() => this.refresh(), RESTS);
  }

  async refresh() {
    clearTimeout(this.timer);
    const { ink, data } = this.pad;
    const strokes = ink.shown;
    if (this.closed || !this.digit || !data.map || !strokes.length) return;
    const asked = (this.asked = { run: data.map.run, to: this.digit.index });
    const off = this.off.length ? { off: this.off } : {};
    const reply = await this.pad.question({ kind: "morph", strokes, width: ink.width, ...asked, ...off });
    if (this.closed || asked !== this.asked || !this.digit || !ink.strokes.length) return;
    this.say(reply.error ?? "");
    if (reply.error) return;
    this.frames.forEach((canvas, i) => paintPicture(canvas, bytesOf(reply.frames[i])));
    this.look(this.at);
  }

  /** @param {number} at */
  look(at) {
    this.at = at;
    this.slider.value = String(at);
    /** @type {Record<number, string>} */
    const ends = { 0: "your drawing", [FRAMES - 1]: "the training digit" };
    this.slider.ariaValueText = ends[at] ?? `step ${at} of ${FRAMES - 1}`;
    this.frames.forEach((canvas, i) => canvas.classList.toggle("looked", i === at));
    erase(this.large);
    context(this.large).drawImage(this.frames[at], 0, 0);
  }
}
