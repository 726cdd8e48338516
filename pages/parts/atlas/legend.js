// @ts-check
// The legend: class names that light their points alone, or the scale of a number.

import { paletteOf, scaleOf, told } from "./painting/color.js";
import { button, find, node } from "../web/dom.js";

/** @import { Coloring } from "./painting/color.js" */
/** @import { DigitColors, Rgb } from "../web/types.js" */

export class Legend {
  /** @param {ParentNode} root @param {(label: number) => void} chosen */
  constructor(root, chosen) {
    this.root = find(root, ".legend");
    this.chosen = chosen;
    this.key = "";
  }

  /**
   * @param {Coloring} coloring @param {DigitColors} digits @param {boolean} dark
   * @param {number | null} focused the class that is lit alone
   */
  show(coloring, digits, dark, focused) {
    const key = JSON.stringify([coloring, dark]);
    if (key !== this.key) {
      this.key = key;
      this.root.replaceChildren(node("span", "legend-title", coloring.title));
      if (coloring.kind === "class") this.entries(coloring, paletteOf(coloring, digits, dark));
      else this.scale(coloring, dark);
    }
    for (const entry of this.root.querySelectorAll("button")) {
      entry.ariaPressed = String(Number(entry.dataset.label) === focused);
      entry.classList.toggle("other", focused !== null && Number(entry.dataset.label) !== focused);
    }
  }

  /** @param {Coloring} coloring @param {Rgb[]} colours */
  entries({ names }, colours) {
    names.forEach((name, label) => {
      const entry = button(name, "entry", () => this.chosen(label));
      entry.title = `Show ${name} alone`;
      Object.assign(entry.dataset, { label, testid: `atlas-legend-${label}` });
      const dot = node("i", "dot");
      dot.style.background = `rgb(${colours[label].join()})`;
      entry.prepend(dot);
      this.root.append(entry);
    });
  }

  /** @param {Coloring} coloring @param {boolean} dark */
  scale(coloring, dark) {
    const at = scaleOf(coloring, dark);
    const stops = Array.from({ length: 17 }, (_, i) => `rgb(${at(i / 16).join()})`);
    const bar = node("span", "ramp");
    bar.style.background = `linear-gradient(to right, ${stops.join()})`;
    const [low, high] = [coloring.low, coloring.high].map((value) => told(value ?? NaN, coloring.unit));
    this.root.append(node("span", "end", low), bar, node("span", "end", high));
    if (coloring.log) this.root.append(node("span", "end", "logarithmic"));
  }
}
