// @ts-check
// What the panels below the pad share: their frame, a canvas as sharp as the screen, and whether a drawing only grew.

import { context, node } from "../../web/dom.js";
import { isDark, readColour } from "../../web/theme.js";

/** @import { Stroke } from "../strokes.js" */

export const RESTS = 350; // ms without a new answer until a panel asks its costly question, if the pad does not say so
export const RETRY = 1500; // ms until something that is not there yet is asked for again

/** @param {string} name @param {string} title @param {string} sentence */
export function frame(name, title, sentence) {
  const root = node("section", `panel ${name}`);
  root.dataset.testid = `panel-${name}`;
  root.ariaLabel = title;
  const quiet = node("p", "quiet", sentence);
  root.append(node("h2", "panel-title", title), quiet);
  return { root, quiet };
}

// A canvas that always has the screen's own pixels. Its size is known without asking the page to lay itself out.
export class Sheet {
  /** @param {string} className @param {() => void} repaint its size is another */
  constructor(className, repaint) {
    this.canvas = node("canvas", className);
    this.ctx = context(this.canvas);
    this.width = this.height = 0; // CSS pixels
    this.text = "#888";
    this.paper = "#fff";
    this.theme = /** @type {"light" | "dark"} */ ("light");
    this.watcher = new ResizeObserver(([{ contentRect }]) => {
      this.width = contentRect.width;
      this.height = contentRect.height;
      this.canvas.width = Math.round(this.width * devicePixelRatio);
      this.canvas.height = Math.round(this.height * devicePixelRatio);
      repaint();
    });
    this.watcher.observe(this.canvas);
  }

  clear() {
    const { ctx, canvas } = this;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, canvas.width, canvas.height);
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    return ctx;
  }

  /**
   * Read the colours of the theme, once: asking at every answer would cost a style pass each time. Says whether
   * they are others than before.
   */
  colours() {
    const style = getComputedStyle(this.canvas);
    const [text, paper] = [style.color, style.getPropertyValue("--st-background-color").trim() || "#fff"];
    const other = text !== this.text || paper !== this.paper;
    this.text = text;
    if (paper !== this.paper) this.theme = isDark(readColour(paper)) ? "dark" : "light";
    this.paper = paper;
    return other;
  }

  close() {
    this.watcher.disconnect();
  }
}

// Whether a drawing goes on where the one before it ended. An undo, the eraser or a picture makes another drawing of it.
export class Growth {
  constructor() {
    this.count = this.hash = 0;
  }

  forget() {
    this.count = this.hash = 0;
  }

  /** As against the strokes of the last call. @param {Stroke[]} strokes @returns {"same" | "grown" | "other"} */
  compare(strokes) {
    let hash = 0;
    let count = 0;
    let known = this.count === 0;
    for (const stroke of strokes) {
      hash = (Math.imul(hash, 31) + 7) | 0;
      for (const [x, y] of stroke) {
        hash = (Math.imul(hash, 31) + Math.round(1e4 * x)) | 0;
        hash = (Math.imul(hash, 31) + Math.round(1e4 * y)) | 0;
        if (++count === this.count) known = hash === this.hash;
      }
    }
    const before = this.count;
    [this.count, this.hash] = [count, hash];
    if (!known || before === 0 || count < before) return "other";
    return count === before ? "same" : "grown";
  }
}
