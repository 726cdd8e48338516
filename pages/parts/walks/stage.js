// @ts-check
// Where a walk stands in the page: its line to the models, what it tells the page, and the word to the maps.

import { Choose } from "./choose.js";
import { Film } from "./film.js";
import { Grid } from "./grid.js";
import { Sliders } from "./sliders.js";
import { Sum } from "./sum.js";
import { find, node, setText } from "../web/dom.js";
import { Latest } from "../web/latest.js";
import { Line } from "../web/line.js";

/** @import { DigitColors, MapName, Place, Reply, SetState } from "../web/types.js" */

/**
 * @typedef {{
 *   kind: keyof typeof WALKS, name: string, map: Required<MapName>, palette: DigitColors, classes: string[],
 *   most: { codes: number, placed: number }, reply: Reply | null
 * }} Common what the page sends of every walk; each has more
 * name: changes with what it begins from; most: codes of one question, and of one that asks where they lie
 */
/** @typedef {{ root: HTMLElement, update: (data: any) => void, close: () => void }} Panel */

const WALKS = { film: Film, sliders: Sliders, sum: Sum, grid: Grid, choose: Choose };

export default class Walk {
  /** @param {HTMLElement} parent @param {Common} data */
  constructor(parent, data) {
    this.data = data;
    /** @type {SetState} */
    this.setState = () => {};
    this.root = find(parent, ".walk");
    this.note = node("p", "note");
    this.note.role = "status";
    this.closed = this.heard = false;
    this.line = /** @type {Line | null} */ (null);
    this.kind = data.kind;
    this.panel = this.show(data.kind);
  }

  /** @param {keyof typeof WALKS} kind @returns {Panel} */
  show(kind) {
    const panel = new WALKS[kind](this);
    this.root.replaceChildren(panel.root, this.note);
    return panel;
  }

  /** @param {Common} data @param {SetState} setState */
  update(data, setState) {
    this.data = data;
    this.setState = setState;
    if (data.kind !== this.kind) {
      this.panel.close();
      this.kind = data.kind;
      this.panel = this.show(data.kind);
    }
    if (data.reply) this.line?.heard(data.reply);
    this.panel.update(data);
  }

  // ---- questions; the line is opened with the first

  /** @param {object} question @returns {Promise<Reply>} */
  async ask(question) {
    this.line ??= new Line({
      page: (asked) => this.setState("ask", asked),
      say: (sentence) => this.say(sentence),
      ready: () => {},
    });
    const reply = await this.line.ask({ ...question, run: this.data.map.run });
    if (reply.error && !this.closed) this.say(reply.error);
    return reply;
  }

  /** A way to ask questions of which only the latest matters. */
  latest() {
    const queue = new Latest(() => !this.closed);
    /** @param {object} question @param {(reply: Reply) => void} answered */
    const ask = (question, answered) =>
      queue.run(async () => {
        const reply = await this.ask(question);
        if (!this.closed && !reply.error) answered(reply);
      });
    return ask;
  }

  /** Where codes of a question come to lie. */
  get place() {
    const { method, sample } = this.data.map;
    return { method, sample };
  }

  /** @param {string} sentence */
  say(sentence) {
    setText(this.note, sentence);
  }

  /** What the page is to know; it is kept until something else is told. @param {object} said */
  tell(said) {
    this.setState("said", said);
  }

  // ---- where the walk is: every map of this run that the page shows draws it

  /** @param {Place[]} path @param {number | null} at */
  announce(path, at = null, label = "") {
    this.heard = true;
    const detail = { ...this.data.map, path, at, label };
    window.digitlabWalk = detail;
    window.dispatchEvent(new CustomEvent("digitlab:walk", { detail }));
  }

  close() {
    this.closed = true;
    this.panel.close();
    this.line?.close();
    if (this.heard) this.announce([]);
  }
}
