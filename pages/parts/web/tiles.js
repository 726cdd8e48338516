// @ts-check
// Tiles with a picture and a line of text each, in a list box that is entered by Tab and walked through by keys.

import { context, node } from "./dom.js";
import { pictureCanvas, SIDE } from "./pixels.js";

/** A tile whose picture is still to be painted. @param {Node} line of text @param {string} spoken @param {number} place */
export function makeTile(line, spoken, place) {
  const tile = node("div", "tile");
  tile.dataset.place = String(place);
  Object.assign(tile, { tabIndex: -1, title: spoken, role: "option", ariaLabel: spoken, ariaSelected: "false" });
  tile.append(pictureCanvas(""), line);
  return tile;
}

/** Paint the pictures of a box's tiles. @param {Element} box @param {string} sheet the address of all of them @param {number} columns in which they lie there */
export function paintTiles(box, sheet, columns) {
  const image = new Image();
  image.onload = () => box.querySelectorAll("canvas").forEach((canvas, place) => {
    const [x, y] = [(place % columns) * SIDE, Math.floor(place / columns) * SIDE];
    context(canvas).drawImage(image, x, y, SIDE, SIDE, 0, 0, SIDE, SIDE);
  });
  image.src = sheet;
}

/** @param {Element} box */
export const tilesOf = (box) => /** @type {HTMLElement[]} */ ([...box.children]);

/** The place of the tile that has the focus, -1 where none has. @param {Element} box */
export function focusedTile(box) {
  const active = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;
  return tilesOf(box).findIndex((tile) => tile === active);
}

/** Move the focus to a tile, where Tab enters from then on. @param {Element} box @param {number} place */
export function focusTile(box, place) {
  tilesOf(box).forEach((tile, i) => (tile.tabIndex = i === place ? 0 : -1));
  tilesOf(box)[place]?.focus();
}

/** How many tiles stand in a line. @param {HTMLElement[]} tiles */
export const columnsOf = (tiles) => Math.max(1, tiles.filter((tile) => tile.offsetTop === tiles[0].offsetTop).length);
