// @ts-check
// A grid of decoded codes, middle + temperature x step each; where the pointer is, the map shows its place.

import { parts, sent } from "./codes.js";
import { Pictures } from "./pictures.js";
import { node, setText, slider } from "../web/dom.js";
import { Latest } from "../web/latest.js";
import { bytesOf, floatsOf } from "../web/pixels.js";

/** @import Walk from "./stage.js" */
/** @import { Common } from "./stage.js" */

/**
 * @typedef {Common & { label: string, mean: string, steps: string, columns: number, hot: boolean }} Data
 * mean: of k numbers, steps: of n times k, both base64 of float32
 */

export class Grid {
  /** @param {Walk} walk */
  constructor(walk) {
    this.walk = walk;
    this.ask = walk.latest();
    this.drawings = new Latest(() => !walk.closed);
    this.name = "";
    this.mean = this.steps = new Float32Array();
    this.count = 0;
    this.pictures = /** @type {Pictures | null} */ (null);
    this.pointed = -1;
    this.temperature = 1;
    this.root = node("div", "grid");
    this.head = node("p", "card-head");
    this.value = node("span", "card-value");
    this.range = slider("Temperature", 0, 2, 0.05, 1);
    this.range.oninput = () => this.heat(Number(this.range.value));
    this.hot = node("label", "heat");
    this.hot.append(node("span", "", "Temperature"), this.range, this.value);
    this.body = node("div", "grid-body");
    this.root.append(this.head, this.hot, this.body);
  }

  /** @param {Data} data */
  update(data) {
    if (data.name === this.name) return;
    this.name = data.name;
    this.mean = floatsOf(data.mean);
    this.steps = floatsOf(data.steps);
    this.count = this.steps.length / this.mean.length;
    this.hot.hidden = !data.hot;
    this.head.replaceChildren(node("b", "", data.label));
    if (this.pictures?.count !== this.count) {
      const pictures = (this.pictures = new Pictures(data.columns, this.count, data.hot ? "" : "dense"));
      const { canvas } = pictures;
      canvas.setAttribute("role", "img");
      canvas.dataset.testid = "grid-screen";
      canvas.onpointermove = canvas.onpointerdown = (event) => this.point(pictures.at(event));
      canvas.onpointerleave = () => this.walk.announce([], null);
      this.body.replaceChildren(canvas);
    }
    this.pictures.canvas.ariaLabel = data.label;
    this.heat(this.temperature);
  }

  /** @param {number} place */
  code(place) {
    const k = this.mean.length;
    return this.mean.map((middle, i) => middle + this.temperature * this.steps[place * k + i]);
  }

  /** All pictures anew; one round of questions at a time, the latest next. @param {number} temperature */
  heat(temperature) {
    this.temperature = temperature;
    setText(this.value, temperature.toFixed(2));
    this.drawings.run(() => this.draw());
  }

  async draw() {
    const { pictures, temperature } = this;
    const codes = Array.from({ length: this.count }, (_, place) => sent(this.code(place)));
    /** @type {[Uint8Array, number][]} */
    const drawn = [];
    for (const part of parts(codes, this.walk.data.most.codes)) {
      const reply = await this.walk.ask({ kind: "code", codes: part.codes });
      if (this.walk.closed || reply.error) return;
      drawn.push([bytesOf(reply.images), part.from]);
    }
    if (!pictures) return;
    for (const [images, from] of drawn) pictures.paint(images, from); // all of one temperature in one frame
    pictures.canvas.dataset.drawn = String(temperature);
  }

  /** @param {number | null} place */
  point(place) {
    if (place === null || place === this.pointed) return;
    this.pointed = place;
    this.ask({ kind: "code", codes: [sent(this.code(place))], map: this.walk.place }, (reply) => {
      if (reply.places[0]) this.walk.announce([reply.places[0]], 0);
    });
  }

  close() {}
}
