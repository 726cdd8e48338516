// @ts-check
// Hands on one map: mouse, fingers and wheel, told as drag, zoom, outline, hover and tap.

import { Keys } from "./keys.js";
import { Outline } from "./select.js";
import { clamp } from "../web/dom.js";

/** @import { Place } from "../web/types.js" */

const TAPS = 5; // CSS pixels a pointer may move and still only tap
const DOUBLE = 350; // ms between the taps of a double tap

/** @typedef {"move" | "lasso" | "box"} Tool */
/**
 * @typedef {{
 *   hover: (place: Place) => void, leave: () => void, drag: (dx: number, dy: number) => void,
 *   zoom: (place: Place, factor: number) => void, fit: () => void, tap: (place: Place) => void,
 *   outline: (outline: Outline | null) => void, outlined: (outline: Outline) => void, escape: () => void,
 *   pick: (place: Place) => void, toolFor: (shift: boolean) => Tool, cross: (place: Place | null) => void,
 *   tell: (words: string) => void
 * }} Owner
 * outline: while it grows; cross: where keys would set a corner; tell: to those who do not see it
 */

export class Gesture {
  /** @param {HTMLCanvasElement} canvas @param {Owner} owner */
  constructor(canvas, owner) {
    this.canvas = canvas;
    this.owner = owner;
    this.down = /** @type {Map<number, Place>} */ (new Map()); // pointers that touch, by id: where they are
    this.moved = false;
    /** @type {Place} */
    this.start = [0, 0];
    this.outline = /** @type {Outline | null} */ (null);
    this.tapped = { at: -Infinity, place: this.start };
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.lift(event));
    canvas.addEventListener("pointercancel", (event) => this.cancel(event));
    canvas.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse" && !this.down.size) owner.leave();
    });
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.keys = new Keys(canvas, owner);
    canvas.addEventListener("blur", () => {
      this.keys.forget();
      owner.leave();
    });
  }

  /** @param {MouseEvent} event @returns {Place} */
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button > 0) return;
    const place = this.place(event);
    this.canvas.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, place);
    this.moved = this.down.size > 1;
    this.start = place;
    this.keys.forget();
    const tool = this.owner.toolFor(event.shiftKey);
    this.outline = tool !== "move" && this.down.size === 1 ? new Outline(tool, place) : null;
    this.owner.outline(null);
  }

  /** @param {PointerEvent} event */
  move(event) {
    const place = this.place(event);
    const before = this.down.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") this.owner.hover(place);
      return;
    }
    if (!this.moved && Math.hypot(place[0] - this.start[0], place[1] - this.start[1]) < TAPS) return;
    if (this.down.size === 2) this.pinch(event.pointerId, before, place);
    else if (this.outline) {
      for (const one of event.getCoalescedEvents?.() ?? []) this.outline.grow(this.place(one));
      this.outline.grow(place);
      this.owner.outline(this.outline);
    } else if (this.down.size === 1) {
      const from = this.moved ? before : this.start;
      this.owner.drag(place[0] - from[0], place[1] - from[1]);
    }
    this.moved = true;
    this.down.set(event.pointerId, place);
  }

  /** @param {number} id @param {Place} before @param {Place} place */
  pinch(id, before, place) {
    const [, other] = [...this.down].find(([key]) => key !== id) ?? [0, before];
    const apart = (/** @type {Place} */ a) => Math.max(8, Math.hypot(a[0] - other[0], a[1] - other[1]));
    /** @type {(a: Place) => Place} */
    const middle = (a) => [(a[0] + other[0]) / 2, (a[1] + other[1]) / 2];
    const [from, to] = [middle(before), middle(place)];
    this.owner.drag(to[0] - from[0], to[1] - from[1]);
    this.owner.zoom(to, apart(place) / apart(before));
  }

  /** @param {PointerEvent} event */
  lift(event) {
    if (!this.down.delete(event.pointerId)) return;
    const { outline } = this;
    if (this.down.size) {
      this.outline = null;
      return this.owner.outline(null);
    }
    this.outline = null;
    if (outline && this.moved) return this.owner.outlined(outline);
    if (!this.moved) this.tap(this.place(event), event);
  }

  /** @param {PointerEvent} event */
  cancel(event) {
    if (!this.down.delete(event.pointerId)) return;
    this.outline = null;
    this.owner.outline(null);
  }

  /** @param {Place} place @param {PointerEvent} event */
  tap(place, event) {
    const { tapped } = this;
    const near = Math.hypot(place[0] - tapped.place[0], place[1] - tapped.place[1]) < 4 * TAPS;
    const twice = near && event.timeStamp - tapped.at < DOUBLE;
    this.tapped = { at: twice ? -Infinity : event.timeStamp, place };
    if (twice) return this.owner.fit();
    if (event.pointerType !== "mouse") this.owner.hover(place);
    this.owner.tap(place);
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    const turned = clamp(event.deltaY * lines, -200, 200);
    this.owner.zoom(this.place(event), Math.exp(-turned * (event.ctrlKey ? 0.01 : 0.002)));
  }
}
