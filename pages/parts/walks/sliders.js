// @ts-check
// One slider for each number of a code, strongest first; the picture follows them at pointer speed.

import { parts, sent, short, distanceWords } from "./codes.js";
import { Pictures } from "./pictures.js";
import { StripSlider } from "./strip.js";
import { button, clamp, node, setText } from "../web/dom.js";
import { bytesOf, floatsOf, pictureOf } from "../web/pixels.js";

/** @import Walk from "./stage.js" */
/** @import { Common } from "./stage.js" */
/** @import { Place } from "../web/types.js" */

const REST = 150; // ms after the last change until the strips of the other numbers follow

/**
 * @typedef {{
 *   label: string, code: string, low: string, high: string, mean: string, spread: string, strength: string,
 *   order: number[], shown: number, steps: number
 * }} Own of these sliders
 * code: base64 of float32, as the five after it; strength: how much each number changes the picture; order: of the
 * numbers, strongest first; shown: so many at a time; steps: pictures of a strip
 */
/** @typedef {Common & Own} Data */
/** @typedef {{ strip: StripSlider, value: HTMLElement, drawn: number }} One drawn: the version its strip shows */

const NONE = new Float32Array();

export class Sliders {
  /** @param {Walk} walk @param {Data} data */
  constructor(walk, data = /** @type {Data} */ (walk.data)) {
    this.walk = walk;
    this.data = data;
    this.ask = walk.latest();
    this.name = "";
    this.low = this.high = this.mean = this.spread = this.strength = this.base = this.code = NONE;
    this.sliders = /** @type {Map<number, One>} */ (new Map());
    this.visible = /** @type {Set<number>} */ (new Set());
    this.version = 0; // of the code, counted when it rests
    this.moving = /** @type {number | null} */ (null); // the number whose way over the map is known or asked for
    this.moved = -1; // at which version
    this.places = /** @type {(Place | null)[] | null} */ (null); // and the way
    this.filling = false;
    this.timer = 0;
    this.root = node("div", "sliders");
    this.screen = new Pictures(1, 1, "large");
    this.screen.canvas.setAttribute("role", "img");
    this.screen.canvas.dataset.testid = "sliders-screen";
    this.distance = node("p", "reads");
    const buttons = node("div", "buttons");
    buttons.append(button("Reset", "", () => this.start(this.base)), button("Random", "", () => this.random()));
    const left = node("div", "sliders-left");
    left.append(this.screen.canvas, this.distance, buttons);
    this.cards = node("div", "cards");
    this.more = button("", "more", () => this.add());
    const right = node("div", "sliders-right");
    right.append(this.cards, this.more);
    this.root.append(left, right);
    this.watcher = new IntersectionObserver((seen) => this.seen(seen), { rootMargin: "200px" });
  }

  /** @param {Data} data */
  update(data) {
    this.data = data;
    this.screen.canvas.ariaLabel = data.label;
    if (data.name === this.name) return;
    this.name = data.name;
    [this.low, this.high] = [data.low, data.high].map(floatsOf);
    [this.mean, this.spread, this.strength] = [data.mean, data.spread, data.strength].map(floatsOf);
    this.base = floatsOf(data.code);
    this.code = this.base.slice();
    this.watcher.disconnect();
    this.sliders = new Map();
    this.visible = new Set();
    this.version = 0;
    this.cards.replaceChildren();
    this.add();
    this.redraw();
  }

  add() {
    const from = this.sliders.size;
    const { order, shown, steps } = this.data;
    for (const place of order.slice(from, from + shown)) this.cards.append(this.card(place, steps));
    const left = order.length - this.sliders.size;
    this.more.hidden = !left;
    setText(this.more, `Show ${Math.min(left, shown)} more of ${left}`);
  }

  /** @param {number} place @param {number} steps */
  card(place, steps) {
    const [card, head] = [node("div", "card"), node("p", "card-head")];
    const [value, bar] = [node("span", "card-value"), node("i", "card-bar")];
    bar.style.width = `${84 * Math.sqrt(this.strength[place] / (Math.max(...this.strength) || 1))}px`;
    bar.title = "How much it changes this picture";
    head.append(node("b", "", `Number ${place + 1}`), bar, value);
    const [low, high] = [this.low[place], this.high[place]];
    const idle = !(high > low);
    card.append(head);
    const strip = new StripSlider(this.walk, {
      label: `Number ${place + 1}`, low: idle ? low - 1 : low, high: idle ? low + 1 : high, value: this.code[place], steps,
      code: (number) => this.with(place, number),
      moved: (number) => this.move(place, number),
      rested: () => this.rest(place),
    });
    strip.range.disabled = idle;
    card.classList.toggle("idle", idle);
    if (idle) card.append(node("p", "card-idle", "The same for every digit."));
    else card.append(strip.root);
    card.dataset.place = String(place);
    strip.range.onpointerdown = strip.range.onfocus = () => void this.way(place);
    this.sliders.set(place, { strip, value, drawn: idle ? Infinity : -1 });
    setText(value, short(this.code[place]));
    if (!idle) this.watcher.observe(card);
    return card;
  }

  /** @param {number} place @param {number} number */
  with(place, number) {
    const code = this.code.slice();
    code[place] = number;
    return code;
  }

  // ---- the picture

  /** @param {number} place @param {number} number */
  move(place, number) {
    if (this.moving !== place) this.way(place);
    this.code[place] = number;
    const own = this.sliders.get(place);
    if (own) setText(own.value, short(number));
    this.redraw(place);
  }

  /** @param {number} [place] the number that was changed */
  redraw(place) {
    this.ask({ kind: "code", codes: [sent(this.code)], map: this.walk.place, distance: true }, (reply) => {
      const { canvas } = this.screen;
      this.screen.paint(bytesOf(reply.images));
      canvas.dataset.drawn = String(Number(canvas.dataset.drawn ?? 0) + 1);
      setText(this.distance, distanceWords(reply.distance[0]));
      const strip = place === undefined ? null : this.sliders.get(place)?.strip;
      if (strip) strip.announce(this.moving === place ? this.places : null, reply.places[0]);
      else if (reply.places[0]) this.walk.announce([reply.places[0]], 0);
    });
  }

  /** The way of one number over the map, asked for when its slider is taken. @param {number} place */
  async way(place) {
    const { walk } = this;
    const own = this.sliders.get(place);
    if (!own || (this.moving === place && this.moved === this.version)) return;
    this.moving = place;
    this.moved = this.version;
    this.places = null;
    /** @type {(Place | null)[]} */
    const places = [];
    for (const part of parts(own.strip.codes().map(sent), walk.data.most.placed)) {
      const reply = await walk.ask({ kind: "code", codes: part.codes, map: walk.place });
      if (walk.closed || reply.error || this.moving !== place) return;
      places.push(...reply.places);
    }
    this.places = places;
  }

  /** @param {number | null} place the number that was changed */
  rest(place) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.version += 1;
      const own = place === null ? null : this.sliders.get(place);
      if (own) own.drawn = this.version; // its own strip shows all its values: it stays as it is
      this.fill();
    }, REST);
  }

  /** @param {Float32Array} code */
  start(code) {
    this.code = code.slice();
    for (const [place, { strip, value }] of this.sliders) {
      strip.set(this.code[place]);
      setText(value, short(this.code[place]));
    }
    this.moving = null;
    this.redraw();
    this.rest(null);
  }

  /** Each number on its own, as wide as it is for real digits; percentiles 1 and 99 are 4.65 deviations apart. */
  random() {
    const code = this.mean.map((middle, i) => {
      const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
      return clamp(middle + (normal * this.spread[i]) / 4.65, this.low[i], this.high[i]);
    });
    this.start(code);
  }

  // ---- the strips, as they come into view

  /** @param {IntersectionObserverEntry[]} entries */
  seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const place = Number(/** @type {HTMLElement} */ (target).dataset.place);
      if (isIntersecting) this.visible.add(place);
      else this.visible.delete(place);
    }
    this.fill();
  }

  async fill() {
    if (this.filling) return;
    this.filling = true;
    for (let old = this.stale(); !this.walk.closed && old.length; old = this.stale()) {
      const { version } = this;
      if (!(await this.strips(old.map(({ strip }) => strip)))) break;
      for (const one of old) one.drawn = version;
    }
    this.filling = false;
  }

  /** The sliders in view whose strips are of an older code, as many as fit into one question. */
  stale() {
    const size = Math.max(1, Math.floor(this.data.most.codes / this.data.steps));
    const seen = [...this.visible].map((place) => this.sliders.get(place)).filter((one) => one !== undefined);
    return seen.filter(({ drawn }) => drawn < this.version).slice(0, size);
  }

  /** @param {StripSlider[]} strips */
  async strips(strips) {
    const codes = strips.flatMap((strip) => strip.codes().map(sent));
    const { steps, most } = this.data;
    for (const part of parts(codes, most.codes)) {
      const reply = await this.walk.ask({ kind: "code", codes: part.codes });
      if (this.walk.closed || reply.error) return false;
      const images = bytesOf(reply.images);
      part.codes.forEach((_, i) => {
        const place = part.from + i;
        strips[Math.floor(place / steps)].pictures.paint(pictureOf(images, i), place % steps);
      });
    }
    return true;
  }

  close() {
    clearTimeout(this.timer);
    this.watcher.disconnect();
  }
}
