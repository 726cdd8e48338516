// @ts-check
// Saved drawings as small pictures, of which one is chosen.

import { button, node } from "../web/dom.js";
import { bytesOf, paintPicture, pictureCanvas, pictureOf } from "../web/pixels.js";

/** @import Walk from "./stage.js" */

/** @typedef {{ ids: string[], texts: string[], images: string }} Data */

export class Choose {
  /** @param {Walk} walk */
  constructor(walk) {
    this.walk = walk;
    this.name = "";
    this.id = "";
    this.ids = /** @type {string[]} */ ([]);
    this.tiles = /** @type {HTMLElement[]} */ ([]);
    this.root = node("div", "choose");
    this.root.setAttribute("role", "radiogroup");
    this.root.ariaLabel = "Saved drawing";
    this.root.onkeydown = (event) => this.key(event);
  }

  /** @param {Data} data */
  update(data) {
    const name = JSON.stringify(data.ids);
    if (name === this.name) return;
    this.name = name;
    this.ids = data.ids;
    const images = bytesOf(data.images);
    this.tiles = data.ids.map((id, place) => {
      const tile = button("", "tile", () => this.choose(place));
      const canvas = pictureCanvas("pictures");
      paintPicture(canvas, pictureOf(images, place));
      tile.setAttribute("role", "radio");
      tile.ariaLabel = tile.title = data.texts[place];
      tile.append(canvas);
      return tile;
    });
    this.root.replaceChildren(...this.tiles);
    this.mark(Math.max(0, this.ids.indexOf(this.id)));
  }

  /** @param {number} place */
  mark(place) {
    this.id = this.ids[place];
    this.tiles.forEach((tile, i) => {
      tile.setAttribute("aria-checked", String(i === place));
      tile.tabIndex = i === place ? 0 : -1;
    });
  }

  /** @param {number} place */
  choose(place) {
    this.mark(place);
    this.tiles[place].scrollIntoView({ block: "nearest", inline: "nearest" });
    this.walk.tell({ id: this.id });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    /** @type {Record<string, number>} */
    const steps = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
    if (!(event.key in steps)) return;
    const count = this.tiles.length, place = (this.ids.indexOf(this.id) + steps[event.key] + count) % count;
    this.choose(place);
    this.tiles[place].focus();
    event.preventDefault();
  }

  close() {}
}
