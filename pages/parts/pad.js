// The drawing pad: one question at a time over the live socket while the pen moves, and a card for each model's answer.
// pad.py puts pad_ink.js and pad_card.js before this file, because a component is one module.

const PATIENCE = 2000; // ms until an answer counts as lost
const SLOW = 700; // ms until the pad says that it waits
const WORDS = 600; // ms of quiet until the verdicts are read out

class Pad {
  constructor(root) {
    const find = (name) => root.querySelector(`.${name}`);
    Object.assign(this, { lab: find("lab"), note: find("note"), seen: find("pixels"), cardBox: find("cards"), words: find("words") });
    this.cards = new Map();
    this.seq = Date.now(); // higher than any number an earlier pad of this page used
    this.painted = this.seq;
    this.waiting = null; // the question in flight
    this.dirty = false; // whether the drawing changed since the last question
    this.failures = 0;
    this.timers = {};
    this.ink = new Ink(root, {
      changed: () => this.ask(),
      settled: () => this.setState("drawing", this.ink.drawing()),
    });
  }

  // Called again whenever the page's data or the theme changes.
  update(data, setState) {
    const first = !this.data;
    Object.assign(this, { data, setState });
    if (data.drawing && data.drawing.stamp > this.ink.stamp && !this.ink.pen.down) {
      this.ink.adopt(data.drawing);
      this.ask();
    } else if (first && this.ink.stamp > (data.drawing?.stamp ?? 0)) {
      this.ink.settle();
    }
    this.lab.classList.toggle("alone", !data.show_answers);
    this.arrange(data.show_answers ? data.runs : []);
    if (data.reply && this.waiting?.page) this.receive(data.reply);
    if (first) this.connect();
    this.ink.redraw();
  }

  close() {
    this.closed = true;
    this.ink.close();
    Object.values(this.timers).forEach(clearTimeout);
    this.socket?.close();
  }

  later(name, delay, job) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(job, delay);
  }

  // ---- questions: one in flight, the latest drawing wins

  connect() {
    if (this.closed) return;
    const base = this.data.base ? `/${this.data.base}` : "";
    const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${base}/digitlab/live`;
    const socket = (this.socket = new WebSocket(url));
    this.later("connect", PATIENCE, () => socket.readyState === WebSocket.CONNECTING && socket.close());
    socket.onopen = () => {
      this.failures = 0;
      this.waiting = null;
      this.say("");
      this.pump();
    };
    socket.onmessage = (event) => this.socket === socket && this.receive(JSON.parse(event.data));
    socket.onclose = () => {
      if (this.closed) return;
      this.failures += 1;
      if (!this.waiting?.page) {
        this.dirty ||= this.waiting !== null;
        this.waiting = null;
      }
      this.say("The live connection is down; answers come through the page, a little slower.");
      this.later("connect", Math.min(15000, 500 * 2 ** this.failures), () => this.connect());
      this.pump();
    };
  }

  ask() {
    this.dirty = this.ink.strokes.length > 0;
    if (this.dirty) this.pump();
    else this.wipe();
  }

  pump() {
    if (!this.dirty || !this.data || this.waiting || this.closed) return;
    const open = this.socket?.readyState === WebSocket.OPEN;
    if (!open && !this.failures) return; // still connecting for the first time
    this.dirty = false;
    this.lab.dataset.asked = this.seq += 1;
    const question = { kind: "draw", seq: this.seq, strokes: this.ink.strokes, width: this.ink.width, runs: [...this.cards.keys()] };
    this.waiting = { seq: this.seq, page: !open };
    if (open) this.socket.send(JSON.stringify(question));
    else this.setState("ask", question);
    if (open) this.later("slow", SLOW, () => this.say("Waiting for the models."));
    this.later("answer", open ? PATIENCE : 2 * PATIENCE, () => {
      this.waiting = null;
      this.ask();
    });
  }

  receive(reply) {
    if (reply.seq !== undefined && reply.seq < (this.waiting?.seq ?? 0)) return; // an answer that was given up
    const { page } = this.waiting ?? {};
    clearTimeout(this.timers.answer);
    clearTimeout(this.timers.slow);
    this.waiting = null;
    if (!page) this.say(""); // the line of the slower way stays until the live one is back
    if (reply.error) this.say(reply.error);
    else if (reply.seq > this.painted) this.paint(reply);
    this.pump();
  }

  // ---- answers

  arrange(runs) {
    const ids = runs.map((run) => run.id).join(" ");
    runs.forEach((run) => this.cards.get(run.id)?.describe(run));
    if (ids === this.arranged) return;
    this.arranged = ids;
    const before = this.cards;
    this.cards = new Map(runs.map((run) => [run.id, before.get(run.id) ?? new Card(run)]));
    this.cardBox.replaceChildren(...[...this.cards.values()].map((card) => card.root));
    this.cardBox.dataset.count = runs.length;
    this.lab.classList.toggle("idle", !runs.length);
    this.ask();
  }

  wipe() {
    this.painted = this.seq += 1; // whatever is still on the way answers a drawing that is gone
    this.lab.dataset.asked = this.lab.dataset.seq = this.seq;
    this.seen.getContext("2d").clearRect(0, 0, 28, 28);
    this.cards.forEach((card) => card.clear());
    this.words.textContent = "";
    clearTimeout(this.timers.words);
  }

  paint({ seq, image, answers, errors }) {
    this.painted = seq;
    const ink = atob(image);
    const pixels = new ImageData(28, 28);
    pixels.data.fill(255);
    for (let i = 0; i < 784; i++) pixels.data[4 * i + 3] = ink.charCodeAt(i);
    this.seen.getContext("2d").putImageData(pixels, 0, 0);
    for (const [id, card] of this.cards) {
      if (answers[id]) card.paint(answers[id]);
      else if (errors[id]) card.fail(errors[id]);
    }
    this.lab.dataset.seq = seq;
    this.later("words", WORDS, () => {
      this.words.textContent = [...this.cards.values()].map((card) => card.said).filter(Boolean).join("; ");
    });
  }

  say(sentence) {
    this.note.textContent = sentence;
  }
}

export default function ({ parentElement, data, setStateValue }) {
  if (!parentElement.digitPad?.lab.isConnected) {
    parentElement.digitPad?.close();
    parentElement.digitPad = new Pad(parentElement);
  }
  const pad = parentElement.digitPad;
  pad.update(data, setStateValue);
  return () => {
    pad.close();
    delete parentElement.digitPad;
  };
}
