// @ts-check
// A figure of Plotly's that is updated in place, in the page's theme: a zoom made by hand stays.

import { axesOf, faded, loadPlotly } from "./plotly.js";
import { savePicture } from "./save.js";
import { find } from "../web/dom.js";

/** @typedef {{ figure: { data: any[], layout: any }, height: number, label: string, name: string }} Data */
/** @typedef {HTMLElement & { data: any[], _fullLayout?: any, _dragging?: boolean }} Plot what Plotly makes of a node */

export default class Figure {
  /** @param {HTMLElement} parent @param {Data} data */
  constructor(parent, data) {
    this.data = data;
    this.root = find(parent, ".lf-root");
    this.plot = /** @type {Plot} */ (find(parent, ".lf-plot"));
    this.note = find(parent, ".lf-note");
    this.width = 0; // CSS pixels
    this.closed = false;
    this.drawing = /** @type {Promise<unknown> | null} */ (null);
    this.again = false;
    for (const format of ["png", "svg"]) {
      const save = () => savePicture(this, format).catch((error) => this.say(error));
      find(parent, `.lf-save [data-format="${format}"]`).addEventListener("click", save);
    }
    this.observer = new ResizeObserver(() => this.root.clientWidth !== this.width && this.draw());
    this.observer.observe(this.root);
    this.plot.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {Data} data */
  update(data) {
    this.data = data;
    this.plot.setAttribute("aria-label", data.label);
    this.plot.style.height ||= `${data.height}px`; // so that nothing jumps when the library has come
    this.draw();
  }

  draw() {
    // Drawing while somebody drags a zoom box would take the box away: it is drawn when they let go.
    if (this.plot._dragging) {
      window.addEventListener("pointerup", () => setTimeout(() => this.draw()), { once: true });
      return;
    }
    if (this.drawing) {
      this.again = true;
      return;
    }
    this.drawing = loadPlotly()
      .then((Plotly) => this.react(Plotly))
      .catch((error) => this.closed || this.say(error))
      .finally(() => {
        this.drawing = null;
        if (!this.again) return;
        this.again = false;
        this.draw();
      });
  }

  /** @param {unknown} error */
  say(error) {
    console.warn("live_figure", error);
    this.note.role = "alert"; // only now: a page has one live region
    this.note.hidden = false;
    this.note.textContent = "The figure could not be drawn: its drawing library did not load. Reload the page.";
  }

  /** @param {any} Plotly */
  async react(Plotly) {
    if (this.closed || !this.root.isConnected || !this.root.clientWidth) return;
    const { figure } = this.data;
    this.width = this.root.clientWidth;
    const layout = this.layout(figure.layout);
    this.plot.style.height = `${layout.height}px`;
    const config = {
      displaylogo: false, responsive: false, scrollZoom: false, doubleClick: "autosize",
      modeBarButtons: [["zoom2d", "pan2d", "autoScale2d"]],
    };
    await Plotly.react(this.plot, figure.data, layout, config);
    // The label says what is drawn; its buttons stay to be found.
    for (const drawn of this.plot.querySelectorAll(".main-svg")) drawn.ariaHidden = "true";
    this.note.hidden = true;
  }

  /** @param {string} name */
  style(name) {
    return getComputedStyle(this.root).getPropertyValue(name).trim();
  }

  /** @param {any} given @param {(name: string) => string} style */
  layout(given, style = (name) => this.style(name)) {
    const meta = given.meta ?? {};
    const narrow = this.width < 560 ? meta.narrow ?? {} : {};
    const rows = this.width < 560 ? meta.narrow_rows ?? 1 : 1;
    const [text, grid, back] = ["--st-text-color", "--st-border-color", "--st-background-color"].map(style);
    const font = { family: style("--st-font") || "sans-serif", color: text, size: 12 };
    /** @type {Record<string, any>} */
    const layout = {
      ...given, font, width: this.width, height: this.data.height * (rows > 1 ? 0.8 * rows : 1),
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      hoverlabel: { bgcolor: back, bordercolor: grid, font, align: "left" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: faded(text, 0.45), activecolor: text },
    };
    for (const name of axesOf(given)) {
      layout[name] = { gridcolor: grid, linecolor: grid, tickcolor: grid, ...given[name], ...narrow[name] };
    }
    layout.annotations = (given.annotations ?? []).map((/** @type {any} */ note) =>
      note.name === "class" ? { bgcolor: faded(back, 0.75), ...note } : note);
    return layout;
  }

  /** 0 shows everything again. @param {KeyboardEvent} event */
  key(event) {
    if (event.key !== "0" || !this.plot._fullLayout) return;
    const axes = axesOf(this.plot._fullLayout);
    window.Plotly.relayout(this.plot, Object.fromEntries(axes.map((name) => [`${name}.autorange`, true])));
    event.preventDefault();
  }

  async close() {
    this.closed = true;
    this.observer.disconnect();
    await this.drawing; // taking the figure away under a drawing in progress is an error in Plotly
    window.Plotly?.purge(this.plot);
  }
}
