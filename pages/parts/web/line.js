// @ts-check
// The line to the models: questions over the live socket, or through the page while there is none. Every question is
// answered, if only with an error.

import { rooted } from "./dom.js";

/** @import { Reply } from "./types.js" */

const PATIENCE = 15000; // ms without a word, while a question is open, until the line counts as dead
const CONNECTING = 2000; // ms
const SLOW = 700; // ms until the pad says that it waits
const LOST = { lost: true, error: "The question was lost on the way: ask again." };

/**
 * @typedef {{
 *   page: (question: object) => void, say: (sentence: string) => void, ready: () => void
 * }} Owner of a line
 * page: ask through the page; ready: questions can be sent, now or again
 */
/** @typedef {{ question: object, answered: (reply: Reply) => void, way: "" | "socket" | "page" }} Open */

export class Line {
  /** @param {Owner} owner */
  constructor(owner) {
    this.url = rooted("digitlab/live").replace(/^http/, "ws");
    this.owner = owner;
    this.seq = Date.now(); // higher than any number an earlier pad of this page used
    this.open = /** @type {Map<number, Open>} */ (new Map()); // questions without an answer, oldest first
    this.failures = 0;
    this.timers = /** @type {Record<string, number>} */ ({});
    this.closed = false;
    this.socket = this.connect();
  }

  get live() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  get ready() {
    return this.live || this.failures > 0;
  }

  next() {
    return (this.seq += 1);
  }

  /**
   * Resolves with the reply; with {error} when it failed and also {lost} when nobody may have heard the question.
   * @param {object} question @returns {Promise<Reply>}
   */
  ask(question) {
    const seq = this.next();
    return new Promise((answered) => {
      this.open.set(seq, { question: { ...question, seq }, answered, way: "" });
      this.pump();
    });
  }

  close() {
    this.closed = true;
    Object.values(this.timers).forEach(clearTimeout);
    this.socket.close();
  }

  /** What the page answered; it shows its last answer again whenever it is drawn. @param {Reply} reply */
  heard(reply) {
    if (reply.seq !== undefined && this.open.get(reply.seq)?.way === "page") this.receive(reply);
  }

  connect() {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.later("connect", CONNECTING, () => {
      if (socket.readyState === WebSocket.CONNECTING) socket.close();
    });
    socket.onopen = () => {
      this.failures = 0;
      this.owner.say("");
      this.pump();
      this.owner.ready();
    };
    socket.onmessage = (event) => {
      if (this.socket === socket) this.receive(JSON.parse(event.data));
    };
    socket.onclose = () => {
      if (this.closed) return;
      this.failures += 1;
      this.owner.say("The live connection is down; answers come through the page, a little slower.");
      this.later("connect", Math.min(15000, 500 * 2 ** this.failures), () => this.connect());
      this.lose("socket");
      this.pump();
      this.owner.ready();
    };
    return socket;
  }

  pump() {
    for (const one of this.open.values()) {
      if (one.way) continue;
      if (this.live) {
        one.way = "socket";
        this.socket.send(JSON.stringify(one.question));
      } else if (this.failures && ![...this.open.values()].some((other) => other.way === "page")) {
        one.way = "page"; // one at a time: the page keeps only the newest
        this.owner.page(one.question);
      }
    }
    this.watch();
  }

  watch() {
    for (const name of ["slow", "silent"]) clearTimeout(this.timers[name]);
    if (!this.open.size) return;
    if (this.live) this.later("slow", SLOW, () => this.owner.say("Waiting for the models."));
    this.later("silent", PATIENCE, () => {
      this.lose("page");
      if (this.live) this.socket.close();
      else this.pump();
    });
  }

  /** @param {Reply} reply */
  receive(reply) {
    // A reply without a number refuses a question unread; the server answers in order, so it is the oldest.
    const seq = reply.seq ?? this.open.keys().next().value;
    const one = seq === undefined ? undefined : this.open.get(seq);
    if (!one || seq === undefined) return;
    this.open.delete(seq);
    if (this.live) this.owner.say("");
    one.answered({ ...reply, seq });
    this.pump();
  }

  /** @param {"socket" | "page"} way */
  lose(way) {
    for (const [seq, one] of this.open) {
      if (one.way !== way) continue;
      this.open.delete(seq);
      one.answered({ ...LOST, seq });
    }
  }

  /** @param {string} name @param {number} delay @param {() => void} job */
  later(name, delay, job) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(job, delay);
  }
}
