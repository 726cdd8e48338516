// @ts-check
// The first minute: before anybody has drawn, a digit writes itself on the pad and everything follows it, until a person
// touches anything; and examples that are written for who asks for them.

import { EXAMPLES, FIRST } from "./examples.js";
import { inkLength } from "./strokes.js";
import { button, find, listen } from "../web/dom.js";

/** @import { Ink } from "./ink.js" */
/** @import { Stroke } from "./strokes.js" */

const PACE = 60; // points a second, about as fast as one writes
const LIFTED = 20; // points that could be drawn while the pen is up between two strokes
const BEGINNING = 12; // points that are asked about first: once there is an answer, the rest follows
const SPEED = 1.2; // pad units of ink a second, where an example is written
const TOUCHES = /** @type {const} */ (["pointerdown", "keydown", "click", "input", "paste", "dragover", "drop"]);

let over = false; // once for each load of the page

export class Demo {
  /**
   * answered: whether a question was; tell: what an example is about, "" once something else is done.
   * @param {ParentNode} root @param {Ink} ink @param {() => boolean} answered @param {(why: string) => void} tell
   */
  constructor(root, ink, answered, tell) {
    this.ink = ink;
    this.answered = answered;
    this.frame = 0;
    this.playing = false;
    this.listening = new AbortController(); // while the first digit writes itself
    this.living = new AbortController();
    const row = find(root, ".tries");
    for (const part of [".paper", ".tools"]) {
      for (const type of TOUCHES) listen(find(root, part), type, () => tell(""), this.living.signal);
    }
    for (const example of EXAMPLES) {
      const { name } = example;
      const made = button(name, "try", () => {
        this.write(example.strokes);
        tell(example.why);
      });
      made.dataset.testid = `try-${name.split(" ").at(-1)}`;
      row.append(made);
    }
  }

  close() {
    this.end();
    this.living.abort();
  }

  /** Write the first digit, unless somebody has drawn, or wants nothing to move. */
  play() {
    if (over || this.playing || this.ink.stamp || this.ink.strokes.length || calm()) return;
    this.playing = true;
    const { signal } = this.listening;
    for (const type of TOUCHES) window.addEventListener(type, () => this.end(), { signal, capture: true });
    let shown = 0;
    let since = 0;
    this.animate((now) => {
      since ||= this.answered() ? now : 0;
      const count = BEGINNING + (since ? Math.floor(((now - since) / 1000) * PACE) : 0);
      if (count === shown) return true;
      shown = count;
      const strokes = pointsUpTo(FIRST, count);
      if (!this.ink.lend(strokes)) this.end();
      return this.playing && inkLength(strokes) < inkLength(FIRST);
    });
  }

  /** It goes at once, and does not come back. */
  end() {
    cancelAnimationFrame(this.frame);
    if (!this.playing) return;
    over = true;
    this.playing = false;
    this.listening.abort();
    this.ink.dismiss();
  }

  /** As a drawing of the person's: it can be undone. @param {Stroke[]} strokes */
  write(strokes) {
    const { ink } = this;
    cancelAnimationFrame(this.frame);
    ink.replace(strokes, ink.brushWidth);
    if (calm()) return;
    const since = performance.now();
    const seconds = inkLength(strokes) / SPEED;
    let last = 1;
    this.animate((now) => {
      if (ink.fraction !== last) return false; // somebody draws, or looks at a part of it
      last = Math.min(1, Math.max(0.02, (now - since) / 1000 / seconds));
      ink.scrub(last);
      return last < 1;
    });
  }

  /** @param {(now: number) => boolean} step in each frame, for as long as it says so */
  animate(step) {
    this.frame = requestAnimationFrame((now) => {
      if (step(now)) this.animate(step);
    });
  }
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * What a pen has drawn of strokes in the time of so many points.
 * @param {Stroke[]} strokes @param {number} count
 */
export function pointsUpTo(strokes, count) {
  const drawn = [];
  let left = count;
  for (const stroke of strokes) {
    if (left <= 0) break;
    drawn.push(stroke.slice(0, left));
    left -= stroke.length + LIFTED;
  }
  return drawn;
}
