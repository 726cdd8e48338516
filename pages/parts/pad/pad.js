// The pad's hub: it asks the models about the ink while the pen moves, one drawing at a time, and has everything painted
// that follows from an answer. pad.py puts the other files before this one, because a component is one module.

const WORDS = 600; // ms of quiet until the verdicts are read out
const MEASURING = 2000; // ms until the same drawing is asked about again, while the server measures test digits
const PANELS = { river: River, map: LatentMap, steps: Steps };
const TOPICS = ["line", "answer", "picture", "panels"]; // what can be said below the pad, the first that is wins

class Pad {
  constructor(root) {
    const find = (name) => root.querySelector(`.${name}`);
    Object.assign(this, { lab: find("lab"), note: find("note"), panelBox: find("panels"), words: find("words") });
    this.seen = find("pixels").getContext("2d");
    this.painted = 0; // the number of the newest answer that was shown
    this.dirty = false; // whether the drawing changed since the last question
    this.notes = {};
    this.timers = {};
    this.made = new Map(); // panels by name
    this.panels = [];
    this.jury = new Jury(root, () => this.led());
    this.ink = new Ink(root, { changed: () => this.ask(), settled: () => this.rest() });
    this.pen = new Pen(root, this.ink);
    this.teach = new Teach(root, {
      drawn: () => this.ink.strokes.length > 0 && (this.ink.finish(), this.ink.rest(), true),
      teach: (what) => this.setState("teach", what),
    });
    this.keys = new Keys(root, this.ink, this.pen, (digit) => this.data.taught && this.teach.save(digit));
    this.picture = new Picture(root, {
      ask: (question) => this.line.ask(question),
      say: (sentence) => this.say("picture", sentence),
      take: (strokes, width) => this.ink.replace(strokes, width),
    });
  }

  // The classifier that panels follow: {id, name, color}, null when there is none.
  get lead() {
    return this.jury.lead;
  }

  // Called again whenever the page's data or the theme changes.
  update(data, setState) {
    const first = !this.data;
    Object.assign(this, { data, setState });
    this.line ??= new Line(data.base, {
      page: (question) => this.setState("ask", question),
      say: (sentence) => this.say("line", sentence),
      ready: () => this.pump(),
    });
    const newer = data.drawing && data.drawing.stamp > this.ink.stamp && !this.ink.down;
    if (newer) this.ink.adopt(data.drawing);
    if (data.reply) this.line.heard(data.reply);
    this.lab.classList.toggle("alone", !data.show_answers);
    this.teach.update(data.taught);
    this.arrange();
    if (first || newer) this.ink.settle();
    this.ink.measure();
  }

  close() {
    this.closed = true;
    for (const part of [this.ink, this.pen, this.keys, this.picture, this.teach, ...this.made.values()]) part.close();
    Object.values(this.timers).forEach(clearTimeout);
    cancelAnimationFrame(this.frame);
    this.line?.close();
  }

  arrange() {
    const { runs, panels, map, show_answers: answers, drawing } = this.data;
    this.jury.arrange(answers ? runs : []);
    const wanted = answers ? panels : [];
    const shown = wanted.map((name) => {
      if (!this.made.has(name)) this.made.set(name, new PANELS[name](this));
      return this.made.get(name);
    });
    for (const [name, panel] of this.made) {
      if (wanted.includes(name)) continue;
      panel.close();
      this.made.delete(name);
    }
    this.panels = shown;
    if (wanted.join() !== this.panelBox.dataset.shown) {
      this.panelBox.replaceChildren(...shown.map((panel) => panel.root));
      this.panelBox.dataset.shown = wanted.join();
    }
    this.lab.classList.toggle("follows", wanted.includes("river") || wanted.includes("steps"));
    shown.forEach((panel) => panel.update(this.data));
    const asks = JSON.stringify([this.jury.ids(), wanted, map, drawing?.stamp]);
    if (asks !== this.asks) this.ask();
    this.asks = asks;
  }

  later(name, delay, job) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(job, delay);
  }

  // ---- questions: one in flight, the latest drawing wins

  // What should be known is another thing now: the drawing, or what a panel wishes to know of it.
  ask() {
    if (this.closed) return;
    this.dirty = this.ink.shown.length > 0;
    if (this.dirty) this.pump();
    else this.wipe();
  }

  pump() {
    if (!this.dirty || this.asking || this.closed || !this.line?.ready) return;
    this.dirty = false;
    const { ink } = this;
    const strokes = ink.snapshot();
    const question = { kind: "draw", strokes, width: ink.width, runs: this.jury.ids() };
    this.panels.forEach((panel) => panel.question(question));
    const asked = { strokes, width: ink.width, off: question.off ?? [], fraction: ink.fraction, length: inkLength(strokes) };
    this.asking = true;
    this.line.ask(question).then((reply) => this.receive(reply, asked));
    this.lab.dataset.asked = this.line.seq;
  }

  receive(reply, asked) {
    this.asking = false;
    if (this.closed) return;
    if (reply.lost) this.dirty = this.ink.shown.length > 0;
    else this.say("answer", reply.error ?? "");
    if (!reply.error && reply.seq > this.painted) {
      this.newest = { reply, asked };
      this.frame ??= requestAnimationFrame(() => this.show());
    }
    this.pump();
  }

  // The pen rests: the page gets the drawing, and there is time for what takes longer.
  rest() {
    this.setState("drawing", this.ink.drawing());
    this.panels.forEach((panel) => panel.settled());
  }

  led() {
    this.panels.forEach((panel) => panel.update(this.data));
    this.ask();
  }

  // ---- answers: never an older one after a newer one, and all of one in one frame

  show() {
    this.frame = null;
    const { reply, asked } = this.newest ?? {};
    this.newest = null;
    if (reply && reply.seq > this.painted) this.paint(reply, asked);
  }

  wipe() {
    this.painted = this.line?.next() ?? 0; // whatever is still on the way answers a drawing that is gone
    this.lab.dataset.asked = this.lab.dataset.seq = this.painted;
    this.seen.clearRect(0, 0, 28, 28);
    this.jury.clear();
    this.panels.forEach((panel) => panel.wipe());
    this.words.textContent = "";
    clearTimeout(this.timers.words);
    clearTimeout(this.timers.again);
  }

  paint(reply, asked) {
    this.painted = reply.seq;
    const pixels = digitPixels(reply.image);
    this.seen.putImageData(pixels, 0, 0);
    this.jury.paint(reply, pixels);
    this.panels.forEach((panel) => panel.paint(reply, asked));
    this.lab.dataset.seq = reply.seq;
    this.later("words", WORDS, () => (this.words.textContent = this.jury.words()));
    const strangers = Object.values(reply.redrawn ?? {}).map((one) => one.stranger);
    const measuring = strangers.includes(null) || reply.map?.near?.length === 0;
    if (measuring) this.later("again", MEASURING, () => this.ask());
    else clearTimeout(this.timers.again);
  }

  // ---- what is said below the pad

  // A quiet line of the panels, such as that a step is switched off; "" takes it back.
  remark(sentence) {
    this.say("panels", sentence);
  }

  say(topic, sentence) {
    this.notes[topic] = sentence;
    setText(this.note, TOPICS.map((name) => this.notes[name]).find(Boolean) ?? "");
  }
}

export default function ({ parentElement, data: [data], setStateValue }) {
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
