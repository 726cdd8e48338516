// @ts-check
// Pointers on the pad: mouse, pen and one finger draw. Two fingers are left to the browser, and a hand resting beside a
// pen draws nothing.

import { find, listen } from "../web/dom.js";

/** @import { Ink } from "./ink.js" */

const PALM = 1000; // ms after a pen was seen in which touches are a palm
const ERASER_END = 32; // of event.buttons: the other end of a pen

export class Pen {
  /** @param {ParentNode} root @param {Ink} ink */
  constructor(root, ink) {
    this.ink = ink;
    this.canvas = find(root, ".canvas", HTMLCanvasElement);
    this.ring = find(root, ".rubber");
    this.pointer = /** @type {number | null} */ (null); // which one draws
    this.touching = false; // and it is a finger
    this.fingers = /** @type {Set<number>} */ (new Set());
    this.seen = -Infinity; // when a pen was
    this.listening = new AbortController();
    this.listen();
  }

  close() {
    this.listening.abort();
  }

  /** @param {MouseEvent} event @param {DOMRect} box */
  place(event, box = this.canvas.getBoundingClientRect()) {
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  /** @param {PointerEvent} event */
  down(event) {
    const { pointerType, pointerId, button } = event;
    if (pointerType === "touch") {
      if (event.isPrimary) this.fingers.clear(); // no other finger is on the glass, whatever was missed
      this.fingers.add(pointerId);
      if (this.fingers.size > 1) return this.stop(true); // a second finger makes it a gesture
      if (event.timeStamp - this.seen < PALM) return;
    }
    if (pointerType === "pen" && this.touching) this.stop(true); // the palm came first
    if ((button !== 0 && button !== 5) || this.pointer !== null) return;
    this.pointer = pointerId;
    this.touching = pointerType === "touch";
    this.canvas.setPointerCapture(pointerId);
    const rub = (event.buttons & ERASER_END) !== 0 || this.ink.erasing;
    const [x, y] = this.place(event);
    this.ink.begin(x, y, pressed(event), rub);
    this.follow(event);
  }

  /** @param {PointerEvent} event */
  move(event) {
    this.follow(event);
    if (!this.ink.down || event.pointerId !== this.pointer) return;
    const seen = event.getCoalescedEvents?.() ?? [];
    const box = this.canvas.getBoundingClientRect();
    for (const one of seen.length ? seen : [event]) {
      const [x, y] = this.place(one, box);
      this.ink.add(x, y, pressed(one));
    }
  }

  /** @param {PointerEvent} event @param {boolean} taken by the browser, for a gesture of its own */
  up(event, taken) {
    this.fingers.delete(event.pointerId);
    if (event.pointerId === this.pointer) this.stop(taken && this.touching);
  }

  /** The pen is up. @param {boolean} back whether what it drew is taken back */
  stop(back) {
    if (this.pointer === null) return;
    this.pointer = null;
    this.touching = false;
    if (back) this.ink.cancel();
    else this.ink.finish();
  }

  /** The eraser's ring goes with the pointer and is as large as what it rubs out. @param {PointerEvent} event */
  follow(event) {
    if (event.pointerType === "pen") this.seen = event.timeStamp;
    const rubs = this.ink.erasing || (event.buttons & ERASER_END) !== 0;
    this.ring.classList.toggle("on", rubs);
    if (!rubs) return;
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = this.place(event, box);
    const { width } = box;
    this.ring.style.width = this.ring.style.height = `${2 * this.ink.rubber * width}px`;
    this.ring.style.transform = `translate(${x * width}px, ${y * width}px) translate(-50%, -50%)`;
  }

  listen() {
    const { canvas } = this;
    const { signal } = this.listening;
    listen(canvas, "pointerdown", (event) => this.down(event), signal);
    listen(canvas, "pointermove", (event) => this.move(event), signal);
    listen(canvas, "pointerup", (event) => this.up(event, false), signal);
    listen(canvas, "lostpointercapture", (event) => this.up(event, false), signal);
    listen(canvas, "pointercancel", (event) => this.up(event, true), signal);
    listen(canvas, "pointerleave", () => this.ring.classList.remove("on"), signal);
    // A long press with a finger or a pen would open a menu over the stroke.
    listen(canvas, "contextmenu", (event) => this.pointer !== null && event.preventDefault(), signal);
  }
}

/**
 * How wide the line is where a pen presses so, as a multiple of its width; other pointers feel no pressure.
 * @param {PointerEvent} event
 */
function pressed(event) {
  return event.pointerType === "pen" ? 0.4 + 1.2 * event.pressure : undefined;
}
