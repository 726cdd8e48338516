// @ts-check
// Clicks on a figure: what was clicked, in words that Python understands, and a ring that keys move over a heatmap.

import { clamp } from "../web/dom.js";

/** @import { Plot } from "./figure.js" */
/** @typedef {string | number} Coordinate a category's name or a number */
/** @typedef {{ x: Coordinate, y: Coordinate }} Clicked */

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
export const KEYS = "Arrow keys move from cell to cell, Enter chooses one.";

/** @param {unknown} value @returns {Coordinate} */
const coordinate = (value) => (Number.isFinite(value) ? Number(value) : String(value));

/** What of Plotly's event is told, null where nothing is. @param {any} event @returns {Clicked | null} */
export function clickedAt(event) {
  const point = event?.points?.[0];
  return point?.x == null || point.y == null ? null : { x: coordinate(point.x), y: coordinate(point.y) };
}

/** The heatmap that can be clicked on, if there is one. @param {any[]} traces */
export const heatmapOf = (traces) => traces.find(({ type, hoverinfo }) => type === "heatmap" && hoverinfo !== "skip");

/** Plotly's texts have tags and entities; a label has none. @param {string} html */
const plain = (html) => new DOMParser().parseFromString(html, "text/html").body.textContent ?? "";

export class Ring {
  /** @param {Plot} plot @param {HTMLElement} mark */
  constructor(plot, mark) {
    this.plot = plot;
    this.mark = mark;
    this.at = /** @type {{ column: number, row: number } | null} */ (null);
  }

  get heatmap() {
    return heatmapOf(this.plot.data ?? []);
  }

  /** Whether an arrow moved it. The first one puts it on the first cell; down is down on the screen. @param {string} key */
  move(key) {
    const { heatmap } = this;
    const arrow = ARROWS[key];
    if (!arrow || !heatmap?.x?.length || !heatmap.y?.length) return false;
    const [left, up] = [falls(this.axis(heatmap, "x")), !falls(this.axis(heatmap, "y"))]; // where the values grow to
    const { at } = this;
    this.at = at
      ? { column: at.column + (left ? -arrow[0] : arrow[0]), row: at.row + (up ? -arrow[1] : arrow[1]) }
      : { column: left ? heatmap.x.length - 1 : 0, row: up ? heatmap.y.length - 1 : 0 };
    this.place();
    return true;
  }

  /** The cell it is on. @returns {Clicked | null} */
  get cell() {
    const { heatmap, at } = this;
    return heatmap && at ? { x: coordinate(heatmap.x[at.column]), y: coordinate(heatmap.y[at.row]) } : null;
  }

  /** The cell in words. */
  get words() {
    const { heatmap, at, cell } = this;
    if (!heatmap || !at || !cell) return "";
    return plain(heatmap.hovertext?.[at.row]?.[at.column] ?? `${cell.x}, ${cell.y}`);
  }

  forget() {
    this.at = null;
    this.place();
  }

  /** Put the mark around the cell, also after the figure has changed. */
  place() {
    const { heatmap } = this;
    const at = heatmap?.x?.length && heatmap.y?.length ? this.at : null;
    this.mark.hidden = !at;
    this.at = at;
    if (!at) return;
    at.column = clamp(at.column, 0, heatmap.x.length - 1);
    at.row = clamp(at.row, 0, heatmap.y.length - 1);
    const [left, width] = span(this.axis(heatmap, "x"), heatmap.x, at.column);
    const [top, height] = span(this.axis(heatmap, "y"), heatmap.y, at.row);
    const box = { left, top, width, height };
    for (const [side, pixels] of Object.entries(box)) this.mark.style.setProperty(side, `${pixels}px`);
  }

  /** @param {any} heatmap @param {"x" | "y"} letter */
  axis(heatmap, letter) {
    return this.plot._fullLayout[(heatmap[`${letter}axis`] ?? letter).replace(letter, `${letter}axis`)];
  }
}

/** Whether an axis runs from right to left, or from the top down: its range does. @param {any} axis */
const falls = (axis) => axis.range[0] > axis.range[1];

/**
 * From where to where a cell reaches on the screen, from the left or the top: its start and its length.
 * @param {any} axis @param {Coordinate[]} values @param {number} index @returns {[number, number]}
 */
function span(axis, values, index) {
  const at = axis.d2p(values[index]);
  const beside = values.length > 1 ? axis.d2p(values[index ? index - 1 : 1]) : at + axis._length;
  const length = Math.abs(beside - at);
  return [axis._offset + at - length / 2, length];
}
