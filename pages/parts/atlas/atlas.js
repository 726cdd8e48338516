// @ts-check
// The atlas's hub: one map or two, and what they share: the digit at the pointer, the selection, the questions to the
// decoder.

import { Forming } from "./forming.js";
import { Asker, HoverPanel } from "./hover.js";
import { Legend } from "./legend.js";
import { AtlasMap } from "./map.js";
import { mixed, packed, paletteOf, told } from "./painting/color.js";
import { DIMMED } from "./painting/paint.js";
import { counted, litOf, selectedRows } from "./select.js";
import { Digits } from "../web/digits.js";
import { find, grouped, listen, setText } from "../web/dom.js";
import { isDark, readColour } from "../web/theme.js";

/** @import { Tool } from "./gesture.js" */
/** @import { Cloud, Source } from "./map.js" */
/** @import { Coloring } from "./painting/color.js" */
/** @import { Ring } from "./painting/over.js" */
/** @import { DigitColors, Place, Rgb, SetState, SheetLayout, Walked } from "../web/types.js" */

/** @type {Tool[]} */
const TOOLS = ["move", "lasso", "box"];

/** @typedef {{ map: number, polygon: Place[], digits?: string }} Selection see component.py */
/**
 * @typedef {{
 *   palette: DigitColors, maps: Source[], dataset: string, classes: string[], test_count: number, sheet: SheetLayout,
 *   corners: number, selection: Selection | null, heard: number, picked: number[], layers: string[],
 *   forming: string | null, height: number, label: string
 * }} Data what the page sends, see component.py
 * corners: of a selection, at most; heard: the number of the last selection that the page knows of
 */
/**
 * @typedef {{
 *   text: string, paper: string, textRgb: Rgb, paperRgb: Rgb, packed: number, dark: boolean
 * }} Theme
 * packed: the paper
 */

export default class Atlas {
  /** @param {HTMLElement} root @param {Data} data */
  constructor(root, data) {
    this.data = data;
    /** @type {SetState} */
    this.setState = () => {};
    this.root = find(root, ".atlas");
    this.box = find(root, ".maps");
    this.said = find(root, ".said");
    this.unselect = find(root, ".unselect");
    this.maps = /** @type {AtlasMap[]} */ ([]);
    /** @type {Tool} */
    this.tool = "move";
    this.selection = /** @type {Selection | null} */ (null);
    this.focused = /** @type {number | null} */ (null); // the class that is lit alone
    this.hovered = -1; // the row at the pointer
    this.over = /** @type {AtlasMap | null} */ (null); // the map that the pointer is over
    /** @type {Place} */
    this.at = [0, 0]; // and where
    this.own = /** @type {(Ring & { map: number }) | null} */ (null); // the click that the page has not answered yet
    this.picked = "";
    this.clicks = Date.now(); // higher than any number an earlier atlas of this page used
    this.told = 0; // the number of the last selection that was made here
    this.closed = this.prefetched = this.formedBefore = false;
    this.frame = /** @type {number | null} */ (null);
    this.digits = /** @type {Digits | null} */ (null);
    this.asker = /** @type {Asker | null} */ (null);
    this.palettes = /** @type {Map<string, Uint32Array>} */ (new Map());
    this.greys = new Uint32Array(256);
    /** @type {Coloring} */
    this.classColoring = { title: "Class", kind: "class", names: data.classes, url: "" };
    this.theme = this.readTheme();
    this.panel = new HoverPanel(this.root);
    this.legend = new Legend(this.root, (label) => this.focus(label));
    this.forming = new Forming(this.root, {
      moved: () => this.formed(),
      failed: (error) => this.maps[0]?.say(error, true),
    });
    for (const tool of TOOLS) this.toolButton(tool).addEventListener("click", () => this.take(tool));
    const zoom = (/** @type {number} */ factor) =>
      this.maps.forEach((map) => map.zoom([map.view.width / 2, map.view.height / 2], factor));
    find(root, ".closer").addEventListener("click", () => zoom(1.6));
    find(root, ".further").addEventListener("click", () => zoom(1 / 1.6));
    find(root, ".fit").addEventListener("click", () => this.maps.forEach((map) => map.fit()));
    this.unselect.addEventListener("click", () => this.escape());
    this.listening = new AbortController();
    listen(window, "digitlab:walk", (event) => this.walkTo(event.detail), this.listening.signal);
    this.walk = window.digitlabWalk ?? null;
  }

  /** Called again whenever the page's data or the theme changes. @param {Data} data @param {SetState} setState */
  update(data, setState) {
    this.data = data;
    this.setState = setState;
    this.classColoring = { title: "Class", kind: "class", names: data.classes, url: "" };
    this.theme = this.readTheme();
    this.root.style.setProperty("--height", `${data.height}px`);
    if (this.digits?.dataset !== data.dataset || this.digits?.testCount !== data.test_count) {
      this.digits?.close();
      this.digits = new Digits(data.dataset, data.test_count, data.sheet, () => this.pictured());
    }
    if (data.maps.some((map) => map.decodes)) this.asker ??= new Asker(() => this.planeQuestion());
    this.adopt(data);
    if (JSON.stringify(data.picked) !== this.picked) {
      this.picked = JSON.stringify(data.picked);
      this.own = null;
    }
    while (this.maps.length > data.maps.length) this.maps.pop()?.close();
    data.maps.forEach((source, index) => {
      if (!this.maps[index]) {
        this.maps[index] = new AtlasMap(this, index, source);
        this.box.append(this.maps[index].root);
      }
      this.maps[index].update(source, data.maps.length > 1);
    });
    this.root.classList.toggle("pair", data.maps.length > 1);
    this.root.classList.toggle("forms", Boolean(data.forming));
    this.forming.update(data.forming);
    if (!data.forming && this.formedBefore) this.maps[0]?.load();
    this.formedBefore = Boolean(data.forming);
    this.maps.forEach((map) => map.settle());
    this.relight();
    this.maps.forEach((map) => map.rest());
  }

  close() {
    this.closed = true;
    this.listening.abort();
    if (this.frame) cancelAnimationFrame(this.frame);
    this.maps.forEach((map) => map.close());
    for (const part of [this.forming, this.digits, this.asker]) part?.close();
  }

  // ---- the theme

  /** @returns {Theme} */
  readTheme() {
    const style = getComputedStyle(this.root);
    const [text, paper] = [style.color, style.getPropertyValue("--st-background-color").trim() || "#fff"];
    const [textRgb, paperRgb] = [readColour(text), readColour(paper)];
    const dark = isDark(paperRgb);
    this.greys.fill(packed(mixed(paperRgb, textRgb, DIMMED[dark ? "dark" : "light"])));
    this.palettes.clear();
    return { text, paper, textRgb, paperRgb, packed: packed(paperRgb), dark };
  }

  /** @param {Coloring} coloring */
  coloursOf(coloring) {
    const key = `${coloring.kind} ${coloring.names.length}`;
    const known = this.palettes.get(key);
    if (known) return known;
    const colours = Uint32Array.from(paletteOf(coloring, this.data.palette, this.theme.dark).map(packed));
    this.palettes.set(key, colours);
    return colours;
  }

  // ---- drawing, at most once a frame

  schedule() {
    if (this.closed) return;
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.maps.forEach((map) => map.paint());
    });
  }

  /** Columns of a map came. */
  arrived() {
    this.relight();
    if (this.over) this.hover(this.over, this.at); // more may be known of the place now
    if (this.data.dataset && !this.prefetched && this.maps.some((map) => map.shown)) {
      this.prefetched = true; // the first digits a pointer asks for should be here
      setTimeout(() => !this.closed && this.prefetch(), 300);
    }
  }

  prefetch() {
    const { test_count: tests, sheet } = this.data;
    for (let row = 0; row < Math.min(tests, 10000); row += sheet.digits) this.digits?.grey(row);
  }

  pictured() {
    if (this.over) this.hover(this.over, this.at, true);
    if (this.data.layers.includes("pictures")) this.maps.forEach((map) => map.changed());
  }

  formed() {
    const [map] = this.maps;
    if (!map) return;
    map.say("");
    map.settle();
    this.relight();
  }

  /** The points on their way between two epochs, or null while there are none. @returns {Cloud | null} */
  formedCloud() {
    const { frames, points } = this.forming;
    if (!frames) return null;
    const { n: count, labels: shades } = frames;
    return { points, count, shades, values: shades, coloring: this.classColoring, broken: false };
  }

  again() {
    clearTimeout(this.forming.timer);
    this.forming.poll();
  }

  /** @param {Walked | null} walk */
  walkTo(walk) {
    this.walk = walk && Array.isArray(walk.path) ? walk : null;
    this.maps.forEach((map) => map.touched());
  }

  // ---- the pointer

  /** @param {AtlasMap} map @param {Place} at @param {boolean} known the place is the one asked about before */
  hover(map, at, known = false) {
    const row = map.nearest(at);
    this.over = map;
    this.at = at;
    if (row !== this.hovered) {
      this.hovered = row;
      this.maps.forEach((other) => other.touched());
    }
    const { decodes, run, method, sample } = map.source;
    const decoding = decodes && !map.forms;
    const box = this.box.getBoundingClientRect();
    const own = map.canvas.getBoundingClientRect();
    /** @type {Place} */
    const place = [own.left - box.left + at[0], own.top - box.top + at[1]];
    const grey = row < 0 ? null : this.digits?.grey(row) ?? null;
    const shown = { row, grey, name: this.nameOf(map, row), words: this.wordsOf(map, row), decodes: decoding };
    this.panel.show(shown, place, [box.width, box.height]);
    map.canvas.style.cursor = map.nameAt(at) ? "pointer" : "";
    if (!decoding || known) return;
    const [x, y] = map.view.place(...at);
    const question = { kind: "decode", run, method, sample, x, y };
    this.asker?.hover(question, (reply) => {
      if (this.over === map) this.panel.decode(reply);
    });
  }

  /** @param {AtlasMap} map @param {number} row */
  nameOf(map, row) {
    if (row < 0) return "";
    const { classes, test_count: tests } = this.data;
    const label = map.forms ? map.shown?.shades[row] : map.labels?.[row];
    const which = row < tests ? `test digit ${grouped(row)}` : `training digit ${grouped(row - tests)}`;
    return label === undefined ? which : `${classes[label] ?? label}, ${which}`;
  }

  /** @param {AtlasMap} map @param {number} row */
  wordsOf(map, row) {
    if (row < 0 || map.forms || !map.shown || map.shown.broken) return "";
    const { coloring, values } = map.shown;
    const parts = [];
    const value = coloring.kind === "class" ? coloring.names[values[row]] ?? "none" : told(values[row], coloring.unit);
    if (!coloring.url.includes("/class.bin")) parts.push(`${coloring.title}: ${value}`);
    if (this.data.layers.includes("displacement") && map.displacement && map.displacedRows.includes(row)) {
      parts.push(`moved ${Math.round(100 * map.displacement[row])} % of the map's width apart from its nearest codes`);
    }
    const other = this.maps.find((one) => one !== map && one.shown && row < one.shown.count);
    if (other) parts.push(`ringed in ${other.source.title}, too`);
    return parts.join("; ");
  }

  leave() {
    if (!this.over) return;
    this.over = null;
    this.hovered = -1;
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

  /** @param {Tool} tool */
  toolButton(tool) {
    return find(this.root, `button[data-tool="${tool}"]`);
  }

  /** @param {Tool} tool */
  take(tool) {
    this.tool = tool;
    for (const one of TOOLS) this.toolButton(one).ariaPressed = String(one === tool);
    this.box.dataset.tool = tool;
    for (const map of this.maps) {
      map.gesture.keys.forget();
      map.name();
    }
  }

  /** What a key did, for those who do not see it; without words what is selected. @param {string} words */
  tell(words) {
    if (words) setText(this.said, words);
    else this.relight();
  }

  /** @param {AtlasMap} map @param {number} row @param {number} x @param {number} y */
  pick(map, row, x, y) {
    this.clicks += 1;
    this.own = { row: row < 0 ? null : row, x, y, map: map.index };
    this.setState("pick", { ...this.own, n: this.clicks });
    this.maps.forEach((other) => other.touched());
  }

  /** The rings of one map: the page's picks, and the click it has not answered yet. @param {number} index */
  rings(index) {
    const { picked } = this.data;
    /** @type {Ring[]} */
    const named = picked.map((row, i) => ({ row, name: picked.length > 1 ? String.fromCharCode(65 + (i % 26)) : "" }));
    const { own } = this;
    // A digit is on every map, a place on its own.
    const rings = own && (own.row === null ? own.map === index : !picked.includes(own.row));
    return own && rings ? [...named, own] : named;
  }

  /** @param {Selection | null} selection */
  select(selection) {
    this.selection = selection;
    this.clicks += 1;
    this.told = this.clicks;
    this.setState("selection", { map: selection?.map ?? 0, polygon: selection?.polygon ?? null, n: this.clicks });
    this.relight();
  }

  /** The page's selection, unless it does not know yet what was selected here since. @param {Data} data */
  adopt({ selection, heard }) {
    if (heard >= this.told) this.selection = selection;
  }

  /** @param {number} label */
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

  /** Light the selected rows, of the class that is looked at. */
  relight() {
    const { selection, maps, data } = this;
    const from = selection && !maps[selection.map]?.forms ? maps[selection.map]?.shown : null;
    const inside = selection && from ? selectedRows(selection, from.points, from.count) : null;
    const [first] = maps;
    const coloring = (data.forming ? this.classColoring : data.maps[0]?.coloring) ?? this.classColoring;
    if (coloring.kind !== "class" || (this.focused ?? 0) >= coloring.names.length) this.focused = null;
    const { focused } = this;
    for (const map of maps) map.lit = map.shown && litOf(map.shown, inside, focused);
    this.legend.show(coloring, data.palette, this.theme.dark, focused);
    const lit = inside ?? (focused === null ? null : first?.lit);
    const what = inside || focused === null ? "selected" : `of class ${coloring.names[focused]}`;
    setText(this.said, lit ? counted(lit, what) : "");
    this.unselect.hidden = !lit;
    maps.forEach((map) => map.changed());
  }
}
