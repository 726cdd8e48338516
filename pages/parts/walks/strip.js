// @ts-check
// A slider under the pictures it leads through: its thumb is below the picture of its value.

import { Pictures } from "./pictures.js";
import { clamp, node, slider } from "../web/dom.js";

/** @import { Code } from "./codes.js" */
/** @import Walk from "./stage.js" */
/** @import { Place } from "../web/types.js" */

/**
 * @typedef {{
 *   label: string, low: number, high: number, value: number, steps: number, step?: number,
 *   code: (value: number) => Code, moved: (value: number) => void, rested: (value: number) => void
 * }} Options
 * steps: pictures; step: of the slider; code: the code at a value; moved: while it is dragged; rested: when it is let
 * go
 */

export class StripSlider {
  /** @param {Walk} walk @param {Options} options */
  constructor(walk, { label, low, high, value, steps, step, code, moved, rested }) {
    this.walk = walk;
    this.low = low;
    this.high = high;
    this.code = code;
    this.steps = steps;
    this.moved = moved;
    this.values = Array.from({ length: steps }, (_, i) => low + ((high - low) * i) / (steps - 1));
    this.root = node("div", "strip-slider");
    this.pictures = new Pictures(steps, steps);
    this.pictures.canvas.ariaHidden = "true";
    this.range = slider(label, low, high, step ?? (high - low) / 200, value);
    this.root.append(this.pictures.canvas, this.range);
    this.range.oninput = () => moved(this.value);
    this.range.onchange = () => rested(this.value);
    this.pictures.canvas.onpointerdown = (event) => this.drag(event);
    this.pictures.canvas.onpointermove = (event) => {
      if (event.buttons & 1) this.drag(event);
    };
    this.pictures.canvas.onpointerup = () => rested(this.value);
  }

  get value() {
    return Number(this.range.value);
  }

  /** @param {number} value */
  set(value) {
    this.range.value = String(value);
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const { canvas } = this.pictures;
    if (event.type === "pointerdown") canvas.setPointerCapture(event.pointerId);
    this.set(this.low + (this.high - this.low) * shareAlong(canvas, event, this.steps));
    this.moved(this.value);
  }

  codes() {
    return this.values.map((value) => this.code(value));
  }

  /**
   * The way on the map through all values, and among them the place of the one there is.
   * @param {(Place | null)[] | null} places @param {Place | null} place
   */
  announce(places, place) {
    if (!place) return;
    const at = this.values.filter((value) => value < this.value).length;
    const there = (places ?? []).filter((one) => one !== null);
    const known = there.length === places?.length ? there : [];
    const path = known.length ? [...known.slice(0, at), place, ...known.slice(at)] : [place];
    this.walk.announce(path, known.length ? at : 0);
  }
}

/**
 * How far along `pictures` side by side a pointer is: 0 in the middle of the first, 1 in the middle of the last.
 * @param {Element} strip @param {MouseEvent} event @param {number} pictures
 */
export function shareAlong(strip, event, pictures) {
  const box = strip.getBoundingClientRect();
  const tile = box.width / pictures;
  return clamp((event.clientX - box.left - tile / 2) / (box.width - tile));
}
