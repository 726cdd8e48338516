// live_figure: Plotly.react on every new figure, the page's theme, pictures at the pointer, clicks anywhere.
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

// One socket for all figures of the page; one question in flight, and of those that wait only the latest.
const decoder = {
  socket: null, waiting: null, inFlight: null, seq: 0, closedAt: 0,
  ask(question, answered) {
    this.waiting = { question, answered };
    this.send();
  },
  send() {
    if (!this.waiting || (this.inFlight && performance.now() - this.inFlight.at < 2000)) return;
    if (!this.socket) {
      if (performance.now() - this.closedAt < 1000) return;
      this.socket = new WebSocket(`${base().replace(/^http/, "ws")}digitlab/live`);
      this.socket.onopen = () => this.send();
      this.socket.onmessage = (event) => this.receive(event);
      this.socket.onclose = () => { this.socket = null; this.inFlight = null; this.closedAt = performance.now(); };
    }
    if (this.socket.readyState !== WebSocket.OPEN) return;
    this.inFlight = { ...this.waiting, seq: ++this.seq, at: performance.now() };
    this.waiting = null;
    this.socket.send(JSON.stringify({ kind: "decode", seq: this.seq, ...this.inFlight.question }));
  },
  receive(event) {
    let answer = {};
    try { answer = JSON.parse(event.data); } catch { return; }
    if (!this.inFlight || answer.seq !== this.inFlight.seq) return;
    const { answered } = this.inFlight;
    this.inFlight = null;
    answered(answer);
    this.send();
  },
};

// Plotly knows no color-mix(): let a canvas turn any CSS colour into #rrggbb, and add the alpha.
function faded(color, alpha) {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = color;
  const hex = context.fillStyle;
  return hex.startsWith("#") ? hex + Math.round(255 * alpha).toString(16).padStart(2, "0") : color;
}

const sheets = new Map(); // address -> Image of 1,000 digits, 40 a row
function sheet(address) {
  if (!sheets.has(address)) {
    const image = new Image();
    image.src = address;
    sheets.set(address, image);
  }
  return sheets.get(address);
}

class View {
  constructor(parent) {
    this.root = parent.querySelector(".lf-root");
    this.plot = parent.querySelector(".lf-plot");
    this.note = parent.querySelector(".lf-note");
    this.panel = parent.querySelector(".lf-hover");
    [this.digit, this.decoded] = this.panel.querySelectorAll("figure");
    this.picked = null;
    for (const button of parent.querySelectorAll(".lf-save button"))
      button.addEventListener("click", () => savePicture(this, button.dataset.format).catch((error) => this.say(error)));
    this.observer = new ResizeObserver(() => this.root.clientWidth !== this.width && this.draw());
    this.observer.observe(this.root);
    this.plot.addEventListener("pointermove", (event) => this.point(event));
    this.plot.addEventListener("pointerleave", () => this.leave());
    this.plot.addEventListener("keydown", (event) => this.key(event));
  }

  update({ data, setStateValue }) {
    this.data = data;
    this.pick = (value) => setStateValue("pick", value);
    this.columns = null;
    if (data.points) {
      const column = (name) => data.points.getChild(name).toArray();
      this.columns = { x: column("x"), y: column("y"), color: column("color"), id: column("id") };
    }
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
    const { figure, picks, hover } = this.data;
    this.width = this.root.clientWidth;
    const layout = this.layout(figure.layout);
    this.plot.style.height = `${layout.height}px`;
    const traces = figure.data.map((trace) => (trace.meta?.points && this.columns ? this.fill(trace) : trace));
    if (this.picked) traces.push(this.ring());
    const config = {
      displaylogo: false, responsive: false, scrollZoom: picks, doubleClick: "autosize",
      modeBarButtons: [["zoom2d", "pan2d", "autoScale2d"]],
    };
    await Plotly.react(this.plot, traces, layout, config);
    this.note.hidden = true;
    if (this.listening) return;
    this.listening = true;
    this.plot.on("plotly_click", (event) => this.click(event));
    this.plot.on("plotly_hover", (event) => this.over(event));
    this.plot.on("plotly_unhover", () => this.over({ points: [] }));
  }

  fill(trace) {
    const { x, y, color } = this.columns;
    return { ...trace, x, y, marker: { ...trace.marker, color } };
  }

  ring() {
    const color = this.style("--st-text-color");
    return {
      type: "scatter", mode: "markers", x: [this.picked.x], y: [this.picked.y], hoverinfo: "skip", showlegend: false,
      marker: { size: 15, symbol: "circle-open", color, line: { width: 2.5, color } },
    };
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
    if (this.data.picks) Object.assign(layout, { hoveranywhere: true, clickanywhere: true });
    for (const name of Object.keys(given).filter((key) => /^[xy]axis\d*$/.test(key)))
      layout[name] = { gridcolor: grid, linecolor: grid, tickcolor: grid, ...given[name], ...narrow[name] };
    layout.annotations = (given.annotations ?? []).map((note) =>
      note.name === "class" ? { bgcolor: faded(back, 0.75), ...note } : note);
    return layout;
  }

  // ---- the pointer
  place(event) {
    const { xaxis, yaxis } = this.plot._fullLayout ?? {};
    if (!xaxis) return null;
    const box = this.plot.getBoundingClientRect();
    const [left, top] = [event.clientX - box.left, event.clientY - box.top];
    const inside = left >= xaxis._offset && left <= xaxis._offset + xaxis._length
      && top >= yaxis._offset && top <= yaxis._offset + yaxis._length;
    return inside ? { left, top, x: xaxis.p2d(left - xaxis._offset), y: yaxis.p2d(top - yaxis._offset) } : null;
  }

  point(event) {
    if (!this.data.hover.sprites && !this.data.hover.decode) return;
    const place = this.place(event);
    if (place && event.buttons === 0) this.show(place);
    else this.leave();
  }

  show(place) {
    this.at = place;
    this.panel.hidden = false;
    this.digit.hidden = this.near === undefined || !this.data.hover.sprites;
    this.decoded.hidden = !this.data.hover.decode;
    if (this.digit.hidden && this.decoded.hidden) this.panel.hidden = true;
    this.put();
    const { decode } = this.data.hover;
    if (decode) decoder.ask({ ...decode, x: place.x, y: place.y }, (answer) => this.paint(answer));
  }

  put() {
    const [w, h] = [this.panel.offsetWidth, this.panel.offsetHeight];
    const { left, top } = this.at;
    const x = left + 18 + w > this.width ? Math.max(0, left - 18 - w) : left + 18;
    const y = Math.max(0, Math.min(top - h / 2, this.plot.clientHeight - h));
    this.panel.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  leave() {
    this.at = null;
    this.panel.hidden = true;
  }

  over({ points }) {
    const index = points?.[0]?.pointNumber;
    this.near = this.columns && points?.[0]?.data?.meta?.points ? this.columns.id[index] : undefined;
    const { sprites } = this.data.hover;
    if (this.near === undefined || !sprites) {
      this.digit.hidden = true;
      if (this.at) this.show(this.at);
      return;
    }
    const id = this.near;
    const image = sheet(`${base()}${sprites.replace(/^\//, "")}${Math.floor(id / 1000)}.png`);
    const cell = id % 1000;
    image.decode().then(() => {
      if (this.near !== id) return;
      const canvas = this.digit.querySelector("canvas").getContext("2d");
      canvas.drawImage(image, (cell % 40) * 28, Math.floor(cell / 40) * 28, 28, 28, 0, 0, 28, 28);
      this.digit.querySelector("figcaption").textContent = `test digit ${id}`;
      this.digit.hidden = false;
      if (this.at) this.show(this.at);
    }).catch(() => { this.digit.hidden = true; });
  }

  paint(answer) {
    const caption = this.decoded.querySelector("figcaption");
    const canvas = this.decoded.querySelector("canvas").getContext("2d");
    const bytes = answer.image ? atob(answer.image) : "";
    if (bytes.length !== 784) {
      canvas.clearRect(0, 0, 28, 28);
      caption.textContent = String(answer.error ?? "no answer").slice(0, 120);
      return;
    }
    const pixels = canvas.createImageData(28, 28);
    for (let i = 0; i < 784; i++) pixels.data.set([...Array(3).fill(bytes.charCodeAt(i)), 255], 4 * i);
    canvas.putImageData(pixels, 0, 0);
    caption.textContent = answer.distance > 0.06 * this.extent() ? "decoded here, far from real digits" : "decoded here";
    if (this.at) this.put();
  }

  extent() {
    if (!this.columns) return Infinity;
    if (this.measured !== this.columns) {
      const span = (a) => a.reduce((m, v) => Math.max(m, v), -Infinity) - a.reduce((m, v) => Math.min(m, v), Infinity);
      this.diagonal = Math.hypot(span(this.columns.x), span(this.columns.y));
      this.measured = this.columns;
    }
    return this.diagonal;
  }

  click({ points, event }) {
    const place = this.data.picks && this.place(event);
    if (!place) return;
    // Plotly tells of the point it hovered last, up to 50 ms ago: it counts if the pointer is still at it.
    const { xaxis, yaxis } = this.plot._fullLayout;
    const hit = points?.find((p) => p.data?.meta?.points && this.columns);
    const away = hit && Math.hypot(xaxis._offset + xaxis.d2p(hit.x) - place.left, yaxis._offset + yaxis.d2p(hit.y) - place.top);
    if (away < 20) this.choose(this.columns.id[hit.pointNumber], hit.x, hit.y);
    else this.choose(null, place.x, place.y);
  }

  choose(id, x, y) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return;
    this.picked = { id: id === null ? null : Number(id), x, y, n: (this.picked?.n ?? Date.now()) + 1 };
    this.pick(this.picked);
    this.draw();
  }

  // ---- the keyboard: arrows move a pointer of their own, Enter picks, 0 shows everything again
  key(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const { xaxis, yaxis } = this.plot._fullLayout ?? {};
    if (!xaxis) return;
    if (step && this.data.picks) {
      const far = event.shiftKey ? 40 : 8;
      const from = this.at ?? { left: xaxis._offset + xaxis._length / 2, top: yaxis._offset + yaxis._length / 2 };
      const box = this.plot.getBoundingClientRect();
      const place = this.place({ clientX: box.left + from.left + far * step[0], clientY: box.top + from.top + far * step[1] });
      if (place) this.show(place);
    } else if (event.key === "Enter" && this.at && this.data.picks) {
      this.choose(null, this.at.x, this.at.y);
    } else if (event.key === "0") {
      const axes = Object.keys(this.plot._fullLayout).filter((name) => /^[xy]axis\d*$/.test(name));
      window.Plotly.relayout(this.plot, Object.fromEntries(axes.map((name) => [`${name}.autorange`, true])));
    } else return;
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
