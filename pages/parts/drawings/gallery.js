// @ts-check
// The gallery: tiles are chosen by click, Shift and the keyboard; what is to happen to them is told to the page at once.

import { button, clamp, find, grouped, node } from "../web/dom.js";
import { columnsOf, focusedTile, focusTile, makeTile, paintTiles, tilesOf } from "../web/tiles.js";

/** @import { SetState } from "../web/types.js" */

/** @typedef {{ id: string, text: string, aside: boolean, spoken: string }} Tile */
/**
 * @typedef {{ tiles: Tile[], total: number, wide: boolean, sheet: string, columns: number }} Data
 * sheet: the address of their pictures, so many in a row
 */

export default class Gallery {
  /** @param {HTMLElement} root @param {Data} data */
  constructor(root, data) {
    this.data = data;
    this.shown = ""; // the data, as a text
    /** @type {SetState} */
    this.setState = () => {};
    this.timer = 0;
    this.root = find(root, ".gallery");
    this.tiles = find(root, ".tiles");
    this.count = find(root, ".count");
    this.all = find(root, ".all");
    const hand = find(root, ".bar input", HTMLInputElement);
    this.words = find(root, ".words");
    this.chosen = /** @type {Set<string | undefined>} */ (new Set());
    this.everything = false; // whether the drawings on other pages are chosen, too
    this.anchor = 0; // where a range begins
    for (let digit = 0; digit < 10; digit += 1) {
      const label = button(String(digit), "", () => this.act("relabel", digit));
      label.ariaLabel = `They are a ${digit}`;
      find(root, ".digits").append(label);
    }
    find(root, ".delete").onclick = () => this.act("delete");
    find(root, ".nothing").onclick = () => this.choose([]);
    this.all.onclick = () => this.chooseEverything();
    find(root, ".hand").onsubmit = (event) => {
      event.preventDefault();
      this.act("hand", hand.value);
    };
    this.tiles.onclick = (event) => this.click(event);
    this.tiles.onkeydown = (event) => this.key(event);
  }

  /** @param {Data} data @param {SetState} setState */
  update(data, setState) {
    this.setState = setState;
    if (JSON.stringify(data) === this.shown) return; // the theme changed
    const focused = focusedTile(this.tiles);
    this.shown = JSON.stringify(data);
    this.data = data;
    this.root.classList.remove("busy");
    this.tiles.replaceChildren(...data.tiles.map((tile, place) => this.tile(tile, place)));
    this.tiles.classList.toggle("wide", data.wide);
    paintTiles(this.tiles, data.sheet, data.columns);
    const there = data.tiles.map((tile) => tile.id);
    this.choose(there.filter((id) => this.chosen.has(id)), this.everything && this.chosen.size > 0);
    this.anchor = Math.min(this.anchor, Math.max(0, data.tiles.length - 1));
    tilesOf(this.tiles)[this.anchor]?.setAttribute("tabindex", "0");
    if (focused >= 0) tilesOf(this.tiles)[Math.min(focused, data.tiles.length - 1)]?.focus();
  }

  /** @param {Tile} tile @param {number} place */
  tile({ id, text, aside, spoken }, place) {
    const line = node("span", "text", text);
    if (aside) line.append(node("span", "aside", " ○"));
    const tile = makeTile(line, spoken, place);
    tile.dataset.id = id;
    return tile;
  }

  /** @param {(string | undefined)[]} ids */
  choose(ids, everything = false) {
    this.chosen = new Set(ids);
    this.everything = everything;
    for (const tile of tilesOf(this.tiles)) tile.setAttribute("aria-selected", String(this.chosen.has(tile.dataset.id)));
    const count = everything ? this.data.total : this.chosen.size;
    this.root.classList.toggle("none", !count);
    this.count.textContent = `${grouped(count)} chosen`;
    this.all.textContent = `All ${grouped(this.data.total)}`;
    this.all.hidden = count === this.data.total;
    this.words.textContent = count ? `${count} chosen` : "";
  }

  chooseEverything() {
    this.choose(this.data.tiles.map((tile) => tile.id), true);
  }

  /** @param {MouseEvent} event */
  click(event) {
    /** @type {HTMLElement | null} */
    const tile = /** @type {Element} */ (event.target).closest(".tile");
    if (tile) this.pick(Number(tile.dataset.place), event.shiftKey);
  }

  /** Choose one more or one less, or all from the last one on. @param {number} place @param {boolean} range */
  pick(place, range) {
    const ids = this.data.tiles.map((tile) => tile.id);
    const chosen = new Set(this.everything ? ids : this.chosen);
    if (range) {
      for (const id of ids.slice(Math.min(this.anchor, place), Math.max(this.anchor, place) + 1)) chosen.add(id);
    } else if (!chosen.delete(ids[place])) {
      chosen.add(ids[place]);
    }
    this.choose([...chosen]);
    this.go(place, range);
  }

  /** @param {number} place */
  go(place, range = false) {
    focusTile(this.tiles, place);
    if (!range) this.anchor = place;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const items = tilesOf(this.tiles);
    const place = items.findIndex((item) => item === event.target);
    if (place < 0) return;
    const columns = columnsOf(items);
    /** @type {Record<string, number>} */
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -place, End: items.length - 1 - place };
    const { key } = event;
    if (key in steps) {
      const to = clamp(place + steps[key], 0, items.length - 1);
      if (event.shiftKey) this.pick(to, true);
      else this.go(to);
    } else if (key === " " || key === "Enter") this.pick(place, event.shiftKey);
    else if (key === "a" && (event.ctrlKey || event.metaKey)) this.choose(this.data.tiles.map((tile) => tile.id));
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (key === "Escape") this.choose([]);
    else if (key === "Delete" || key === "Backspace") this.act("delete");
    else if (/^[0-9]$/.test(key)) this.act("relabel", Number(key));
    else return;
    event.preventDefault();
  }

  /** @param {"relabel" | "hand" | "delete"} what @param {number | string | null} value */
  act(what, value = null) {
    if (!this.chosen.size) return;
    const ids = this.everything ? null : [...this.chosen]; // null: all that the filter lets through
    this.root.classList.add("busy");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.root.classList.remove("busy"), 10_000); // the page has not answered
    this.choose([]);
    this.setState("act", { what, ids, value, stamp: Date.now() });
  }

  close() {
    clearTimeout(this.timer);
  }
}
