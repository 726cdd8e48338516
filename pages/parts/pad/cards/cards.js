// @ts-check
// The cards: one for every chosen model, and above them what they say together.

import { Card, RedrawnCard } from "./card.js";
import { sideBySide } from "./marks.js";
import { RULE, together } from "./together.js";
import { find, setText } from "../../web/dom.js";

/** @import { Run } from "./card.js" */
/** @import { Verdict } from "./together.js" */
/** @import { Reply } from "../../web/types.js" */

const LEAD = "digitlab-lead";
const ROWS_FROM = 9; // cards that are shown as rows, because as cards they would not fit

export class Cards {
  /** @param {ParentNode} root @param {() => void} follow another model leads */
  constructor(root, follow) {
    this.follow = follow;
    this.lab = find(root, ".lab");
    this.box = find(root, ".cards");
    this.head = find(root, ".headline");
    this.head.title = RULE;
    this.most = find(this.head, ".most");
    this.mean = find(this.head, ".mean");
    this.others = find(this.head, ".others");
    this.said = "";
    this.kind = ""; // of the verdict
    this.cards = /** @type {Map<string, Card | RedrawnCard>} */ (new Map());
    this.wish = this.recall();
  }

  ids() {
    return [...this.cards.keys()];
  }

  classifiers() {
    return [...this.cards.values()].filter((card) => card instanceof Card);
  }

  /** The classifier that the growth and the steps follow: unasked none that has hardly learned; null if there is none. */
  get lead() {
    const cards = this.classifiers();
    const found = cards.find((card) => card.id === this.wish) ?? cards.find((card) => card.run.learned) ?? cards[0];
    return found?.run ?? null;
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
    this.head.hidden = !this.classifiers().length;
    this.mark();
    if (runs.length !== before.size) this.clearVerdict();
  }

  clear() {
    this.cards.forEach((card) => card.clear());
    this.clearVerdict();
  }

  clearVerdict() {
    this.judge({ kind: "none", digit: null, most: "", mean: "", others: "" });
    this.said = "";
  }

  /**
   * @param {Reply} reply @param {ImageData} pixels what they saw @param {Uint8Array | null} grey its values, null where
   * steps were left out of it: then it is not like the digits that marks and percentiles are compared with
   */
  paint({ answers, redrawn = {}, errors }, pixels, grey) {
    for (const [id, card] of this.cards) {
      const answer = answers[id] ?? redrawn[id];
      if (answer) card.paint(answer, pixels);
      else if (errors[id]) card.fail(errors[id]);
    }
    const cards = this.classifiers().filter((card) => answers[card.id]);
    const readings = cards.map((card) => ({ name: card.run.name, probabilities: card.heights }));
    /** @type {(number | null)[]} */
    const percentiles = grey ? Object.values(redrawn).map((one) => one.percentile) : [];
    const known = percentiles.filter((one) => one !== null);
    const verdict = together(readings, known, grey !== null && sideBySide(grey));
    this.judge(verdict);
    const { digit } = verdict;
    const { lead } = this;
    for (const card of cards) {
      const agrees = digit !== null && cards.length > 1 ? card.verdict === digit : null;
      card.agree(agrees && card.run === lead ? null : agrees); // that the main model agrees says nothing
    }
  }

  /** @param {Verdict} verdict */
  judge({ kind, most, mean, others }) {
    setText(this.most, most);
    setText(this.mean, mean);
    setText(this.others, others);
    if (this.kind !== kind) this.head.dataset.kind = this.kind = kind;
    this.said = [most, mean, others].filter(Boolean).join("; ");
  }

  /** What is read out once the drawing rests; and each card's probabilities are brought up to date for who listens. */
  words() {
    const cards = [...this.cards.values()];
    this.classifiers().forEach((card) => card.tell());
    const together = this.classifiers().length > 1 || this.kind !== "sure" ? this.said : ""; // else its card says the same
    return [together, ...(cards.length < ROWS_FROM ? cards.map((card) => card.said) : [])].filter(Boolean).join("; ");
  }
}
