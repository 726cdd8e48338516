// What is at the pointer: the digit of the nearest point, and what the decoder draws for the very place. One question
// at a time goes to the server, the pointer's before the plane's, the latest place before older ones.

const GAP = 18; // CSS pixels between pointer and panel
const AFTER_HOVER = 120; // ms without a question of the pointer until the plane asks one
// Of strangeness, in typical distances between a code and its nearest other: half of all digits that a model never saw
// are below 1; of codes of many numbers hardly any is above 1.5, of codes of two few are above 3.
const [AMONG, BETWEEN] = [1, 2.5];
const STRANGEST = 5; // where the bar ends

class Asker {
  // plane() -> {question, heard} or null: what to ask while the pointer rests.
  constructor(base, plane) {
    this.plane = plane;
    const down = ({ seq }) => this.line.heard({ seq, error: "There is no live connection now; it is tried again." });
    this.line = new Line(base, {
      // There is no way round through the page here: a pointer would have moved on.
      page: (question) => queueMicrotask(() => down(question)),
      say: () => {},
      ready: () => this.pump(),
    });
  }

  hover(question, heard) {
    this.waiting = { question, heard };
    this.pump();
  }

  forget() {
    this.waiting = null;
  }

  async pump() {
    if (this.busy || this.closed || !this.line?.ready) return;
    clearTimeout(this.timer);
    const now = performance.now();
    if (this.waiting) this.hovered = now;
    const held = (this.hovered ?? -1e9) + AFTER_HOVER - now;
    if (!this.waiting && held > 0) {
      this.timer = setTimeout(() => this.pump(), held + 1);
      return;
    }
    const next = this.waiting ?? this.plane();
    if (!next) return;
    this.waiting = null;
    this.busy = true;
    const reply = await this.line.ask(next.question);
    this.busy = false;
    if (this.closed) return;
    next.heard(reply);
    this.pump();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.line.close();
  }
}

class HoverPanel {
  constructor(root) {
    this.root = root.querySelector(".hover");
    [this.digit, this.decoded] = this.root.querySelectorAll("figure");
    this.named = this.digit.querySelector("figcaption");
    this.told = this.decoded.querySelector("figcaption");
    this.bar = this.decoded.querySelector(".far i");
    this.words = this.root.querySelector(".hover-words");
    this.facing = [this.digit, this.decoded].map((figure) => figure.querySelector("canvas"));
    this.size = [0, 0];
  }

  // shown: {row, grey, name, words, decodes}. at: the pointer in CSS pixels of the box [width, height] around the maps.
  show(shown, at, box) {
    const { root } = this;
    root.classList.toggle("lone", !shown.decodes);
    root.classList.toggle("empty", shown.row < 0);
    if (!shown.decodes && shown.row < 0) return this.hide();
    if (shown.row >= 0) {
      if (shown.grey) paintDigit(this.facing[0], shown.grey);
      else this.facing[0].getContext("2d").clearRect(0, 0, 28, 28);
      root.dataset.row = shown.row;
    } else delete root.dataset.row;
    root.dataset.drawn = shown.row < 0 || shown.grey ? "yes" : "";
    write(this.named, shown.row < 0 ? "no digit here" : shown.name);
    write(this.words, [shown.words, shown.decodes ? this.error : ""].filter(Boolean).join("; "));
    if (root.hidden) {
      root.hidden = false;
      this.measured = null;
    }
    const size = root.className + this.words.textContent.length;
    if (this.measured !== size) {
      this.measured = size;
      this.size = [root.offsetWidth, root.offsetHeight];
    }
    this.put(at, box);
  }

  put([left, top], [width, height]) {
    const [w, h] = this.size;
    const beside = left + GAP + w <= width ? left + GAP : left - GAP - w;
    // Where there is no room at either side it goes above or below the pointer, never under it.
    const narrow = beside < 0;
    const x = narrow ? Math.max(0, Math.min(left - w / 2, width - w)) : beside;
    const above = top - GAP - h >= 0 ? top - GAP - h : top + 2 * GAP;
    const y = narrow ? above : Math.max(0, Math.min(top - h / 2, height - h));
    this.root.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  // The answer of the decoder: {image, strange, exact} or {error}.
  decode(reply) {
    const grey = reply.image ? fromBase64(reply.image) : null;
    if (grey?.length !== 784) {
      this.facing[1].getContext("2d").clearRect(0, 0, 28, 28);
      this.bar.style.width = "0";
      this.error = String(reply.error ?? "").slice(0, 200);
      return write(this.told, "not decoded");
    }
    this.error = "";
    paintDigit(this.facing[1], grey);
    const far = Number.isFinite(reply.strange) ? reply.strange : Infinity;
    const mark = reply.strange === null || reply.strange === undefined ? "far" : markOf(far);
    this.bar.style.width = `${Math.round(100 * Math.min(1, far / STRANGEST))}%`;
    write(this.told, reply.exact === false ? `${MARKS[mark]}; estimated` : MARKS[mark]);
    Object.assign(this.root.dataset, { mark, answers: (this.answers = (this.answers ?? 0) + 1) });
  }

  hide() {
    this.root.hidden = true;
  }
}

const MARKS = { among: "among real digits", between: "between real digits", far: "far from any real digit" };

const markOf = (strange) => (strange <= AMONG ? "among" : strange <= BETWEEN ? "between" : "far");
