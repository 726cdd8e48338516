// One map of the atlas: its columns, its view, its two canvases, and what hands do with it.

const REACH = 12; // CSS pixels around the pointer in which a point counts as hovered
const NAME_REACH = 10; // and around a class's name
const RESTED = 160; // ms without a move of the view until it is drawn sharply, and the plane asked for
const FETCHING = 400; // ms until the map says that it is on its way
const COSTLY = 30; // ms a frame may take until moving ones are drawn coarser
const KEYS = "Arrow keys move, + and − zoom, 0 shows everything, Enter picks the digit in the middle.";
const MANY = 20000; // points; fewer are never left out

class AtlasMap {
  constructor(hub, index) {
    Object.assign(this, { hub, index, view: new View(), cloud: null, shown: null, tornRows: [], cost: 0, frame: 0 });
    this.title = element("p", "map-title");
    this.plane = element("div", "map-plane");
    const [ground, over] = [element("canvas", "ground"), element("canvas", "over")];
    ground.ariaHidden = "true";
    over.tabIndex = 0;
    over.role = "application";
    over.dataset.testid = `atlas-canvas-${index}`;
    this.message = element("div", "message");
    this.message.role = "status";
    this.words = element("p", "message-words");
    this.retry = element("button", "retry", "Retry");
    this.retry.type = "button";
    this.retry.dataset.testid = "atlas-retry";
    this.retry.addEventListener("click", () => (this.forms ? this.hub.again() : this.load()));
    this.message.append(this.words, this.retry);
    this.plane.append(ground, over, this.message);
    this.root = element("section", "map");
    this.root.append(this.title, this.plane);
    Object.assign(this, { canvas: over, raster: new Raster(ground), over: new Over(over) });
    this.decoded = new Plane(() => this.planeChanged(), () => this.hub.asker?.pump());
    this.gesture = new Gesture(over, this);
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.plane);
    this.say("");
    const rows = () => this.shown?.count ?? 0;
    over.atlas = { screen: (row) => this.screen(row), rows, frame: () => this.frame };
  }

  // Where a digit is, in CSS pixels of the window: for who looks for it from outside.
  screen(row) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const { points } = this.shown;
    const [x, y] = this.view.at(points[2 * row], points[2 * row + 1]);
    return [left + x, top + y];
  }

  // ---- data

  update(source, titled) {
    this.source = source;
    this.title.hidden = !titled;
    write(this.title, source.title);
    const key = JSON.stringify(source);
    if (key === this.key) return;
    this.key = key;
    if (!this.forms) this.load();
  }

  // Whether it shows the epochs instead of the stored map.
  get forms() {
    return this.index === 0 && Boolean(this.hub.data.forming);
  }

  async load() {
    const { source } = this;
    const turn = (this.turn = {});
    clearTimeout(this.slow);
    this.slow = setTimeout(() => this.say(`Fetching the map of ${grouped(source.count)} digits.`), FETCHING);
    const column = (url, Type, length) => fetchColumn(this.hub.data.base, url, Type, length);
    const { coloring } = source;
    const colours = column(coloring.url, coloring.kind === "class" ? Uint8Array : Float32Array, source.count).catch(
      (error) => error,
    );
    const torn = source.torn ? column(source.torn, Float32Array, source.count).catch(() => null) : null;
    const points = await column(source.points, Float32Array, 2 * source.count).catch((error) => error);
    const read = [points, await colours, await torn];
    if (turn !== this.turn || this.closed) return;
    clearTimeout(this.slow);
    this.adopt(source, ...read);
  }

  adopt(source, points, column, torn) {
    if (points instanceof Error) {
      this.cloud = null;
      this.say(`The map did not load. ${points.message}`, true);
      return this.arrived();
    }
    const broken = column instanceof Error;
    const values = broken ? new Uint8Array(source.count).fill(NO_NUMBER) : column;
    const shades = broken ? values : shadesOf(source.coloring, values);
    this.say(broken ? `The colours did not load. ${column.message}` : "", broken);
    this.cloud = { points, count: source.count, shades, coloring: source.coloring, values, broken };
    Object.assign(this, { torn, tornRows: torn ? mostTorn(torn) : [] });
    const { run, method, sample, version } = source;
    const which = JSON.stringify([run, method, sample, version]);
    if (which !== this.which) {
      this.which = which;
      this.own = boundsOf(points);
      this.decoded.of({ run, method, sample }, version);
    }
    this.labels = null;
    this.readLabels(source);
    this.arrived();
  }

  // The classes, for what is said of a digit, where the colours are something else.
  async readLabels({ coloring, sample, run, method, version, count }) {
    const { base } = this.hub.data;
    const asked = new URLSearchParams({ run, method, v: version });
    const own = coloring.url.includes("/class.bin");
    const url = own ? coloring.url : `digitlab/columns/${sample}/class.bin?${asked}`;
    const { cloud } = this;
    const labels = await fetchColumn(base, url, Uint8Array, count).catch(() => null);
    if (cloud === this.cloud) this.labels = labels;
  }

  arrived() {
    this.settle();
    this.hub.arrived();
    this.rest();
  }

  // What is drawn: the stored map, or the one that forms.
  settle() {
    const { hub } = this;
    const was = this.shown;
    const what = this.forms ? hub.data.forming : this.which;
    if (what !== this.what) {
      this.what = what; // another map, in units of its own
      this.view.fit();
      hub.leave();
    }
    this.shown = this.forms ? hub.formedCloud() : this.cloud;
    this.view.bounds = this.forms ? hub.forming.bounds : this.own;
    if (was?.points !== this.shown?.points || was?.shades !== this.shown?.shades) this.names = null;
    this.canvas.dataset.state = this.shown ? "ready" : "waiting";
    this.canvas.ariaLabel = `${hub.data.label} ${KEYS}`;
    this.changed();
  }

  // The names that stand on the map: of classes, not of right and wrong.
  get classes() {
    const { kind, names } = this.shown?.coloring ?? {};
    return kind === "class" && names.length > 2 ? names : [];
  }

  nearest([px, py]) {
    if (!this.shown || !this.view.ready) return -1;
    const { points, count } = this.shown;
    const [x, y] = this.view.place(px, py);
    let [closest, row] = [(REACH / this.view.scale) ** 2, -1];
    for (let i = 0; i < count; i++) {
      const [dx, dy] = [points[2 * i] - x, points[2 * i + 1] - y];
      const away = dx * dx + dy * dy;
      if (away < closest) [closest, row] = [away, i];
    }
    return row;
  }

  nameAt([px, py]) {
    const near = ({ at: [x, y] }) => Math.abs(x - px) < NAME_REACH && Math.abs(y - py) < NAME_REACH;
    return (this.signs ?? []).find(near);
  }

  say(sentence, again = false) {
    write(this.words, sentence);
    this.message.hidden = !sentence;
    this.retry.hidden = !again;
  }

  // ---- hands

  toolFor(shift) {
    if (this.hub.data.forming) return "move";
    return shift ? "lasso" : this.hub.tool;
  }

  hover(place) {
    if (this.shown && this.view.ready) this.hub.hover(this, place);
  }

  leave() {
    this.hub.leave();
  }

  drag(dx, dy) {
    if (!this.view.ready) return;
    this.view.drag(dx, dy);
    this.moved();
    this.hub.leave();
  }

  zoom(place, factor) {
    if (!this.view.ready) return;
    this.view.zoomAt(...place, factor);
    this.moved();
    if (this.hub.over === this) this.hub.hover(this, place);
  }

  fit() {
    this.view.fit();
    this.moved();
  }

  tap(place) {
    if (!this.shown || !this.view.ready) return;
    const name = this.nameAt(place);
    if (name) return this.hub.focus(name.label);
    const row = this.nearest(place);
    const { points } = this.shown;
    const [x, y] = row < 0 ? this.view.place(...place) : [points[2 * row], points[2 * row + 1]];
    if (row >= 0 || !this.forms) this.hub.pick(this, row, x, y);
  }

  outline(outline) {
    this.drawn = outline;
    if (outline) this.hub.leave();
    this.touched();
  }

  outlined(outline) {
    this.drawn = null;
    if (outline.encloses && this.shown) this.hub.select({ map: this.index, polygon: outline.polygon(this.view) });
    this.touched();
  }

  escape() {
    this.hub.escape();
  }

  // ---- drawing

  moved() {
    this.moving = true;
    this.changed();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), RESTED);
  }

  rest() {
    this.moving = false;
    if (!this.shown || !this.view.ready || this.closed) return;
    if (this.planes) this.decoded.refresh(this.view, this.hub.theme.text);
    this.changed();
    this.hub.asker?.pump();
  }

  get planes() {
    return this.hub.data.layers.includes("plane") && this.source.decodes && !this.forms;
  }

  planeChanged() {
    const trouble = this.planes ? this.decoded.error : "";
    if (trouble !== (this.trouble ?? "")) this.say(trouble);
    this.trouble = trouble;
    this.changed();
  }

  changed() {
    this.stale = true;
    this.touched();
  }

  touched() {
    this.old = true;
    this.hub.schedule();
  }

  resize() {
    const { clientWidth, clientHeight } = this.plane;
    if (!clientWidth || !clientHeight || this.closed) return;
    const ratio = (this.ratio = Math.min(2, devicePixelRatio || 1));
    Object.assign(this.view, { width: clientWidth, height: clientHeight });
    const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    this.raster.resize(width, height);
    this.over.resize(width, height);
    this.stale = this.old = true;
    this.paint(); // at once: a canvas of another size is an empty one
    this.moved();
  }

  paint() {
    if (!this.ratio || !this.hub.theme) return;
    if (this.stale) paintGround(this);
    if (this.old) paintOver(this);
    this.stale = this.old = false;
  }

  close() {
    this.closed = true;
    this.watcher.disconnect();
    this.decoded.close();
    clearTimeout(this.slow);
    clearTimeout(this.resting);
    this.root.remove();
  }
}
