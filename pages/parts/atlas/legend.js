// The legend: class names that light their points alone, or the scale of a number.

class Legend {
  constructor(root, chosen) {
    this.root = root.querySelector(".legend");
    this.chosen = chosen;
  }

  // focused: the class that is lit alone, or null.
  show(coloring, digits, dark, focused) {
    const key = JSON.stringify([coloring, dark]);
    if (key !== this.key) {
      this.key = key;
      this.root.replaceChildren(element("span", "legend-title", coloring.title));
      if (coloring.kind === "class") this.entries(coloring, paletteOf(coloring, digits, dark));
      else this.scale(coloring, dark);
    }
    for (const entry of this.root.querySelectorAll("button")) {
      entry.ariaPressed = String(Number(entry.dataset.label) === focused);
      entry.classList.toggle("other", focused !== null && Number(entry.dataset.label) !== focused);
    }
  }

  entries({ names }, colours) {
    names.forEach((name, label) => {
      const entry = element("button", "entry", name);
      Object.assign(entry, { type: "button", title: `Show ${name} alone` });
      Object.assign(entry.dataset, { label, testid: `atlas-legend-${label}` });
      const dot = element("i", "dot");
      dot.style.background = `rgb(${colours[label].join()})`;
      entry.prepend(dot);
      entry.addEventListener("click", () => this.chosen(label));
      this.root.append(entry);
    });
  }

  scale(coloring, dark) {
    const at = scaleOf(coloring, dark);
    const stops = Array.from({ length: 17 }, (_, i) => `rgb(${at(i / 16).join()})`);
    const bar = element("span", "ramp");
    bar.style.background = `linear-gradient(to right, ${stops.join()})`;
    const [low, high] = [coloring.low, coloring.high].map((value) => told(value, coloring.unit));
    this.root.append(element("span", "end", low), bar, element("span", "end", high));
    if (coloring.log) this.root.append(element("span", "end", "logarithmic"));
  }
}
