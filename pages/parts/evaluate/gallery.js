// @ts-check
// A gallery of digits, one of which can be chosen: by click, or by keyboard, where the arrows move from tile to tile.

import { clamp, find, node } from "../web/dom.js";
import { columnsOf, focusedTile, focusTile, makeTile, paintTiles, tilesOf } from "../web/tiles.js";

/** @import { SetState } from "../web/types.js" */
/** @typedef {{ number: number, text: string, spoken: string }} Tile a digit: its number in the split, what is said of it */
/**
 * @typedef {{ tiles: Tile[], chosen: number | null, label: string, sheet: string, columns: number }} Data
 * sheet: the address of their pictures, so many in a row
 */

const FOLLOWS = 120; // ms for which the keys rest until the digit they are at is shown, where one is shown already

export default class Gallery {
  /** @param {HTMLElement} root @param {Data} data */
  constructor(root, data) {
    this.data = data;
    this.shown = ""; // the tiles, as a text
    this.setState = /** @type {SetState} */ (() => {});
    this.told = Date.now(); // higher than any number an earlier gallery of this page used
    this.timer = 0;
    this.chosen = /** @type {number | null} */ (null);
    this.root = find(root, ".digits");
    this.tiles = find(root, ".tiles");
    this.tiles.addEventListener("click", (event) => this.click(event));
    this.tiles.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {Data} data @param {SetState} setState */
  update(data, setState) {
    this.setState = setState;
    this.data = data;
    const { chosen, ...tiles } = data;
    const shown = JSON.stringify(tiles);
    if (shown !== this.shown) this.fill(); // else only the mark is new, and the focus stays where it is
    this.shown = shown;
    this.mark(chosen);
  }

  fill() {
    const { tiles, label, sheet, columns } = this.data;
    const focused = focusedTile(this.tiles);
    this.tiles.ariaLabel = label;
    const letters = Math.max(0, ...tiles.map(({ text }) => text.length)); // tiles are as wide as the longest needs
    this.tiles.style.setProperty("--letters", String(letters));
    this.tiles.replaceChildren(...tiles.map(({ text, spoken }, place) => makeTile(node("span", "text", text), spoken, place)));
    paintTiles(this.tiles, sheet, columns);
    if (focused >= 0) tilesOf(this.tiles)[Math.min(focused, tiles.length - 1)]?.focus();
  }

  /** Say which digit is chosen, and be entered there by Tab. @param {number | null} chosen */
  mark(chosen) {
    this.chosen = chosen;
    const { tiles } = this.data;
    const at = Math.max(0, tiles.findIndex(({ number }) => number === chosen));
    tilesOf(this.tiles).forEach((tile, place) => {
      const own = chosen !== null && tiles[place].number === chosen;
      if (tile.ariaSelected !== String(own)) tile.ariaSelected = String(own);
      tile.tabIndex = place === at ? 0 : -1;
    });
  }

  /** @param {MouseEvent} event */
  click(event) {
    const tile = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest(".tile"));
    if (!tile) return;
    tile.focus();
    this.choose(Number(tile.dataset.place));
  }

  /** Marked at once, before the page has answered. @param {number | null} place */
  choose(place) {
    clearTimeout(this.timer);
    const number = place === null ? null : this.data.tiles[place].number;
    this.mark(number);
    this.told += 1;
    this.setState("pick", { number, n: this.told });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const items = tilesOf(this.tiles);
    const place = items.findIndex((item) => item === event.target);
    if (place < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    const to = moved(key, place, columnsOf(items), items.length);
    if (to !== null) this.go(to);
    else if (key === " " || key === "Enter") this.choose(place);
    else if (key === "Escape" && this.chosen !== null) this.choose(null);
    else return;
    event.preventDefault();
  }

  /** Go to a tile; while a digit is shown, that of the tile where the keys rest is shown next. @param {number} place */
  go(place) {
    focusTile(this.tiles, place);
    clearTimeout(this.timer);
    if (this.chosen !== null) this.timer = setTimeout(() => this.choose(place), FOLLOWS);
  }

  close() {
    clearTimeout(this.timer);
  }
}

/**
 * Where a key leads from a place among so many, in lines of so many columns; null where it leads nowhere.
 * @param {string} key @param {number} place @param {number} columns @param {number} count
 */
export function moved(key, place, columns, count) {
  /** @type {Record<string, number>} */
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -place, End: count - 1 - place };
  if (!(key in steps)) return null;
  const to = place + steps[key];
  // Up from the first line and down from the last but one there may be no tile: the nearest line's end is.
  if (key === "ArrowUp" && to < 0) return place;
  if (key === "ArrowDown" && to >= count) return Math.floor(place / columns) < Math.floor((count - 1) / columns) ? count - 1 : place;
  return clamp(to, 0, count - 1);
}
