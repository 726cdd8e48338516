// @ts-check
// The replay of a drawing: play and pause, a speed, a slider over the growth, and the strokes one by one.

import { strokeEnds } from "../strokes.js";
import { button, node, setText, slider } from "../../web/dom.js";

/** @import { GrowthPanel } from "./growth.js" */

const PACE = 0.8; // pad units of ink a second at speed 1, about as fast as one writes
const SPEEDS = [0.25, 0.5, 1, 2, 4];
const LEAST = 0.004; // share of the ink a replay begins with: an empty pad has no answer

export class Replay {
  /** @param {GrowthPanel} growth */
  constructor(growth) {
    this.growth = growth;
    this.pad = growth.pad;
    this.speed = 1;
    this.playing = false;
    this.enabled = true;
    this.last = 1; // the share of the ink it has come to
    this.shown = -1;
    this.frame = 0;
    this.root = node("div", "replay");
    this.slider = this.makeSlider();
    this.play = button("Play", "replay-play", () => (this.playing ? this.pause() : this.start()));
    this.before = button("‹ Stroke", "replay-before", () => this.step(-1));
    this.after = button("Stroke ›", "replay-after", () => this.step(1));
    for (const made of [this.play, this.before, this.after]) made.dataset.testid = made.className;
    this.before.ariaLabel = "Back to the end of the stroke before";
    this.after.ariaLabel = "On to the end of the next stroke";
    this.root.append(this.before, this.play, this.after, this.makeSpeeds());
  }

  makeSlider() {
    const range = slider("How much of the ink", 0, 1000, 1, 1000, "growth-slider");
    range.dataset.testid = "growth-slider";
    range.addEventListener("input", () => this.to(Number(range.value) / 1000));
    range.addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      this.play.click();
    });
    return range;
  }

  makeSpeeds() {
    const label = node("label", "replay-speed", "Speed");
    const select = node("select");
    select.dataset.testid = "replay-speed";
    select.append(...SPEEDS.map((speed) => new Option(`${speed} ×`, String(speed), false, speed === 1)));
    select.addEventListener("change", () => (this.speed = Number(select.value)));
    label.append(select);
    return label;
  }

  close() {
    this.stop();
  }

  /** @param {boolean} can */
  enable(can) {
    if (this.enabled === can) return;
    this.enabled = can;
    for (const control of [this.play, this.before, this.after, this.slider]) control.disabled = !can;
  }

  /** The growth was answered for this share of the ink. @param {number} fraction */
  show(fraction) {
    this.slider.ariaValueText = this.growth.wordsNow();
    if (this.shown === fraction) return;
    this.shown = fraction;
    this.slider.value = String(1000 * fraction);
    this.growth.root.classList.toggle("scrubbed", fraction < 1);
  }

  // ---- moving

  /** @param {number} fraction */
  to(fraction) {
    this.pause();
    this.scrub(fraction);
  }

  /** @param {number} fraction */
  scrub(fraction) {
    this.last = fraction >= 1 ? 1 : Math.max(LEAST, fraction);
    this.pad.ink.scrub(this.last);
  }

  /** @param {1 | -1} direction */
  step(direction) {
    const { ink } = this.pad;
    const length = ink.length();
    const ends = [0, ...strokeEnds(ink.strokes).map((end) => end / length)];
    const beyond = (/** @type {number} */ end) => (end - ink.fraction) * direction > 0.002;
    const next = direction > 0 ? ends.find(beyond) : ends.findLast(beyond);
    if (next !== undefined) this.to(next > 0.9999 ? 1 : next);
  }

  start() {
    const { ink } = this.pad;
    if (!ink.strokes.length || ink.down) return;
    this.playing = true;
    setText(this.play, "Pause");
    this.scrub(ink.fraction < 1 ? ink.fraction : 0);
    let before = performance.now();
    const move = (/** @type {number} */ now) => {
      if (!this.playing) return;
      if (ink.fraction !== this.last) return this.pause(); // someone draws, undoes or clears: the replay is over
      const seconds = Math.max(0, now - before) / 1000;
      before = now;
      this.scrub(this.last + (seconds * PACE * this.speed) / Math.max(0.3, ink.length()));
      if (this.last < 1) this.frame = requestAnimationFrame(move);
      else this.pause();
    };
    this.frame = requestAnimationFrame(move);
  }

  pause() {
    this.playing = false;
    cancelAnimationFrame(this.frame);
    setText(this.play, "Play");
  }

  /** The ink is gone: there is nothing to play. */
  stop() {
    this.pause();
    this.show(1);
  }
}
