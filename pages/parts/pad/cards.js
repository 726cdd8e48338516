// @ts-check
// The cards: one for every chosen model, and above them what the classifiers read together.

import { Card, RedrawnCard } from "./card.js";
import { DIGITS, percent } from "./verdict.js";
import { find, setText } from "../web/dom.js";

/** @import { Run } from "./card.js" */
/** @import { Reply } from "../web/types.js" */

const LEAD = "digitlab-lead";
const ROWS_FROM = 9; // cards that are shown as rows, because as cards they would not fit

export class Cards {
  /** @param {ParentNode} root @param {() => void} follow another model leads */
  constructor(root, follow) {
    this.follow = follow;
    this.lab = find(root, ".lab");
    this.box = find(root, ".cards");
    this.head = find(root, ".headline");
    this.most = find(this.head, ".most");
    this.mean = find(this.head, ".mean");
    this.others = find(this.head, ".others");
    this.said = "";
    this.cards = /** @type {Map<string, Card | RedrawnCard>} */ (new Map());
    this.wish = this.recall();
  }

  ids() {
    return [...this.cards.keys()];
  }

  classifiers() {
    return [...this.cards.values()].filter((card) => card instanceof Card);
  }

  /** The classifier that the growth and the steps follow, null when there is none. */
  get lead() {
    const cards = this.classifiers();
    return (cards.find((card) => card.id === this.wish) ?? cards[0])?.run ?? null;
  }

  /** @param {string} id */
  choose(id) {
    this.wish = id;
    try {
      sessionStorage.setItem(LEAD, id);
    } catch {
      // blocked: it leads until the page is reloaded
    }
    this.mark();
    this.follow();
  }

  recall() {
    try {
      return sessionStorage.getItem(LEAD);
    } catch {
      return null; // blocked
    }
  }

  mark() {
    const { lead } = this;
    this.classifiers().forEach((card) => card.leads(card.run === lead));
  }

  /** @param {Run[]} runs */
  arrange(runs) {
    const before = this.cards;
    const make = (/** @type {Run} */ run) =>
      run.task === "reconstruct" ? new RedrawnCard(run) : new Card(run, (id) => this.choose(id));
    this.cards = new Map(runs.map((run) => [run.id, before.get(run.id) ?? make(run)]));
    runs.forEach((run) => this.cards.get(run.id)?.describe(run));
    const same = this.ids().join() === [...before.keys()].join();
    if (!same) this.box.replaceChildren(...[...this.cards.values()].map((card) => card.root));
    this.box.dataset.count = String(runs.length);
    this.box.classList.toggle("rows", runs.length >= ROWS_FROM);
    this.lab.classList.toggle("idle", !runs.length);
    this.head.hidden = this.classifiers().length < 2;
    this.mark();
    if (runs.length !== before.size) this.sum([]);
  }

  clear() {
    this.cards.forEach((card) => card.clear());
    this.sum([]);
  }

  /** @param {Reply} reply @param {ImageData} pixels what they saw */
  paint({ answers, redrawn = {}, errors }, pixels) {
    for (const [id, card] of this.cards) {
      const answer = answers[id] ?? redrawn[id];
      if (answer) card.paint(answer, pixels);
      else if (errors[id]) card.fail(errors[id]);
    }
    this.sum(this.classifiers().filter((card) => answers[card.id]));
  }

  /** Sum up what these cards read: most first, of as many the surer one. @param {Card[]} cards */
  sum(cards) {
    if (!cards.length) {
      for (const part of [this.most, this.mean, this.others]) setText(part, "");
      this.said = "";
      return;
    }
    const votes = DIGITS.map((digit) => cards.filter((card) => card.verdict === digit).length);
    const means = DIGITS.map((digit) => cards.reduce((sum, card) => sum + card.heights[digit], 0) / cards.length);
    const ahead = (/** @type {number} */ one, /** @type {number} */ other) =>
      votes[one] - votes[other] || means[one] - means[other];
    const winner = DIGITS.reduce((best, digit) => (ahead(digit, best) > 0 ? digit : best));
    const several = cards.length > 1;
    cards.forEach((card) => card.agree(several ? card.verdict === winner : null));
    const all = votes[winner] === cards.length;
    setText(this.most, `${all ? `All ${cards.length}` : `${votes[winner]} of ${cards.length}`} read ${winner}`);
    setText(this.mean, `mean probability ${percent(means[winner])}`);
    setText(this.others, dissent(cards.filter((card) => card.verdict !== winner)));
    this.said = several ? `Together: ${this.most.textContent}, ${this.mean.textContent}` : "";
  }

  /** What is read out once the drawing rests. */
  words() {
    const cards = [...this.cards.values()].map((card) => card.said);
    return [this.said, ...(cards.length < ROWS_FROM ? cards : [this.others.textContent])].filter(Boolean).join("; ");
  }
}

/** @param {Card[]} cards */
function dissent(cards) {
  const named = cards.slice(0, 3).map((card) => `${card.run.name} reads ${card.verdict}`);
  if (cards.length > 3) named.push(`${cards.length - 3} more differ`);
  return named.join(", ");
}
