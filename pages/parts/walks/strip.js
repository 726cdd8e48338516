// A slider under the pictures it leads through: its thumb is below the picture of its value.

class StripSlider {
  // code(value): the code at a value; moved(value): while it is dragged; rested(value): when it is let go.
  constructor(walk, { label, low, high, value, steps, step, code, moved, rested }) {
    Object.assign(this, { walk, low, high, code, steps, moved });
    this.values = Array.from({ length: steps }, (_, i) => low + ((high - low) * i) / (steps - 1));
    this.root = node("div", "strip-slider");
    this.pictures = new Pictures(steps, steps);
    this.pictures.canvas.ariaHidden = "true";
    this.range = slider(label, low, high, step ?? (high - low) / 200, value);
    this.root.append(this.pictures.canvas, this.range);
    this.range.oninput = () => moved(this.value);
    this.range.onchange = () => rested(this.value);
    this.pictures.canvas.onpointerdown = (event) => this.drag(event);
    this.pictures.canvas.onpointermove = (event) => event.buttons & 1 && this.drag(event);
    this.pictures.canvas.onpointerup = () => rested(this.value);
  }

  get value() {
    return Number(this.range.value);
  }

  set(value) {
    this.range.value = value;
  }

  drag(event) {
    const { canvas } = this.pictures, box = canvas.getBoundingClientRect();
    if (event.type === "pointerdown") canvas.setPointerCapture(event.pointerId);
    const tile = box.width / this.steps;
    const share = (event.clientX - box.left - tile / 2) / (box.width - tile);
    this.range.value = this.low + (this.high - this.low) * Math.min(1, Math.max(0, share));
    this.moved(this.value);
  }

  codes() {
    return this.values.map((value) => this.code(value));
  }

  // The way on the map through all values, and among them the place of the one there is.
  announce(places, place) {
    if (!place) return;
    const at = this.values.filter((value) => value < this.value).length;
    const known = (places ?? []).every(Boolean) ? (places ?? []) : [];
    const path = known.length ? [...known.slice(0, at), place, ...known.slice(at)] : [place];
    this.walk.announce(path, known.length ? at : 0);
  }
}
