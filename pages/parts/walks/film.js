// @ts-check
// The way between two codes: a strip and a film of each way, the strip being what the film is dragged along.

import { Pictures } from "./pictures.js";
import { shareAlong } from "./strip.js";
import { button, clamp, node, setText, slider } from "../web/dom.js";
import { bytesOf, PICTURE, pictureOf } from "../web/pixels.js";
import { digitCss } from "../web/theme.js";

/** @import Walk from "./stage.js" */
/** @import { Common } from "./stage.js" */
/** @import { Place } from "../web/types.js" */

const SPEEDS = [0.5, 1, 2];

/**
 * @typedef {{
 *   name: string, title: string, said: string, reads: number[], path: Place[]
 * }} Way
 * reads: the class that each frame is read as, none without a classifier
 */
/** @typedef {Way & { frames: Uint8Array }} Loaded */
/** @typedef {{ root: HTMLElement, name: HTMLElement, mark: HTMLElement, film: Loaded }} Row */
/**
 * @typedef {Common & { label: string, ways: (Way & { frames: string })[], strip: number, second: number }} Data
 * strip: every so many-th frame is on it; second: frames a second
 */

export class Film {
  /** @param {Walk} walk @param {Data} data */
  constructor(walk, data = /** @type {Data} */ (walk.data)) {
    this.walk = walk;
    this.data = data;
    this.name = "";
    this.film = /** @type {Loaded | null} */ (null); // the way that is shown
    this.rows = /** @type {Row[]} */ ([]);
    this.length = 0; // frames
    this.playing = /** @type {number | null} */ (null);
    this.seen = 0; // when the last frame was
    this.at = 0; // where the film is, in frames
    this.step = 1; // -1 on the way back
    this.speed = 1;
    this.root = node("div", "film");
    this.screen = new Pictures(1, 1, "large");
    this.screen.canvas.setAttribute("role", "img");
    this.screen.canvas.dataset.testid = "film-screen";
    this.reads = node("p", "reads");
    const left = node("div", "film-left");
    left.append(this.screen.canvas, this.reads);
    this.ways = node("div", "ways");
    this.ways.setAttribute("role", "radiogroup");
    this.ways.ariaLabel = "Way";
    this.said = node("p", "said");
    this.play = button("Play", "play", () => this.toggle());
    this.range = slider("Frame", 0, 1, 1, 0);
    this.count = node("span", "count");
    this.pace = button("1×", "pace", () => this.quicken());
    const right = node("div", "film-right");
    right.append(this.ways, this.controls(), this.said);
    this.root.append(left, right);
    this.root.onkeydown = (event) => this.key(event);
  }

  controls() {
    const bar = node("div", "film-bar");
    this.range.oninput = () => this.seek(Number(this.range.value));
    this.pace.title = "Speed of the film";
    this.pace.ariaLabel = "Speed 1×";
    bar.append(this.play, this.range, this.count, this.pace);
    return bar;
  }

  /** @param {Data} data */
  update(data) {
    this.data = data;
    if (data.name === this.name) return;
    this.name = data.name;
    const films = data.ways.map((way) => ({ ...way, frames: bytesOf(way.frames) }));
    this.length = films[0].frames.length / PICTURE;
    this.range.max = String(this.length - 1);
    this.at = Math.min(this.at, this.length - 1);
    const film = films.find(({ name }) => name === this.film?.name) ?? films[0];
    this.film = film;
    this.screen.canvas.ariaLabel = data.label;
    this.rows = films.map((one) => this.row(one));
    this.ways.replaceChildren(...this.rows.map(({ root }) => root));
    this.choose(film, false);
  }

  /** A way: its name, its strip, and below that as what its frames are read. @param {Loaded} film @returns {Row} */
  row(film) {
    const root = node("div", "way");
    const frames = [...Array(this.length).keys()];
    const shown = frames.filter((frame) => frame % this.data.strip === 0);
    const name = button(film.title, "way-name", () => this.choose(film));
    name.setAttribute("role", "radio");
    name.setAttribute("aria-description", film.said);
    const strip = new Pictures(shown.length, shown.length);
    shown.forEach((frame, place) => strip.paint(pictureOf(film.frames, frame), place));
    const [track, mark, band] = [node("div", "track"), node("i", "mark"), node("div", "band")];
    strip.canvas.ariaHidden = "true";
    for (const label of film.reads) {
      const read = node("i");
      read.style.background = digitCss(this.data.palette, label);
      band.append(read);
    }
    track.append(strip.canvas, mark);
    track.onpointerdown = (event) => {
      track.setPointerCapture(event.pointerId);
      this.pause();
      this.choose(film);
      this.drag(event, track);
    };
    track.onpointermove = (event) => {
      if (event.buttons & 1) this.drag(event, track);
    };
    const body = node("div", "way-body");
    body.append(track, band);
    root.append(name, body);
    return { root, name, mark, film };
  }

  /** @param {PointerEvent} event @param {Element} track */
  drag(event, track) {
    const share = shareAlong(track, event, 1 + (this.length - 1) / this.data.strip);
    this.seek(Math.round(share * (this.length - 1)));
  }

  /** @param {Loaded} film */
  choose(film, byHand = true) {
    const other = film !== this.film;
    this.film = film;
    for (const row of this.rows) {
      const chosen = row.film === film;
      row.root.classList.toggle("chosen", chosen);
      row.name.setAttribute("aria-checked", String(chosen));
      row.name.tabIndex = chosen ? 0 : -1;
    }
    setText(this.said, film.said);
    if (byHand && other) this.walk.tell({ way: film.name });
    this.show();
  }

  /** @param {number} frame */
  seek(frame) {
    this.pause();
    this.at = frame;
    this.show();
  }

  show() {
    const frame = Math.round(this.at);
    const { film } = this;
    if (!film) return;
    this.screen.paint(pictureOf(film.frames, frame));
    this.screen.canvas.dataset.frame = String(frame);
    this.range.value = String(frame);
    setText(this.count, `${frame + 1} of ${this.length}`);
    setText(this.reads, film.reads.length ? `Read as ${this.data.classes[film.reads[frame]]}` : "");
    const tile = this.data.strip / (this.length - 1 + this.data.strip);
    const left = 100 * (tile / 2 + (1 - tile) * (frame / (this.length - 1)));
    for (const row of this.rows) row.mark.style.left = `${left}%`;
    this.walk.announce(film.path, frame, film.title);
  }

  // ---- playing, there and back

  toggle() {
    if (this.playing) return this.pause();
    if (this.at >= this.length - 1) this.step = -1;
    if (this.at <= 0) this.step = 1;
    setText(this.play, "Pause");
    this.seen = performance.now();
    const turn = (/** @type {number} */ now) => {
      this.go(now);
      this.playing = requestAnimationFrame(turn);
    };
    this.playing = requestAnimationFrame(turn);
  }

  /** @param {number} now */
  go(now) {
    const gone = Math.min(100, now - this.seen); // a page in the background stands still
    this.seen = now;
    const [before, last] = [Math.round(this.at), this.length - 1];
    this.at += (this.step * this.speed * this.data.second * gone) / 1000;
    if (this.at >= last || this.at <= 0) {
      this.at = clamp(this.at, 0, last);
      this.step = -this.step;
    }
    if (Math.round(this.at) !== before) this.show();
  }

  pause() {
    if (this.playing) cancelAnimationFrame(this.playing);
    this.playing = null;
    setText(this.play, "Play");
  }

  quicken() {
    this.speed = SPEEDS[(SPEEDS.indexOf(this.speed) + 1) % SPEEDS.length];
    setText(this.pace, `${this.speed}×`);
    this.pace.ariaLabel = `Speed ${this.speed}×`;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    /** @type {Record<string, number>} */
    const places = { ArrowUp: -1, ArrowDown: 1 };
    const target = /** @type {Element} */ (event.target);
    if (target.getAttribute("role") === "radio" && event.key in places) {
      const count = this.rows.length;
      const now = this.rows.findIndex(({ film }) => film === this.film);
      const row = this.rows[(now + places[event.key] + count) % count];
      this.choose(row.film);
      row.name.focus();
    } else if (event.key === " " && target === this.range) this.toggle();
    else return;
    event.preventDefault();
  }

  close() {
    this.pause();
  }
}
