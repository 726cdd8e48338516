// Say what the drawing is meant to be: one click saves it with its label, another takes that back.

const REGRET = 8000; // ms in which a save can be taken back with a click

class Teach {
  // drawn(): whether there is a drawing, and the page gets it now; teach(what): tell the page.
  constructor(root, { drawn, teach }) {
    this.owner = { drawn, teach };
    this.row = root.querySelector(".teach");
    this.said = this.row.querySelector(".taught");
    this.back = this.row.querySelector(".take-back");
    this.buttons = DIGITS.map((digit) => {
      const button = node("button", "label-digit", String(digit));
      Object.assign(button, { type: "button", ariaLabel: `This is a ${digit}` });
      button.dataset.testid = `teach-${digit}`;
      button.onclick = () => this.save(digit);
      return button;
    });
    this.row.querySelector(".labels").append(...this.buttons);
    this.row.querySelector(".hand").onclick = goBySession;
    this.back.onclick = () => {
      this.back.hidden = true;
      this.tell({ undo: true });
    };
  }

  close() {
    clearTimeout(this.timer);
  }

  save(label) {
    if (this.owner.drawn()) this.tell({ label });
    else this.said.textContent = "Draw a digit first.";
  }

  tell(what) {
    this.stamp = Date.now();
    this.owner.teach({ ...what, stamp: this.stamp });
  }

  // What the page says of the drawings: {count, last: {label, stamp, sentence}}.
  update(taught) {
    this.row.hidden = !taught;
    if (!taught || JSON.stringify(taught) === this.shown) return;
    this.shown = JSON.stringify(taught);
    const mine = taught.last !== null && taught.last.stamp === this.stamp;
    const count = `${taught.count} drawing${taught.count === 1 ? "" : "s"} so far.`;
    this.said.textContent = `${mine ? `${taught.last.sentence} ` : ""}${count}`;
    this.back.hidden = !(mine && taught.last.undo);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.back.hidden = true), REGRET);
  }
}

// A link loads the page anew, and the session with its choices would end: the same link in the page's head keeps it.
function goBySession(event) {
  const link = [...document.querySelectorAll("a")].find((one) => one.href === event.currentTarget.href);
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  link.click();
}
