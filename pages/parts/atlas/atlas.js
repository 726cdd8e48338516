// The atlas's hub: one map or two, and what they share: the digit at the pointer, the selection, the questions to the
// decoder. atlas.py puts the other files before this one, because a component is one module.

class Atlas {
  constructor(root) {
    this.root = root.querySelector(".atlas");
    const find = (name) => this.root.querySelector(`.${name}`);
    Object.assign(this, { box: find("maps"), said: find("said"), unselect: find("unselect") });
    this.maps = [];
    Object.assign(this, { tool: "move", selection: null, focused: null, hovered: -1, over: null, own: null });
    this.clicks = Date.now(); // higher than any number an earlier atlas of this page used
    this.panel = new HoverPanel(this.root);
    this.legend = new Legend(this.root, (label) => this.focus(label));
    this.forming = new Forming(this.root, {
      moved: () => this.formed(),
      failed: (error) => this.maps[0]?.say(error, true),
    });
    for (const button of this.root.querySelectorAll("button[data-tool]")) {
      button.addEventListener("click", () => this.take(button.dataset.tool));
    }
    const zoom = (factor) => this.maps.forEach((map) => map.zoom([map.view.width / 2, map.view.height / 2], factor));
    find("closer").addEventListener("click", () => zoom(1.6));
    find("further").addEventListener("click", () => zoom(1 / 1.6));
    find("fit").addEventListener("click", () => this.maps.forEach((map) => map.fit()));
    this.unselect.addEventListener("click", () => this.escape());
    this.walked = (event) => this.walkTo(event.detail);
    window.addEventListener("digitlab:walk", this.walked);
    this.walk = window.digitlabWalk ?? null;
  }

  // Called again whenever the page's data or the theme changes.
  update(data, setState) {
    Object.assign(this, { data, setState });
    this.classColoring = { title: "Class", kind: "class", names: data.classes, url: "" };
    this.readTheme();
    this.root.style.setProperty("--height", `${data.height}px`);
    if (this.digits?.dataset !== data.dataset || this.digits?.testCount !== data.test_count) {
      this.digits?.close();
      this.digits = new Digits(data.base, data.dataset, data.test_count, () => this.pictured());
    }
    if (data.maps.some((map) => map.decodes)) this.asker ??= new Asker(data.base, () => this.planeQuestion());
    this.adopt(data);
    if (JSON.stringify(data.picked) !== this.picked) {
      this.picked = JSON.stringify(data.picked);
      this.own = null;
    }
    while (this.maps.length > data.maps.length) this.maps.pop().close();
    data.maps.forEach((source, index) => {
      if (!this.maps[index]) {
        this.maps[index] = new AtlasMap(this, index);
        this.box.append(this.maps[index].root);
      }
      this.maps[index].update(source, data.maps.length > 1);
    });
    this.root.classList.toggle("pair", data.maps.length > 1);
    this.root.classList.toggle("forms", Boolean(data.forming));
    this.forming.update(data.base, data.forming);
    if (!data.forming && this.formedBefore) this.maps[0]?.load();
    this.formedBefore = Boolean(data.forming);
    this.maps.forEach((map) => map.settle());
    this.relight();
    this.maps.forEach((map) => map.rest());
  }

  close() {
    this.closed = true;
    window.removeEventListener("digitlab:walk", this.walked);
    cancelAnimationFrame(this.frame);
    this.maps.forEach((map) => map.close());
    for (const part of [this.forming, this.digits, this.asker]) part?.close();
  }

  // ---- the theme

  readTheme() {
    const style = getComputedStyle(this.root);
    const [textText, paperText] = [style.color, style.getPropertyValue("--st-background-color").trim() || "#fff"];
    const [text, paper] = [readColour(textText), readColour(paperText)];
    const dark = paper[0] + paper[1] + paper[2] < 384;
    this.theme = { textText, paperText, text, paper, packed: packed(paper), dark };
    this.greys = new Uint32Array(256).fill(packed(mixed(paper, text, DIMMED[dark ? "dark" : "light"])));
    this.palettes = new Map();
  }

  coloursOf(coloring) {
    const key = `${coloring.kind} ${coloring.names?.length}`;
    if (!this.palettes.has(key)) {
      const colours = paletteOf(coloring, this.data.palette, this.theme.dark).map(packed);
      this.palettes.set(key, Uint32Array.from(colours));
    }
    return this.palettes.get(key);
  }

  // ---- drawing, at most once a frame

  schedule() {
    if (this.closed) return;
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.maps.forEach((map) => map.paint());
    });
  }

  // Columns of a map came.
  arrived() {
    this.relight();
    if (this.data.dataset && !this.prefetched && this.maps.some((map) => map.shown)) {
      this.prefetched = true; // the first digits a pointer asks for should be here
      setTimeout(() => !this.closed && this.prefetch(), 300);
    }
  }

  prefetch() {
    for (let row = 0; row < Math.min(this.data.test_count, 10000); row += PER_SHEET) this.digits.grey(row);
  }

  pictured() {
    if (this.over && this.at) this.hover(this.over, this.at, true);
    if (this.data.layers.includes("pictures")) this.maps.forEach((map) => map.changed());
  }

  formed() {
    const [map] = this.maps;
    if (!map) return;
    map.say("");
    map.settle();
    this.relight();
  }

  // The points on their way between two epochs, or null while there are none.
  formedCloud() {
    const { frames, points } = this.forming;
    return frames && { points, count: frames.n, shades: frames.labels, coloring: this.classColoring };
  }

  again() {
    clearTimeout(this.forming.timer);
    this.forming.poll();
  }

  walkTo(walk) {
    this.walk = walk && Array.isArray(walk.path) ? walk : null;
    this.maps.forEach((map) => map.touched());
  }

  // ---- the pointer

  // known: the place is the one asked about before.
  hover(map, at, known = false) {
    const row = map.nearest(at);
    Object.assign(this, { over: map, at });
    if (row !== this.hovered) {
      this.hovered = row;
      this.maps.forEach((other) => other.touched());
    }
    const { decodes, run, method, sample } = map.source;
    const decoding = decodes && !map.forms;
    const box = this.box.getBoundingClientRect();
    const own = map.canvas.getBoundingClientRect();
    const place = [own.left - box.left + at[0], own.top - box.top + at[1]];
    const grey = row < 0 ? null : this.digits.grey(row);
    const shown = { row, grey, name: this.nameOf(map, row), words: this.wordsOf(map, row), decodes: decoding };
    this.panel.show(shown, place, [box.width, box.height]);
    map.canvas.style.cursor = map.nameAt(at) ? "pointer" : "";
    if (!decoding || known) return;
    const [x, y] = map.view.place(...at);
    const question = { kind: "decode", run, method, sample, x, y };
    this.asker.hover(question, (reply) => this.over === map && this.panel.decode(reply));
  }

  nameOf(map, row) {
    if (row < 0) return "";
    const { classes, test_count: tests } = this.data;
    const label = map.forms ? map.shown.shades[row] : map.labels?.[row];
    const which = row < tests ? `test digit ${grouped(row)}` : `training digit ${grouped(row - tests)}`;
    return label === undefined ? which : `${classes[label] ?? label}, ${which}`;
  }

  wordsOf(map, row) {
    if (row < 0 || map.forms || map.shown.broken) return "";
    const { coloring, values } = map.shown;
    const parts = [];
    const value = coloring.kind === "class" ? coloring.names[values[row]] ?? "none" : told(values[row], coloring.unit);
    if (!coloring.url.includes("/class.bin")) parts.push(`${coloring.title}: ${value}`);
    if (this.data.layers.includes("torn") && map.tornRows.includes(row)) {
      parts.push(`its nearest codes lie ${Math.round(100 * map.torn[row])} % of the map's width away`);
    }
    const other = this.maps.find((one) => one !== map && one.shown && row < one.shown.count);
    if (other) parts.push(`ringed in ${other.source.title}, too`);
    return parts.join("; ");
  }

  leave() {
    if (!this.over) return;
    Object.assign(this, { over: null, at: null, hovered: -1 });
    this.asker?.forget();
    this.panel.hide();
    this.maps.forEach((map) => map.touched());
  }

  planeQuestion() {
    for (const map of this.maps) {
      const next = !map.moving && map.planes ? map.decoded.next() : null;
      if (next) return next;
    }
    return null;
  }

  // ---- picking and selecting

  take(tool) {
    this.tool = tool;
    for (const button of this.root.querySelectorAll("button[data-tool]")) {
      button.ariaPressed = String(button.dataset.tool === tool);
    }
    this.box.dataset.tool = tool;
  }

  pick(map, row, x, y) {
    this.clicks += 1;
    this.own = { row: row < 0 ? null : row, x, y, map: map.index };
    this.setState("pick", { ...this.own, n: this.clicks });
    this.maps.forEach((other) => other.touched());
  }

  // The rings of one map: the page's picks, and the click it has not answered yet.
  rings(index) {
    const { picked } = this.data;
    const named = picked.map((row, i) => ({ row, name: picked.length > 1 ? String.fromCharCode(65 + (i % 26)) : "" }));
    const { own } = this;
    // A digit is on every map, a place on its own.
    const rings = own && (own.row === null ? own.map === index : !picked.includes(own.row));
    return rings ? [...named, own] : named;
  }

  select(selection) {
    this.selection = selection;
    this.clicks += 1;
    this.told = this.clicks;
    this.setState("selection", { map: selection?.map ?? 0, polygon: selection?.polygon ?? null, n: this.clicks });
    this.relight();
  }

  // The page's selection, unless it does not know yet what was selected here since.
  adopt({ selection, heard }) {
    if (heard >= (this.told ?? 0)) this.selection = selection;
  }

  focus(label) {
    this.focused = this.focused === label ? null : label;
    this.relight();
  }

  escape() {
    this.focused = null;
    if (this.selection) this.select(null);
    else this.relight();
    this.leave();
  }

  // Which rows are lit: the selected ones, of the class that is looked at. null: all.
  relight() {
    const { selection, maps, data } = this;
    const from = selection && !maps[selection.map]?.forms ? maps[selection.map]?.shown : null;
    const inside = from ? rowsInside(selection.polygon, from.points, from.count) : null;
    const [first] = maps;
    const coloring = (data.forming ? this.classColoring : data.maps[0]?.coloring) ?? this.classColoring;
    if (coloring.kind !== "class" || this.focused >= coloring.names.length) this.focused = null;
    const { focused } = this;
    for (const map of maps) map.lit = map.shown && litOf(map.shown, inside, focused);
    this.legend.show(coloring, data.palette, this.theme.dark, focused);
    const lit = inside ?? (focused === null ? null : first?.lit);
    write(this.said, lit ? counted(lit, inside ? "selected" : `of class ${coloring.names[focused]}`) : "");
    this.unselect.hidden = !lit;
    maps.forEach((map) => map.changed());
  }
}

export default function ({ parentElement, data, setStateValue }) {
  if (!parentElement.digitAtlas?.root.isConnected) {
    parentElement.digitAtlas?.close();
    parentElement.digitAtlas = new Atlas(parentElement);
  }
  const atlas = parentElement.digitAtlas;
  atlas.update(data, setStateValue);
  return () => {
    atlas.close();
    delete parentElement.digitAtlas;
  };
}
