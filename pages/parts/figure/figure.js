// @ts-check
// A figure of Plotly's that is updated in place, in the page's theme: a zoom made by hand stays.

import { axesOf, coloured, faded, loadPlotly } from "./plotly.js";
import { clickedAt, KEYS, Ring } from "./ring.js";
import { savePicture } from "./save.js";
import { find } from "../web/dom.js";
import { isDark, readColour } from "../web/theme.js";

/** @import { SetState } from "../web/types.js" */
/** @import { Clicked } from "./ring.js" */
/** @typedef {{ data: any[], layout: any }} Given */
/** @typedef {{ figure: Given, height: number, label: string, name: string, clicks?: boolean }} Data */
/** @typedef {{ data: any[], on: Function, calcdata?: any[], _fullData?: any[], _fullLayout?: any, _dragging?: boolean }} Plotted */
/** @typedef {HTMLElement & Plotted} Plot what Plotly makes of a node */

export default class Figure {
  /** @param {HTMLElement} parent @param {Data} data */
  constructor(parent, data) {
    this.data = data;
    this.root = find(parent, ".lf-root");
    this.plot = /** @type {Plot} */ (find(parent, ".lf-plot"));
    this.note = find(parent, ".lf-note");
    this.ring = new Ring(this.plot, find(parent, ".lf-ring"));
    this.setState = /** @type {SetState} */ (() => {});
    this.clicks = Date.now(); // higher than any number an earlier figure of this page used
    this.listens = false; // to what Plotly says
    this.width = 0; // CSS pixels
    this.rest = ""; // of a figure with clicks: all that was drawn but for shapes
    this.closed = false;
    this.drawing = /** @type {Promise<unknown> | null} */ (null);
    this.again = false;
    this.drawn = /** @type {(data: Data) => void} */ (() => {}); // called when Plotly has drawn this
    for (const format of ["png", "svg"]) {
      const save = () => savePicture(this, format).catch((error) => this.say(error));
      find(parent, `.lf-save [data-format="${format}"]`).addEventListener("click", save);
    }
    this.observer = new ResizeObserver(() => this.root.clientWidth !== this.width && this.draw());
    this.observer.observe(this.root);
    this.plot.addEventListener("keydown", (event) => this.key(event));
    this.plot.addEventListener("blur", () => {
      this.ring.forget();
      this.name();
    });
  }

  /** @param {Data} data @param {SetState} setState */
  update(data, setState) {
    this.data = data;
    this.setState = setState;
    // Only so does a screen reader hand the arrow keys on.
    this.plot.setAttribute("role", data.clicks ? "application" : "group");
    if (!data.clicks) this.ring.forget();
    this.name();
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
    const { data } = this;
    const { figure } = data;
    this.width = this.root.clientWidth;
    const layout = this.layout(figure.layout);
    this.plot.style.height = `${layout.height}px`;
    const config = {
      displaylogo: false, responsive: false, scrollZoom: false, doubleClick: "autosize",
      modeBarButtons: [["zoom2d", "pan2d", "autoScale2d"]],
      displayModeBar: figure.layout.dragmode === false ? false : "hover",
    };
    const theme = isDark(readColour(this.style("--st-background-color"))) ? "dark" : "light";
    // Drawing three matrices anew takes longer than people wait for a click: where only the frame is another one, it alone.
    const { shapes = [], ...still } = layout;
    const rest = this.data.clicks ? JSON.stringify([figure.data, still, theme]) : "";
    if (rest && rest === this.rest) await Plotly.relayout(this.plot, { shapes });
    else await Plotly.react(this.plot, figure.data.map((trace) => coloured(trace, theme)), layout, config);
    this.rest = rest;
    // The label says what is drawn; its buttons stay to be found.
    for (const drawn of this.plot.querySelectorAll(".main-svg")) drawn.ariaHidden = "true";
    this.note.hidden = true;
    this.listen();
    this.ring.place();
    this.name();
    this.drawn(data);
  }

  /** Once: drawing anew keeps what listens. */
  listen() {
    if (this.listens) return;
    this.listens = true;
    this.plot.on("plotly_click", (/** @type {unknown} */ event) => this.click(clickedAt(event)));
    this.plot.on("plotly_hover", () => this.root.classList.toggle("lf-over", Boolean(this.data.clicks)));
    this.plot.on("plotly_unhover", () => this.root.classList.remove("lf-over"));
  }

  /** @param {Clicked | null} clicked */
  click(clicked) {
    if (!this.data.clicks || !clicked) return;
    this.clicks += 1; // so that a second click at the same place is heard
    this.setState("click", { ...clicked, n: this.clicks });
  }

  /** Say what is shown, or, while the ring is moved, the cell it is on. */
  name() {
    const { clicks, label } = this.data;
    const keys = clicks && this.ring.heatmap ? ` ${KEYS}` : "";
    const words = this.ring.words || `${label}${keys}`;
    if (this.plot.getAttribute("aria-label") !== words) this.plot.setAttribute("aria-label", words);
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
    if (narrow.legend) layout.legend = { ...given.legend, ...narrow.legend };
    layout.annotations = (given.annotations ?? []).map((/** @type {any} */ note) =>
      note.name === "class" ? { bgcolor: faded(back, 0.75), ...note } : note);
    return layout;
  }

  /** 0 shows everything again; where there are clicks, arrows move the ring and Enter clicks. @param {KeyboardEvent} event */
  key(event) {
    const full = this.plot._fullLayout;
    if (!full || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "0") {
      const axes = axesOf(full).filter((name) => !full[name].fixedrange); // those that can have been zoomed
      window.Plotly.relayout(this.plot, Object.fromEntries(axes.map((name) => [`${name}.autorange`, true])));
    } else if (this.data.clicks && event.key === "Enter" && this.ring.at) this.click(this.ring.cell);
    else if (!this.data.clicks || !this.ring.move(event.key)) return;
    this.name();
    event.preventDefault();
  }

  async close() {
    this.closed = true;
    this.observer.disconnect();
    await this.drawing; // taking the figure away under a drawing in progress is an error in Plotly
    window.Plotly?.purge(this.plot);
  }
}
