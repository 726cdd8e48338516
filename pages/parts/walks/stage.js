// Where a walk stands in the page: its line to the models, what it tells the page, and the word to the maps.

const WALKS = { film: Film, sliders: Sliders, sum: Sum, grid: Grid, choose: Choose };

class Walk {
  constructor(parent, kind) {
    this.root = parent.querySelector(".walk");
    this.kind = kind;
    this.note = node("p", "note");
    this.note.role = "status";
    this.panel = new WALKS[kind](this);
    this.root.replaceChildren(this.panel.root, this.note);
  }

  update(data, setState) {
    Object.assign(this, { data, setState });
    this.panel.data = data;
    if (data.reply) this.line?.heard(data.reply);
    this.panel.update(data);
  }

  // ---- questions; the line is opened with the first

  async ask(question) {
    this.line ??= new Line(this.data.base, {
      page: (asked) => this.setState("ask", asked),
      say: (sentence) => this.say(sentence),
      ready: () => {},
    });
    const reply = await this.line.ask({ ...question, run: this.data.map.run });
    if (reply.error && !this.closed) this.say(reply.error);
    return reply;
  }

  say(sentence) {
    setText(this.note, sentence);
  }

  // What the page is to know; it is kept until something else is told.
  tell(said) {
    this.setState("said", said);
  }

  // ---- where the walk is: every map of this run that the page shows draws it

  announce(path, at = null, label = "") {
    this.heard = true;
    const detail = { ...this.data.map, path, at, label };
    window.digitlabWalk = detail;
    window.dispatchEvent(new CustomEvent("digitlab:walk", { detail }));
  }

  close() {
    this.closed = true;
    this.panel.close();
    this.line?.close();
    if (this.heard) this.announce([]);
  }
}

export default function ({ parentElement, data, setStateValue }) {
  const known = parentElement.digitWalk;
  if (!known?.root.isConnected || known.kind !== data.kind) {
    known?.close();
    parentElement.digitWalk = new Walk(parentElement, data.kind);
  }
  const walk = parentElement.digitWalk;
  walk.update(data, setStateValue);
  return () => {
    walk.close();
    delete parentElement.digitWalk;
  };
}
