// live_figure: Plotly.react on every new figure, in the page's theme.
// Streamlit calls the exported function again for every change of data or theme; the View keeps what lives on.

const base = () => {
  const script = [...document.scripts].find((s) => s.src.includes("/static/js/"));
  return script ? script.src.slice(0, script.src.indexOf("static/js/")) : `${location.origin}/`;
};

function loadPlotly() {
  window.digitlabPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `${base()}digitlab/plotly/plotly.min.js`;
    script.onload = () => (window.Plotly ? resolve(window.Plotly) : reject(new Error("empty")));
    script.onerror = () => {
      window.digitlabPlotly = undefined; // so that the next figure tries again
      reject(new Error("not loaded"));
    };
    document.head.append(script);
  });
  return window.digitlabPlotly;
}

// Plotly knows no color-mix(): let a canvas turn any CSS colour into #rrggbb, and add the alpha.
function faded(color, alpha) {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = color;
  const hex = context.fillStyle;
  return hex.startsWith("#") ? hex + Math.round(255 * alpha).toString(16).padStart(2, "0") : color;
}

class View {
  constructor(parent) {
    this.root = parent.querySelector(".lf-root");
    this.plot = parent.querySelector(".lf-plot");
    this.note = parent.querySelector(".lf-note");
    for (const button of parent.querySelectorAll(".lf-save button"))
      button.addEventListener("click", () => savePicture(this, button.dataset.format).catch((error) => this.say(error)));
    this.observer = new ResizeObserver(() => this.root.clientWidth !== this.width && this.draw());
    this.observer.observe(this.root);
    this.plot.addEventListener("keydown", (event) => this.key(event));
  }

  update({ data }) {
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
    if (this.drawing) { this.again = true; return; }
    this.drawing = loadPlotly()
      .then((Plotly) => this.react(Plotly))
      .catch((error) => this.closed || this.say(error))
      .finally(() => {
        this.drawing = null;
        if (this.again) { this.again = false; this.draw(); }
      });
  }

  say(error) {
    console.warn("live_figure", error);
    this.note.hidden = false;
    this.note.textContent = "The figure could not be drawn: its drawing library did not load. Reload the page.";
  }

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
    this.note.hidden = true;
  }

  style(name) { return getComputedStyle(this.root).getPropertyValue(name).trim(); }

  layout(given, style = (name) => this.style(name)) {
    const meta = given.meta ?? {};
    const narrow = this.width < 560 ? meta.narrow ?? {} : {};
    const rows = this.width < 560 ? meta.narrow_rows ?? 1 : 1;
    const [text, grid, back] = ["--st-text-color", "--st-border-color", "--st-background-color"].map(style);
    const font = { family: style("--st-font") || "sans-serif", color: text, size: 12 };
    const layout = {
      ...given, font, width: this.width, height: this.data.height * (rows > 1 ? 0.8 * rows : 1),
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      hoverlabel: { bgcolor: back, bordercolor: grid, font, align: "left" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: faded(text, 0.45), activecolor: text },
    };
    for (const name of Object.keys(given).filter((key) => /^[xy]axis\d*$/.test(key)))
      layout[name] = { gridcolor: grid, linecolor: grid, tickcolor: grid, ...given[name], ...narrow[name] };
    layout.annotations = (given.annotations ?? []).map((note) =>
      note.name === "class" ? { bgcolor: faded(back, 0.75), ...note } : note);
    return layout;
  }

  // 0 shows everything again.
  key(event) {
    if (event.key !== "0" || !this.plot._fullLayout) return;
    const axes = Object.keys(this.plot._fullLayout).filter((name) => /^[xy]axis\d*$/.test(name));
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

const views = new WeakMap();

export default function (component) {
  const { parentElement } = component;
  if (!views.has(parentElement)) views.set(parentElement, new View(parentElement));
  const view = views.get(parentElement);
  view.update(component);
  return () => {
    view.close();
    views.delete(parentElement);
  };
}
