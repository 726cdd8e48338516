// @ts-check
// What is at the pointer: the digit of the nearest point, and what the decoder draws for the very place. One question
// at a time goes to the server, the pointer's before the plane's, the latest place before older ones.

import { find, setText } from "../web/dom.js";
import { Latest } from "../web/latest.js";
import { Line } from "../web/line.js";
import { bytesOf, erase, paintPicture, PICTURE } from "../web/pixels.js";

/** @import { Question } from "./painting/plane.js" */
/** @import { Owner as LineOwner } from "../web/line.js" */
/** @import { Place, Reply } from "../web/types.js" */

const GAP = 18; // CSS pixels between pointer and panel
const AFTER_HOVER = 120; // ms without a question of the pointer until the plane asks one
// Of the distance, in typical distances between a code and its nearest other: half of all digits that a model never saw
// are below 1; of codes of many numbers hardly any is above 1.5, of codes of two few are above 3.
const [AMONG, BETWEEN] = [1, 2.5];
const STRANGEST = 5; // where the bar ends

/** A line of which only `ask` matters to who asks. @typedef {Pick<Line, "ask" | "ready" | "close" | "heard">} Asked */

export class Asker {
  /**
   * plane: what to ask while the pointer rests.
   * @param {() => Question | null} plane @param {(owner: LineOwner) => Asked} connect
   */
  constructor(plane, connect = (owner) => new Line(owner)) {
    this.plane = plane;
    this.timer = 0;
    this.hovered = -Infinity; // when the pointer asked last
    this.questions = new Latest(
      () => Boolean(this.line?.ready),
      () => this.idle(),
    );
    this.line = /** @type {Asked | null} */ (null);
    this.line = connect({
      // There is no way round through the page here: a pointer would have moved on.
      page: (question) => queueMicrotask(() => this.refuse(/** @type {Reply} */ (question).seq)),
      say: () => {},
      ready: () => this.pump(),
    });
  }

  /** @param {number} [seq] */
  refuse(seq) {
    this.line?.heard({ seq, error: "There is no live connection now; it is tried again." });
  }

  /** @param {object} question @param {(reply: Reply) => void} heard */
  hover(question, heard) {
    this.questions.run(() => {
      this.hovered = performance.now();
      return this.put({ question, heard });
    });
  }

  forget() {
    this.questions.forget();
  }

  pump() {
    this.questions.pump();
  }

  /** The plane's turn comes once the pointer rests. */
  idle() {
    clearTimeout(this.timer);
    const held = this.hovered + AFTER_HOVER - performance.now();
    if (held > 0) {
      this.timer = setTimeout(() => this.pump(), held + 1);
      return null;
    }
    const next = this.plane();
    return next && (() => this.put(next));
  }

  /** @param {Question} next */
  async put({ question, heard }) {
    const reply = await this.line?.ask(question);
    if (reply && !this.questions.closed) heard(reply);
  }

  close() {
    this.questions.close();
    clearTimeout(this.timer);
    this.line?.close();
  }
}

/**
 * @typedef {{
 *   row: number, grey: Uint8Array | null, name: string, words: string, decodes: boolean
 * }} Shown
 * row: of the digit, -1 where there is none; decodes: whether the decoder answers, too
 */

export class HoverPanel {
  /** @param {ParentNode} root */
  constructor(root) {
    this.root = find(root, ".hover");
    this.named = find(this.root, ".hover-digit figcaption");
    this.told = find(this.root, ".hover-decoded figcaption");
    this.bar = find(this.root, ".far i");
    this.words = find(this.root, ".hover-words");
    this.digit = find(this.root, ".hover-digit canvas", HTMLCanvasElement);
    this.decoded = find(this.root, ".hover-decoded canvas", HTMLCanvasElement);
    this.size = [0, 0];
    this.measured = ""; // what the size was measured of
    this.error = "";
    this.answers = 0;
  }

  /** @param {Shown} shown @param {Place} at the pointer @param {Place} box the size around the maps */
  show(shown, at, box) {
    const { root } = this;
    root.classList.toggle("lone", !shown.decodes);
    root.classList.toggle("empty", shown.row < 0);
    if (!shown.decodes && shown.row < 0) return this.hide();
    if (shown.row >= 0) {
      if (shown.grey) paintPicture(this.digit, shown.grey);
      else erase(this.digit);
      root.dataset.row = String(shown.row);
    } else delete root.dataset.row;
    root.dataset.drawn = shown.row < 0 || shown.grey ? "yes" : "";
    setText(this.named, shown.row < 0 ? "no digit here" : shown.name);
    setText(this.words, [shown.words, shown.decodes ? this.error : ""].filter(Boolean).join("; "));
    if (root.hidden) {
      root.hidden = false;
      this.measured = "";
    }
    const size = `${root.className} ${this.words.textContent?.length}`;
    if (this.measured !== size) {
      this.measured = size;
      this.size = [root.offsetWidth, root.offsetHeight];
    }
    root.style.transform = beside(at, box, this.size);
  }

  /** The answer of the decoder: {image, distance, exact} or {error}. @param {Reply} reply */
  decode(reply) {
    const grey = reply.image ? bytesOf(reply.image) : null;
    if (grey?.length !== PICTURE) {
      erase(this.decoded);
      this.bar.style.width = "0";
      this.error = String(reply.error ?? "").slice(0, 200);
      return setText(this.told, "not decoded");
    }
    this.error = "";
    paintPicture(this.decoded, grey);
    const unknown = reply.distance === undefined; // how far real digits are is known with their codes
    const far = Number.isFinite(reply.distance) ? reply.distance : Infinity;
    const mark = unknown ? "unknown" : markOf(far);
    this.bar.style.width = unknown ? "0" : `${Math.round(100 * Math.min(1, far / STRANGEST))}%`;
    setText(this.told, reply.exact === false ? `${MARKS[mark]}; estimated` : MARKS[mark]);
    this.answers += 1;
    Object.assign(this.root.dataset, { mark, answers: this.answers });
  }

  hide() {
    this.root.hidden = true;
  }
}

/**
 * Where a panel of a size stands: inside of the box around the maps, and never under the pointer.
 * @param {Place} at @param {Place} box @param {number[]} size
 */
export function beside([left, top], [width, height], [w, h]) {
  const side = left + GAP + w <= width ? left + GAP : left - GAP - w;
  // Where there is no room at either side it goes above or below the pointer.
  const narrow = side < 0;
  const x = narrow ? Math.max(0, Math.min(left - w / 2, width - w)) : side;
  const above = top - GAP - h >= 0 ? top - GAP - h : top + 2 * GAP;
  const y = narrow ? above : Math.max(0, Math.min(top - h / 2, height - h));
  return `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
}

const MARKS = { among: "among real digits", between: "between real digits", far: "far from any real digit", unknown: "decoded" };

/** @param {number} distance @returns {"among" | "between" | "far"} */
export const markOf = (distance) => (distance <= AMONG ? "among" : distance <= BETWEEN ? "between" : "far");
