// @ts-check
// The training digits nearest to the drawing, as pictures; a click on one shows the way to it.

import { Morph } from "./morph.js";
import { button, node, setText } from "../../web/dom.js";
import { Digits } from "../../web/digits.js";
import { erase, paintPicture, pictureCanvas } from "../../web/pixels.js";

/** @import { LatentMap } from "./map.js" */
/** @import { Goal } from "./morph.js" */

const NEAREST = 8;

/** @typedef {[index: number, label: number, distance: number]} Near digit it learned from */
/**
 * @typedef {{
 *   button: HTMLButtonElement, canvas: HTMLCanvasElement, name: HTMLElement, distance: HTMLElement,
 *   index: number | null, painted: boolean
 * }} Tile
 * index: of the digit, null while it is blank
 */

export class Nearest {
  /** @param {LatentMap} map */
  constructor(map) {
    this.map = map;
    this.digits = /** @type {Digits | null} */ (null);
    this.chosen = /** @type {number | null} */ (null); // index of the digit that there is a way to
    this.morph = new Morph(map.pad, (digit) => this.mark(digit));
    this.lists = node("div", "near");
    this.missing = node("p", "near-missing");
    this.nearest = this.row("Nearest digits it learned from", "near-nearest", NEAREST);
    this.classes = this.row("Nearest of each class", "near-classes", 10);
    this.lists.prepend(this.missing);
    this.forget();
  }

  /** @param {string} title @param {string} name @param {number} count */
  row(title, name, count) {
    const group = node("div", name);
    group.role = "group";
    group.ariaLabel = title;
    group.dataset.testid = name;
    const tiles = [...Array(count)].map(() => this.tile());
    group.append(...tiles.map((tile) => tile.button));
    this.lists.append(node("h3", "near-title", title), group);
    return tiles;
  }

  /** @returns {Tile} */
  tile() {
    const choose = () => {
      if (tile.index !== null) this.morph.choose({ index: tile.index, name: tile.name.textContent ?? "" });
    };
    const made = button("", "near-tile", choose);
    const [canvas, name, distance] = [pictureCanvas("near-picture"), node("b"), node("span")];
    /** @type {Tile} */
    const tile = { button: made, canvas, name, distance, index: null, painted: false };
    made.disabled = true;
    made.ariaPressed = "false";
    made.append(canvas, name, distance);
    return tile;
  }

  get tiles() {
    return [...this.nearest, ...this.classes];
  }

  close() {
    this.digits?.close();
    this.morph.close();
  }

  /** Its digits are of this data set. @param {string} dataset */
  of(dataset) {
    if (this.digits?.dataset === dataset) return;
    this.digits?.close();
    this.digits = new Digits(dataset, 0, this.map.pad.data.sheet, () => this.tiles.forEach((tile) => this.paint(tile)));
  }

  /** Another map: its digits may be of another data set. */
  forget() {
    this.wipe();
    this.morph.choose(null);
  }

  wipe() {
    this.tiles.forEach((tile) => this.blank(tile));
    setText(this.missing, "The digits nearest to your drawing appear here.");
    this.morph.wipe();
  }

  /** @param {{ near: Near[], classes: Near[] }} map */
  show({ near, classes }) {
    setText(this.missing, near.length ? "" : "The digits it learned from are being measured; they appear here in a moment.");
    this.nearest.forEach((tile, i) => this.fill(tile, near.at(i)));
    const closest = Math.min(...classes.map(([, , distance]) => distance));
    const byClass = new Map(classes.map((one) => [one[1], one]));
    this.classes.forEach((tile, label) => {
      const one = byClass.get(label);
      this.fill(tile, one);
      tile.button.classList.toggle("closest", one?.[2] === closest);
    });
  }

  /** @param {Tile} tile @param {Near} [one] */
  fill(tile, one) {
    const { map } = this.map;
    if (!one || !map) return this.blank(tile);
    const [index, label, distance] = one;
    if (index !== tile.index) {
      tile.index = index;
      tile.button.disabled = false;
      tile.painted = false;
      erase(tile.canvas);
      this.paint(tile);
      this.press(tile);
    }
    setText(tile.name, map.classes[label]);
    setText(tile.distance, distance.toPrecision(3));
    tile.button.ariaLabel = `${map.classes[label]}, distance ${tile.distance.textContent}`;
  }

  /** @param {Tile} tile */
  paint(tile) {
    if (tile.index === null || tile.painted) return;
    const grey = this.digits?.grey(tile.index);
    if (!grey) return; // its sheet is on the way
    tile.painted = true;
    paintPicture(tile.canvas, grey);
  }

  /** @param {Tile} tile */
  blank(tile) {
    if (tile.index === null) return;
    tile.index = null;
    tile.button.disabled = true;
    tile.button.classList.remove("closest");
    erase(tile.canvas);
    setText(tile.name, "");
    setText(tile.distance, "");
    this.press(tile);
  }

  /** @param {Goal | null} digit */
  mark(digit) {
    this.chosen = digit?.index ?? null;
    this.tiles.forEach((tile) => this.press(tile));
  }

  /** @param {Tile} tile */
  press(tile) {
    tile.button.ariaPressed = String(tile.index !== null && tile.index === this.chosen);
  }
}
