// @ts-check
// What the model is given: the pad's picture after each step on its way to 28 x 28, and a switch for each step.

import { frame } from "./panel.js";
import { best, told } from "../cards/verdict.js";
import { button, node, setText } from "../../web/dom.js";
import { bytesOf, erase, paintPicture, pictureCanvas } from "../../web/pixels.js";

/** @import Pad from "../pad.js" */
/** @import { Reply } from "../../web/types.js" */

const KEPT_OFF = "digitlab-steps"; // in the browser's session: which steps are off

/** @typedef {{ item: HTMLElement, canvas: HTMLCanvasElement, words: HTMLElement, image: string | null }} Stage */

export class Steps {
  /** @param {Pad} pad */
  constructor(pad) {
    this.pad = pad;
    const { steps } = pad.data;
    this.names = steps.map(({ name }) => name);
    const sentence = "Each step on the way from your pad to the 28 × 28 pixels; switch one off to see what it is good for.";
    const { root } = frame("steps", "What the model is given", sentence);
    this.root = root;
    /** @type {Set<string>} */
    this.off = new Set(this.recall());
    this.row = node("ol", "step-row");
    this.pictures = [this.stage("Your pad", "The whole pad in 28 × 28 pixels, as it is.")];
    this.switches = steps.map(({ name, title, why }) => this.step(name, title, why));
    this.cost = node("p", "steps-cost");
    this.cost.dataset.testid = "steps-cost";
    this.reset = button("Switch all steps on", "steps-reset", () => this.change(() => this.off.clear()));
    this.reset.dataset.testid = "steps-reset";
    const foot = node("div", "steps-foot");
    foot.append(this.cost, this.reset);
    this.root.append(this.row, foot);
    this.show();
    this.wipe();
  }

  /** @param {string} title @param {string} why @returns {Stage} */
  stage(title, why) {
    const item = node("li", "step");
    const canvas = pictureCanvas("step-picture", title);
    const words = node("div", "step-words");
    words.append(node("b", "step-name", title), node("p", "step-why", why));
    item.append(canvas, words);
    this.row.append(item);
    return { item, canvas, words, image: null };
  }

  /** @param {string} name @param {string} title @param {string} why */
  step(name, title, why) {
    const stage = this.stage(title, why);
    this.pictures.push(stage);
    const label = node("label", "step-switch");
    const input = node("input");
    Object.assign(input, { type: "checkbox", role: "switch", ariaLabel: title });
    input.dataset.step = name;
    const state = node("span");
    label.append(input, state);
    stage.words.append(label);
    const turn = () => (input.checked ? this.off.delete(name) : this.off.add(name));
    input.addEventListener("change", () => this.change(turn));
    return { name, title, input, state, item: stage.item };
  }

  recall() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEPT_OFF) ?? "null");
      return Array.isArray(kept) ? this.names.filter((name) => kept.includes(name)) : [];
    } catch {
      return []; // storage is blocked or holds something else: all steps are on
    }
  }

  /** @param {() => void} job */
  change(job) {
    job();
    try {
      sessionStorage.setItem(KEPT_OFF, JSON.stringify([...this.off]));
    } catch {
      // blocked: the switches hold until the page is left
    }
    this.show();
    this.pad.ask();
  }

  show() {
    for (const { name, input, state, item } of this.switches) {
      const on = !this.off.has(name);
      input.checked = on;
      setText(state, on ? "on" : "off");
      item.classList.toggle("off", !on);
    }
    this.reset.hidden = !this.off.size;
    const names = this.switches.filter(({ name }) => this.off.has(name)).map(({ title }) => title);
    this.pad.remark(names.length ? `Switched off: ${names.join(", ").toLowerCase()}.` : "");
    if (!this.off.size) setText(this.cost, "All steps are on: the models are given what they learned from.");
  }

  update() {
    if (!this.pad.lead) setText(this.cost, "Choose a classifier to see what a step is worth.");
  }

  /** @param {Record<string, unknown>} q */
  question(q) {
    q.stages = true;
    if (this.off.size) q.off = this.names.filter((name) => this.off.has(name));
  }

  /** @param {Reply} reply */
  paint(reply) {
    if (reply.stages) this.pictures.forEach((stage, i) => this.repaint(stage, reply.stages[i]));
    if (this.off.size && reply.full) setText(this.cost, this.price(reply));
  }

  /**
   * Most steps change nothing from one answer to the next but a few pixels; those that did not change are not painted.
   * @param {Stage} stage @param {string} image
   */
  repaint(stage, image) {
    if (stage.image === image) return;
    stage.image = image;
    paintPicture(stage.canvas, bytesOf(image));
  }

  /**
   * What the switched off steps cost for this drawing: the lead's verdict before and now, and who changed theirs.
   * @param {Reply} reply
   */
  price({ answers, full }) {
    const { lead } = this.pad;
    const voters = Object.keys(full).filter((id) => answers[id]);
    const changed = voters.filter((id) => best(full[id]) !== best(answers[id])).length;
    const votes = voters.length > 1 ? ` ${changed} of ${voters.length} models changed their mind.` : "";
    if (!lead || !full[lead.id] || !answers[lead.id]) return votes.trim();
    const [before, now] = [full[lead.id], answers[lead.id]].map((p) => told(p, " with "));
    return `${lead.name}: ${before} with all steps, ${now} now.${votes}`;
  }

  wipe() {
    for (const stage of this.pictures) {
      stage.image = null;
      erase(stage.canvas);
    }
    if (this.off.size) setText(this.cost, "Draw a digit to see what the steps that are off cost.");
  }

  settled() {}

  aloud() {
    return this.off.size ? this.cost.textContent ?? "" : "";
  }

  close() {
    this.pad.remark("");
  }
}
