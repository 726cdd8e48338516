// What the model is given: the pad's picture after each step on its way to 28 x 28, and a switch for each step.

const KEPT_OFF = "digitlab-steps"; // in the browser's session: which steps are off
// The order and the names are those of core/ink/render.py.
const STEPS = [
  ["crop", "Crop to the ink", "Cut the empty paper away, so that it does not matter where on the pad one writes."],
  ["box", "Fit into 20 × 20", "Leave a margin of four pixels on each side, as the digits of MNIST have it."],
  ["mass", "Centre of mass", "Put the middle of the ink, not of its outline, into the middle of the picture."],
  ["thickness", "Line thickness", "Keep the line between 2.2 and 3 pixels, so that small digits are no blobs."],
  ["smooth", "Smooth edges", "Let a pixel that is half covered be half as bright, instead of all or nothing."],
  ["polarity", "Light on dark", "Make the ink light and the paper dark, as the model has always seen it."],
];

class Steps {
  constructor(pad) {
    this.pad = pad;
    const sentence = "Each step on the way from your pad to the 28 × 28 pixels; switch one off to see what it is good for.";
    Object.assign(this, frame("steps", "What the model is given", sentence));
    this.off = new Set(this.recall());
    this.row = node("ol", "step-row");
    this.pictures = [this.stage("Your pad", "The whole pad in 28 × 28 pixels, as it is.")];
    this.switches = STEPS.map(([name, title, why]) => this.step(name, title, why));
    this.cost = node("p", "steps-cost");
    this.cost.role = "status";
    this.cost.dataset.testid = "steps-cost";
    this.reset = node("button", "steps-reset", "Switch all steps on");
    this.reset.type = "button";
    this.reset.dataset.testid = "steps-reset";
    this.reset.addEventListener("click", () => this.change(() => this.off.clear()));
    const foot = node("div", "steps-foot");
    foot.append(this.cost, this.reset);
    this.root.append(this.row, foot);
    this.show();
    this.wipe();
  }

  stage(title, why) {
    const item = node("li", "step");
    const canvas = picture("step-picture", title);
    const words = node("div", "step-words");
    words.append(node("b", "step-name", title), node("p", "step-why", why));
    item.append(canvas, words);
    this.row.append(item);
    return { item, canvas, words };
  }

  step(name, title, why) {
    const stage = this.stage(title, why);
    this.pictures.push(stage);
    const label = node("label", "step-switch");
    const input = node("input", "");
    Object.assign(input, { type: "checkbox", role: "switch", ariaLabel: title });
    input.dataset.step = name;
    const state = node("span", "");
    label.append(input, state);
    stage.words.append(label);
    input.addEventListener("change", () => this.change(() => (input.checked ? this.off.delete(name) : this.off.add(name))));
    return { name, input, state, item: stage.item };
  }

  recall() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEPT_OFF));
      return Array.isArray(kept) ? STEPS.map(([name]) => name).filter((name) => kept.includes(name)) : [];
    } catch {
      return []; // storage is blocked or holds something else: all steps are on
    }
  }

  change(job) {
    job();
    try {
      sessionStorage.setItem(KEPT_OFF, JSON.stringify([...this.off]));
    } catch {
      this.stored = false; // blocked: the switches hold until the page is left
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
    const names = STEPS.filter(([name]) => this.off.has(name)).map(([, title]) => title);
    this.pad.remark(names.length ? `Switched off: ${names.join(", ").toLowerCase()}.` : "");
    if (!this.off.size) setText(this.cost, "All steps are on: the models are given what they learned from.");
  }

  update() {
    if (!this.pad.lead) setText(this.cost, "Choose a classifier to see what a step is worth.");
  }

  question(q) {
    q.stages = true;
    if (this.off.size) q.off = STEPS.map(([name]) => name).filter((name) => this.off.has(name));
  }

  paint(reply) {
    reply.stages?.forEach((stage, i) => this.repaint(this.pictures[i], stage));
    if (this.off.size && reply.full) setText(this.cost, this.price(reply));
  }

  // Most steps change nothing from one answer to the next but a few pixels; those that did not change are not painted.
  repaint(stage, image) {
    if (stage.image === image) return;
    stage.image = image;
    paintGrey(stage.canvas, image);
  }

  // What the switched off steps cost for this drawing: the lead's verdict before and now, and who changed theirs.
  price({ answers, full }) {
    const { lead } = this.pad;
    const voters = Object.keys(full).filter((id) => answers[id]);
    const changed = voters.filter((id) => best(full[id]) !== best(answers[id])).length;
    const jury = voters.length > 1 ? ` ${changed} of ${voters.length} models changed their mind.` : "";
    if (!lead || !full[lead.id] || !answers[lead.id]) return jury.trim();
    const [before, now] = [full[lead.id], answers[lead.id]].map((p) => `${best(p)} with ${percent(Math.max(...p))}`);
    return `${lead.name}: ${before} with all steps, ${now} now.${jury}`;
  }

  wipe() {
    for (const stage of this.pictures) {
      stage.image = null;
      erase(stage.canvas);
    }
    if (this.off.size) setText(this.cost, "Draw a digit to see what the steps that are off cost.");
  }

  settled() {}

  close() {
    this.pad.remark("");
  }
}
