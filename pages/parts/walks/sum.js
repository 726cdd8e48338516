// @ts-check
// A code, and some times the difference between two others added to it.

import { parts, sent, short, distanceWords } from "./codes.js";
import { Pictures } from "./pictures.js";
import { StripSlider } from "./strip.js";
import { node, setText } from "../web/dom.js";
import { bytesOf, floatsOf, pictureOf } from "../web/pixels.js";

/** @import Walk from "./stage.js" */
/** @import { Common } from "./stage.js" */
/** @import { Place } from "../web/types.js" */

/**
 * @typedef {{ code: string, minus: string, plus: string, titles: string[], limit: number, steps: number }} Own
 * the codes as base64 of float32; limit: of the amount, both ways
 */
/** @typedef {Common & Own} Data */

export class Sum {
  /** @param {Walk} walk */
  constructor(walk) {
    this.walk = walk;
    this.ask = walk.latest();
    this.name = "";
    this.code = this.minus = this.plus = new Float32Array();
    this.amount = 1; // how many times the difference is added
    this.shown = /** @type {{ root: HTMLElement, pictures: Pictures }[]} */ ([]);
    this.strip = /** @type {StripSlider | null} */ (null);
    this.places = /** @type {(Place | null)[] | null} */ (null); // of what is on the strip
    this.root = node("div", "sum");
    this.terms = node("div", "terms");
    this.under = node("div", "sum-slider");
    this.value = node("span", "card-value");
    this.distance = node("p", "reads");
    this.root.append(this.terms, this.under);
  }

  /** @param {Data} data */
  update(data) {
    if (data.name === this.name) return;
    this.name = data.name;
    this.code = floatsOf(data.code);
    this.minus = floatsOf(data.minus);
    this.plus = floatsOf(data.plus);
    this.shown = ["", "−", "+", "="].map((sign, i) => this.term(sign, data.titles[i] ?? "the sum", i === 3));
    this.terms.replaceChildren(...this.shown.map(({ root }) => root));
    const strip = new StripSlider(this.walk, {
      label: "How many times the difference is added", low: -data.limit, high: data.limit, value: this.amount,
      steps: data.steps, step: 0.05,
      code: (amount) => this.at(amount),
      moved: (amount) => this.move(amount),
      rested: (amount) => this.walk.tell({ amount }),
    });
    this.strip = strip;
    const said = node("p", "card-head");
    said.append(node("b", "", "Times the difference"), this.value);
    this.under.replaceChildren(said, strip.root, this.distance);
    this.places = null;
    this.first(strip);
    this.move(this.amount);
  }

  /** @param {string} sign @param {string} title @param {boolean} large */
  term(sign, title, large) {
    const root = node("figure", large ? "term result" : "term");
    const pictures = new Pictures(1, 1);
    pictures.canvas.setAttribute("role", "img");
    pictures.canvas.ariaLabel = title;
    if (large) pictures.canvas.dataset.testid = "sum-screen";
    const row = node("div", "term-row");
    row.append(node("span", "sign", sign), pictures.canvas);
    root.append(row, node("figcaption", "", title));
    return { root, pictures };
  }

  /** @param {number} amount */
  at(amount) {
    return this.code.map((value, i) => value + amount * (this.plus[i] - this.minus[i]));
  }

  /**
   * The terms themselves, and the strip with its way over the map: they stay the same while the slider moves.
   * @param {StripSlider} strip
   */
  async first(strip) {
    const { name, walk } = this;
    const codes = [this.code, this.minus, this.plus, ...strip.codes()].map(sent);
    /** @type {(Place | null)[]} */
    const places = [];
    for (const part of parts(codes, walk.data.most.placed)) {
      const reply = await walk.ask({ kind: "code", codes: part.codes, map: walk.place });
      if (walk.closed || reply.error || name !== this.name) return;
      const images = bytesOf(reply.images);
      part.codes.forEach((_, i) => {
        const place = part.from + i;
        const image = pictureOf(images, i);
        if (place < 3) this.shown[place].pictures.paint(image);
        else strip.pictures.paint(image, place - 3);
      });
      places.push(...reply.places);
    }
    this.places = places.slice(3);
    this.move(this.amount);
  }

  /** @param {number} amount */
  move(amount) {
    this.amount = amount;
    setText(this.value, short(amount));
    const { name } = this;
    this.ask({ kind: "code", codes: [sent(this.at(amount))], map: this.walk.place, distance: true }, (reply) => {
      if (name !== this.name) return;
      const { pictures } = this.shown[3];
      pictures.paint(bytesOf(reply.images));
      pictures.canvas.dataset.amount = String(amount);
      setText(this.distance, distanceWords(reply.distance[0]));
      this.strip?.announce(this.places, reply.places[0]);
    });
  }

  close() {}
}
