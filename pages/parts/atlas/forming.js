// @ts-check
// A map as it formed: the places of the same digits at every epoch, with a slider over them and a play button. While
// the run trains, new epochs are asked for and travelled to.

import { told } from "./painting/color.js";
import { clamp, find, grouped, rooted, setText } from "../web/dom.js";
import { bytesOf, floatsOf } from "../web/pixels.js";
import { around, boundsOf } from "../web/view.js";

/** @import { Reply } from "../web/types.js" */
/** @import { Bounds } from "../web/view.js" */

const A_FRAME = 700; // ms of travel from one epoch to the next ...
const WHOLE = 12000; // ... but no more than this for all of them
const POLL = 1000; // ms
const WIDENS = 400; // ms in which the view follows a new epoch that reaches further
const ARRIVES = 600; // ms in which points travel to where a new epoch has them

/**
 * @typedef {{
 *   steps: number[], epochs: number[], training: boolean, n: number, version: string, points: Float32Array,
 *   labels: Uint8Array, count: number
 * }} Frames
 * n: digits; points: of all frames, one after the other; count: frames
 */
/** @typedef {{ moved: () => void, failed: (sentence: string) => void }} Owner moved: points are somewhere else */

export class Forming {
  /** @param {ParentNode} root @param {Owner} owner */
  constructor(root, owner) {
    this.owner = owner;
    this.root = find(root, ".forming");
    this.button = find(root, ".play", HTMLButtonElement);
    this.slider = find(root, ".epoch", HTMLInputElement);
    this.sentence = find(root, ".forming-said");
    this.closed = false;
    this.url = "";
    this.timer = this.frame = 0;
    this.at = 0; // frames, with the way to the next one as a fraction
    this.frames = /** @type {Frames | null} */ (null);
    this.points = new Float32Array(); // where they are now
    this.bounds = /** @type {Bounds} */ ([]);
    this.widening = /** @type {{ from: Bounds, goal: Bounds, since: number } | null} */ (null);
    this.playing = /** @type {{ since: number, from: number } | null} */ (null);
    this.arriving = /** @type {{ from: Float32Array, since: number } | null} */ (null);
    this.button.addEventListener("click", () => (this.playing ? this.pause() : this.play()));
    this.slider.addEventListener("input", () => this.scrub());
    this.slider.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {string | null} address */
  update(address) {
    this.root.hidden = !address;
    const url = address ? rooted(address) : "";
    if (url === this.url) return;
    this.url = url;
    this.frames = null;
    this.points = new Float32Array();
    this.pause();
    clearTimeout(this.timer);
    setText(this.sentence, url ? "Fetching the epochs." : "");
    this.button.disabled = this.slider.disabled = true;
    if (url) this.poll();
  }

  async poll() {
    const { url } = this;
    const known = this.frames?.version ?? "";
    const reply = await fetch(`${url}${url.includes("?") ? "&" : "?"}known=${encodeURIComponent(known)}`)
      .then((got) => got.json())
      .catch(() => ({ error: "The server did not answer; it is asked again." }));
    if (this.closed || url !== this.url) return;
    if (reply.error) this.fail(String(reply.error).slice(0, 300));
    else if (!reply.same) this.take(reply);
    if (reply.error || this.frames?.training) this.timer = setTimeout(() => this.poll(), reply.error ? 3 * POLL : POLL);
  }

  /** @param {string} error */
  fail(error) {
    if (!this.frames) this.owner.failed(error);
    setText(this.sentence, error);
  }

  /** @param {Reply} reply */
  take(reply) {
    const points = floatsOf(reply.points);
    const labels = bytesOf(reply.labels);
    const count = reply.steps.length;
    if (!count || points.length !== 2 * reply.n * count || labels.length !== reply.n) {
      return this.fail("What the server sent is not of these epochs: reload the page.");
    }
    const followed = !this.frames || this.at >= this.last - 0.01;
    const shown = this.points;
    const { steps, epochs, training, n, version } = reply;
    this.frames = { steps, epochs, training, n, version, points, labels, count };
    this.points = new Float32Array(2 * n);
    this.widen(Array.from({ length: count }, (_, i) => boundsOf(points.subarray(2 * n * i, 2 * n * (i + 1)))));
    this.slider.max = String(this.last);
    this.slider.disabled = this.button.disabled = count < 2;
    // All epochs may lie a little differently with the new one: what is shown travels to where it is now.
    this.arriving = shown.length === 2 * n ? { from: shown, since: performance.now() } : null;
    this.go(followed ? this.last : Math.min(this.at, this.last));
    if (this.arriving) this.tick();
  }

  get last() {
    return (this.frames?.count ?? 1) - 1;
  }

  /** The view holds all epochs, so that nothing jumps; towards wider ones it eases. @param {Bounds[]} all */
  widen(all) {
    const goal = around(all);
    this.widening = this.bounds.length ? { from: this.bounds, goal, since: performance.now() } : null;
    if (this.widening) this.tick();
    else this.bounds = goal;
  }

  play() {
    if (this.last < 1) return;
    if (this.at >= this.last) this.at = 0;
    this.playing = { since: performance.now(), from: this.at };
    this.mark();
    this.tick();
  }

  pause() {
    this.playing = this.arriving = null;
    this.mark();
  }

  mark() {
    setText(this.button, this.playing ? "Pause" : "Play");
  }

  scrub() {
    this.pause();
    this.go(Number(this.slider.value));
  }

  /** Keys go from epoch to epoch; a hand may rest between two. @param {KeyboardEvent} event */
  key(event) {
    const { last, at } = this;
    /** @type {Record<string, number>} */
    const goals = { ArrowLeft: Math.ceil(at) - 1, ArrowRight: Math.floor(at) + 1, Home: 0, End: last };
    Object.assign(goals, { ArrowDown: goals.ArrowLeft, ArrowUp: goals.ArrowRight });
    if (!(event.key in goals)) return;
    event.preventDefault();
    this.pause();
    this.go(clamp(goals[event.key], 0, last));
  }

  tick() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame((now) => {
      if (this.closed || !this.frames) return;
      const { widening, playing, arriving } = this;
      if (widening) {
        const t = clamp((now - widening.since) / WIDENS);
        const mix = (/** @type {number} */ a, /** @type {number} */ b) => a + (b - a) * eased(t);
        this.bounds = widening.from.map(({ low, high }, axis) => ({
          low: mix(low, widening.goal[axis].low),
          high: mix(high, widening.goal[axis].high),
        }));
        if (t === 1) this.widening = null;
      }
      if (playing) {
        const pace = Math.min(A_FRAME, WHOLE / this.last);
        const at = Math.min(this.last, playing.from + Math.max(0, now - playing.since) / pace);
        if (at >= this.last) this.pause();
        this.go(at);
      } else if (arriving) this.go(this.at);
      else if (widening) this.owner.moved();
      if (this.playing || this.widening || this.arriving) this.tick();
    });
  }

  /** @param {number} at */
  go(at) {
    if (!this.frames) return;
    this.at = at;
    const { points, n, epochs, steps } = this.frames;
    const from = Math.min(this.last, Math.floor(at));
    const t = eased(at - from);
    const [a, b] = [2 * n * from, 2 * n * Math.min(this.last, from + 1)];
    for (let i = 0; i < 2 * n; i++) this.points[i] = points[a + i] + t * (points[b + i] - points[a + i]);
    if (this.arriving) this.arrive(this.arriving);
    const near = Math.round(at);
    const epoch = `Epoch ${told(epochs[near])} of ${told(epochs[this.last])}, step ${grouped(steps[near])}`;
    this.slider.value = String(at);
    this.slider.setAttribute("aria-valuetext", epoch);
    setText(this.sentence, `${epoch}: ${grouped(n)} test digits.${this.frames.training ? " The run is training." : ""}`);
    this.owner.moved();
  }

  /** @param {{ from: Float32Array, since: number }} arriving */
  arrive({ from, since }) {
    const t = eased(clamp((performance.now() - since) / ARRIVES));
    for (let i = 0; i < from.length; i++) this.points[i] = from[i] + t * (this.points[i] - from[i]);
    if (t === 1) this.arriving = null;
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
  }
}

/** @param {number} t */
const eased = (t) => t * t * (3 - 2 * t);
