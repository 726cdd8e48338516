// @ts-check
// Figures and numbers that follow a slider before the next frame is painted. Python has sent what they are at each of
// its positions, and hears of one when the hand rests.

import Figure from "./figure.js";
import { frameAt, nearest } from "./frames.js";
import { forgetPainted, movingTraces, paintQuickly } from "./quick.js";
import { button, find, node, setText } from "../web/dom.js";

/** @import { Content } from "./frames.js" */
/** @import { SetState } from "../web/types.js" */
/** @typedef {{ title: string, value: number, tip: string }} Stop */
/**
 * @typedef {{
 *   content: string, name: string, label: string, hint: string, turn: number, start: number, stops: Stop[],
 *   beside: boolean
 * }} Data
 * turn: grows whenever Python moves the slider, to start
 */
/** @typedef {{ view: Figure, caption: HTMLElement, traces: number[] | null }} Shown traces: that can be painted quickly */

const REST = 150; // ms after the last move

/** Where each slider is, for when its element is made anew. @type {Map<string, { turn: number, value: number }>} */
const hands = new Map();

export default class MovingFigures {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.root = find(parent, ".mf-root");
    this.range = /** @type {HTMLInputElement} */ (find(this.root, ".mf-range"));
    this.figures = find(this.root, ".mf-figures");
    this.numbers = find(this.root, ".mf-numbers");
    this.shell = find(this.root, ".lf-root"); // what each figure is made of
    this.shell.remove();
    this.shell.classList.remove("digitlab-waits");
    this.setState = /** @type {SetState} */ (() => {});
    this.data = /** @type {Data | null} */ (null);
    this.content = /** @type {Content} */ ({ values: [], texts: [], names: [], numbers: [], figures: [] });
    this.shown = /** @type {Shown[]} */ ([]);
    this.hand = { turn: -1, value: 0 };
    this.paper = ""; // the theme's, on which the figures were drawn
    this.told = NaN; // the value that Python knows
    this.held = false; // by a pointer
    this.timer = 0;
    this.frame = 0;
    this.range.addEventListener("pointerdown", () => (this.held = true));
    this.range.addEventListener("input", () => this.move(this.content.values[Number(this.range.value)]));
    this.range.addEventListener("change", () => {
      if (this.held) this.rest(); // it was let go; a key says so with every step
      this.held = false;
    });
  }

  /** @param {Data} data @param {SetState} setState */
  update(data, setState) {
    const old = this.data;
    this.data = data;
    this.setState = setState;
    if (data.content !== old?.content) this.take(JSON.parse(data.content));
    const known = hands.get(data.name);
    if (known?.turn !== data.turn) {
      this.hand = { turn: data.turn, value: data.start };
      this.told = data.start;
      clearTimeout(this.timer);
    } else this.hand = known;
    hands.set(data.name, this.hand);
    this.root.classList.toggle("mf-beside", data.beside);
    this.range.setAttribute("aria-label", data.label);
    this.range.setAttribute("aria-description", data.hint);
    setText(find(this.root, ".mf-label b"), data.label);
    setText(find(this.root, ".mf-label span"), data.hint);
    this.offer(data.stops);
    const paper = getComputedStyle(this.root).getPropertyValue("--st-background-color");
    // Every run of the page calls this, also the one that was asked for when the hand rested.
    if (data.content !== old?.content || data.turn !== old.turn || paper !== this.paper) this.show();
    this.paper = paper;
  }

  /** @param {Content} content */
  take(content) {
    this.content = content;
    this.range.max = String(content.values.length - 1);
    this.root.style.setProperty("--figures", String(content.figures.length));
    while (this.shown.length > content.figures.length) {
      const { view, caption } = /** @type {Shown} */ (this.shown.pop());
      view.close();
      caption.parentElement?.remove();
    }
    for (const moving of content.figures.slice(this.shown.length)) {
      const [place, caption] = [node("figure", "mf-figure"), node("figcaption")];
      place.append(this.shell.cloneNode(true), caption);
      this.figures.append(place);
      const shown = { view: new Figure(place, moving), caption, traces: null };
      shown.view.drawn = (drawn) => this.drawn(shown, drawn);
      this.shown.push(shown);
    }
    content.figures.forEach(({ moving }, i) => (this.shown[i].traces = movingTraces(moving)));
    this.numbers.replaceChildren(...content.names.map((name) => {
      const pair = node("div");
      pair.append(node("dt", "", name), node("dd"));
      return pair;
    }));
    this.numbers.hidden = !content.names.length;
  }

  /** Buttons, and a tick on the track at each. @param {Stop[]} stops */
  offer(stops) {
    const last = this.content.values.length - 1 || 1;
    find(this.root, ".mf-stops").replaceChildren(...stops.map(({ title, value, tip }) => {
      const made = button(title, "", () => {
        this.move(value);
        this.rest();
      });
      made.title = tip;
      return made;
    }));
    find(this.root, ".mf-ticks").replaceChildren(...stops.map(({ value }) => {
      const tick = node("i");
      tick.style.setProperty("--at", String(nearest(this.content.values, value) / last));
      return tick;
    }));
  }

  /** @param {number} value */
  move(value) {
    this.hand.value = value;
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.show(true);
    });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.rest(), REST);
  }

  /** Tell Python, once for each value, and have Plotly draw: then it knows what is below a pointer. */
  rest() {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.show();
    const { turn, value } = this.hand;
    if (value === this.told) return;
    this.told = value;
    this.setState("at", { turn, value });
  }

  show(quickly = false) {
    const { values, texts, numbers, figures } = this.content;
    const at = nearest(values, this.hand.value);
    this.range.value = String(at);
    this.range.setAttribute("aria-valuetext", texts[at]);
    setText(find(this.root, ".mf-value"), texts[at]);
    numbers[at].forEach((text, i) => setText(find(this.numbers.children[i], "dd"), text));
    figures.forEach((moving, i) => {
      const frame = frameAt(moving, at);
      const { view, caption, traces } = this.shown[i];
      setText(caption, frame.label);
      if (!quickly || !traces) view.update(frame, () => {});
      else {
        view.data = frame;
        this.paint(this.shown[i]);
      }
    });
    this.root.dataset.shown = String(at);
  }

  /** @param {Shown} shown */
  paint({ view, traces }) {
    if (!paintQuickly(view.plot, traces ?? [], view.data.figure.data)) view.draw();
  }

  /** The hand may have moved on while Plotly drew. @param {Shown} shown @param {object} drawn */
  drawn(shown, drawn) {
    forgetPainted(shown.view.plot);
    if (shown.view.data !== drawn) this.paint(shown);
  }

  close() {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    for (const { view } of this.shown) view.close();
  }
}
