// @ts-check
// Keys on one map: they move it, or, where the pointer would draw a box or a lasso, a cross that sets its corners.

import { Outline } from "./select.js";
import { clamp } from "../web/dom.js";

/** @import { Owner } from "./gesture.js" */
/** @import { Place } from "../web/types.js" */

const [PAN, PAN_FAR] = [40, 160]; // CSS pixels
const [STEP, STEP_FAR] = [10, 50];
const SAME_PLACE = 3;
/** @type {Record<string, number[]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const CROSS = "Arrow keys move a cross, with Shift further;";
/** What keys do with each tool, in a sentence. */
export const KEYS = {
  move: "Arrow keys move, + and − zoom, 0 shows everything, Enter picks the digit in the middle.",
  box: `${CROSS} Enter sets a corner of the box, and then the one across; Escape begins again.`,
  lasso: `${CROSS} Enter sets a corner, and once more at the same place closes the lasso; Escape begins again.`,
};

export class Keys {
  /** @param {HTMLCanvasElement} canvas @param {Owner} owner */
  constructor(canvas, owner) {
    this.canvas = canvas;
    this.owner = owner;
    this.at = /** @type {Place | null} */ (null); // of the cross
    this.corners = /** @type {Place[]} */ ([]);
    canvas.addEventListener("keydown", (event) => this.press(event));
  }

  /** @returns {Place} */
  get middle() {
    return [this.canvas.clientWidth / 2, this.canvas.clientHeight / 2];
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const tool = this.owner.toolFor(false);
    const known = (tool !== "move" && this.draw(event, tool)) || (!this.corners.length && this.look(event));
    if (known) event.preventDefault();
  }

  /** Move and zoom. Says whether it knows the key. @param {KeyboardEvent} event */
  look(event) {
    const { owner, middle } = this;
    const arrow = ARROWS[event.key];
    const far = event.shiftKey ? PAN_FAR : PAN;
    if (arrow) owner.drag(-arrow[0] * far, -arrow[1] * far);
    else if (event.key === "+" || event.key === "=") owner.zoom(middle, 1.4);
    else if (event.key === "-" || event.key === "_") owner.zoom(middle, 1 / 1.4);
    else if (event.key === "0") owner.fit();
    else if (event.key === "Enter") owner.pick(middle);
    else if (event.key === "Escape") owner.escape();
    else return false;
    if (event.key !== "Escape") owner.hover(middle);
    return event.key !== "Escape";
  }

  /**
   * Move the cross and set corners. Says whether it knows the key.
   * @param {KeyboardEvent} event @param {"box" | "lasso"} tool
   */
  draw(event, tool) {
    const arrow = ARROWS[event.key];
    if (event.key === "Escape" && this.at) this.forget();
    else if (arrow) this.move(arrow, event.shiftKey ? STEP_FAR : STEP, tool);
    else if (event.key === "Enter") this.set(tool);
    else return false;
    return true;
  }

  /** @param {number[]} arrow @param {number} far @param {"box" | "lasso"} tool */
  move([dx, dy], far, tool) {
    const { clientWidth, clientHeight } = this.canvas;
    const [x, y] = this.at ?? this.middle;
    /** @type {Place} */
    const at = [clamp(x + dx * far, 0, clientWidth), clamp(y + dy * far, 0, clientHeight)];
    this.at = at;
    this.owner.cross(at);
    if (this.corners.length) this.owner.outline(this.outlineTo(at, tool));
    else this.owner.hover(at);
  }

  /** @param {"box" | "lasso"} tool */
  set(tool) {
    const at = (this.at ??= this.middle);
    const last = this.corners[this.corners.length - 1];
    const again = last && Math.hypot(at[0] - last[0], at[1] - last[1]) < SAME_PLACE;
    if (last && (tool === "box" || again)) return this.close(tool);
    this.corners.push(at);
    this.owner.cross(at);
    this.owner.outline(this.outlineTo(at, tool));
    this.owner.tell(`Corner ${this.corners.length} set.`);
  }

  /** @param {"box" | "lasso"} tool */
  close(tool) {
    const outline = this.outlineTo(/** @type {Place} */ (this.at), tool);
    if (!outline.encloses) return this.owner.tell("Move the cross for the next corner.");
    this.corners = [];
    this.owner.outlined(outline);
  }

  /** @param {Place} at @param {"box" | "lasso"} tool */
  outlineTo(at, tool) {
    const outline = new Outline(tool, this.corners[0]);
    for (const corner of [...this.corners.slice(1), at]) outline.grow(corner);
    return outline;
  }

  /** Begin again: another tool, or the focus went elsewhere. */
  forget() {
    if (!this.at) return;
    this.at = null;
    this.corners = [];
    this.owner.cross(null);
    this.owner.outline(null);
    this.owner.tell("");
  }
}
