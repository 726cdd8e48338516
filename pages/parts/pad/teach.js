// @ts-check
// Say what the drawing is meant to be: one click saves it with its label, another takes that back.

import { DIGITS } from "./cards/verdict.js";
import { button, find } from "../web/dom.js";

const REGRET = 8000; // ms in which a save can be taken back with a click

/** @typedef {{ label: number | null, stamp: number, sentence: string, undo: boolean }} Said the page did of a drawing */
/** @typedef {{ count: number | null, last: Said | null }} Taught */

export class Teach {
  /**
   * drawn: whether there is a drawing, and the page gets it now; teach: tell the page; say: read out.
   * @param {ParentNode} root
   * @param {{ drawn: () => boolean, teach: (what: object) => void, say: (sentence: string) => void }} owner
   */
  constructor(root, owner) {
    this.owner = owner;
    this.stamp = 0;
    this.timer = 0;
    this.shown = "";
    this.row = find(root, ".teach");
    this.said = find(root, ".taught");
    this.back = find(root, ".take-back");
    for (const digit of DIGITS) {
      const label = button(String(digit), "label-digit", () => this.save(digit));
      label.ariaLabel = `This is a ${digit}`;
      label.dataset.testid = `teach-${digit}`;
      find(root, ".labels").append(label);
    }
    find(root, ".hand").onclick = goBySession;
    this.back.onclick = () => {
      this.back.hidden = true;
      this.tell({ undo: true });
    };
  }

  close() {
    clearTimeout(this.timer);
  }

  /** @param {number} label */
  save(label) {
    if (this.owner.drawn()) this.tell({ label });
    else this.say("Draw a digit first.");
  }

  /** @param {string} sentence */
  say(sentence) {
    this.said.textContent = sentence;
    this.owner.say(sentence);
  }

  /** @param {object} what */
  tell(what) {
    this.stamp = Date.now();
    this.owner.teach({ ...what, stamp: this.stamp });
  }

  /** @param {Taught | null} taught what the page says of the drawings */
  update(taught) {
    this.row.hidden = !taught;
    if (!taught || JSON.stringify(taught) === this.shown) return;
    this.shown = JSON.stringify(taught);
    const mine = taught.last?.stamp === this.stamp ? taught.last : null;
    const count = `${taught.count} drawing${taught.count === 1 ? "" : "s"} so far.`;
    if (mine) this.say(`${mine.sentence} ${count}`);
    else this.said.textContent = count;
    this.back.hidden = !mine?.undo;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.back.hidden = true), REGRET);
  }
}

/**
 * A link loads the page anew, and the session with its choices would end: the same link in the page's head keeps it.
 * @param {MouseEvent} event
 */
function goBySession(event) {
  const { href } = /** @type {HTMLAnchorElement} */ (event.currentTarget);
  const link = [...document.querySelectorAll("a")].find((one) => one.href === href);
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  link.click();
}
