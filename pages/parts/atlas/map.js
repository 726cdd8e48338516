// @ts-check
// One map of the atlas: its columns, its view, its two canvases, and what hands do with it.

import { fetchColumn } from "./columns.js";
import { Gesture } from "./gesture.js";
import { KEYS } from "./keys.js";
import { NO_NUMBER, shadesOf } from "./painting/color.js";
import { mostDisplaced, Over } from "./painting/over.js";
import { paintGround, paintOver } from "./painting/paint.js";
import { Plane } from "./painting/plane.js";
import { Raster } from "./painting/points.js";
import { button, grouped, node, setText } from "../web/dom.js";
import { boundsOf, View } from "../web/view.js";

/** @import Atlas from "./atlas.js" */
/** @import { Tool } from "./gesture.js" */
/** @import { Coloring } from "./painting/color.js" */
/** @import { Sign } from "./painting/over.js" */
/** @import { Outline } from "./select.js" */
/** @import { Place } from "../web/types.js" */
/** @import { Bounds, ClassName } from "../web/view.js" */

const REACH = 12; // CSS pixels around the pointer in which a point counts as hovered
const NAME_REACH = 10; // and around a class's name
const RESTED = 160; // ms without a move of the view until it is drawn sharply, and the plane asked for
const FETCHING = 400; // ms until the map says that it is on its way

/**
 * @typedef {{
 *   run: string, method: string, title: string, sample: string, version: string, points: string, count: number,
 *   coloring: Coloring, displacement: string | null, decodes: boolean, distances: boolean
 * }} Source what the page sends of one map, see component.py
 */
/**
 * @typedef {{
 *   points: Float32Array, count: number, shades: Uint8Array, coloring: Coloring, values: Float32Array | Uint8Array,
 *   broken: boolean
 * }} Cloud points to draw
 * values: of the coloring; broken: the coloring did not load
 */

export class AtlasMap {
  /** @param {Atlas} hub @param {number} index @param {Source} source */
  constructor(hub, index, source) {
    this.hub = hub;
    this.index = index;
    this.source = source;
    this.view = new View();
    this.cloud = /** @type {Cloud | null} */ (null); // the stored map
    this.shown = /** @type {Cloud | null} */ (null); // that, or the one that forms
    this.own = /** @type {Bounds} */ ([]); // of the stored map
    this.displacement = /** @type {Float32Array | null} */ (null);
    this.displacedRows = /** @type {number[]} */ ([]);
    this.labels = /** @type {Uint8Array | null} */ (null);
    this.lit = /** @type {Uint8Array | null} */ (null);
    this.names = /** @type {ClassName[] | null} */ (null);
    this.signs = /** @type {Sign[]} */ ([]); // where the names are on the screen
    this.drawn = /** @type {Outline | null} */ (null); // while a hand draws it
    this.crossed = /** @type {Place | null} */ (null); // where keys would set its next corner
    this.key = this.which = this.what = this.trouble = "";
    this.turn = {}; // of loading
    this.closed = this.moving = this.stale = this.old = false;
    this.slow = this.resting = 0; // timers
    this.cost = this.frame = 0; // ms of the last frame, and how many there were
    this.ratio = 0;
    this.title = node("p", "map-title");
    this.plane = node("div", "map-plane");
    const [ground, over] = [node("canvas", "ground"), node("canvas", "over")];
    ground.ariaHidden = "true";
    over.tabIndex = 0;
    over.role = "application";
    over.dataset.testid = `atlas-canvas-${index}`;
    this.message = node("div", "message");
    this.message.role = "status";
    this.words = node("p", "message-words");
    this.retry = button("Retry", "retry", () => (this.forms ? hub.again() : this.load()));
    this.retry.dataset.testid = "atlas-retry";
    this.message.append(this.words, this.retry);
    this.plane.append(ground, over, this.message);
    this.root = node("section", "map");
    this.root.append(this.title, this.plane);
    this.canvas = over;
    this.raster = new Raster(ground);
    this.over = new Over(over);
    this.decoded = new Plane(
      () => this.planeChanged(),
      () => hub.asker?.pump(),
    );
    this.gesture = new Gesture(over, this);
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.plane);
    this.say("");
    const rows = () => this.shown?.count ?? 0;
    over.atlas = { screen: (row) => this.screen(row), rows, frame: () => this.frame };
  }

  /**
   * Where a digit is, in CSS pixels of the window: for who looks for it from outside.
   * @param {number} row @returns {Place}
   */
  screen(row) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const points = this.shown?.points ?? [];
    const [x, y] = this.view.at(points[2 * row], points[2 * row + 1]);
    return [left + x, top + y];
  }

  // ---- data

  /** @param {Source} source @param {boolean} titled */
  update(source, titled) {
    this.source = source;
    this.title.hidden = !titled;
    setText(this.title, source.title);
    const key = JSON.stringify(source);
    if (key === this.key) return;
    this.key = key;
    if (!this.forms) this.load();
  }

  /** Whether it shows the epochs instead of the stored map. */
  get forms() {
    return this.index === 0 && Boolean(this.hub.data.forming);
  }

  async load() {
    const { source } = this;
    const turn = (this.turn = {});
    clearTimeout(this.slow);
    this.slow = setTimeout(() => this.say(`Fetching the map of ${grouped(source.count)} digits.`), FETCHING);
    const { coloring, count } = source;
    const kept = (/** @type {Error} */ error) => error;
    const { kind, url } = coloring;
    const column = kind === "class" ? fetchColumn(url, Uint8Array, count) : fetchColumn(url, Float32Array, count);
    const displacement = source.displacement ? fetchColumn(source.displacement, Float32Array, count).catch(() => null) : null;
    const points = fetchColumn(source.points, Float32Array, 2 * count).catch(kept);
    const read = await Promise.all([points, column.catch(kept), displacement]);
    if (turn !== this.turn || this.closed) return;
    clearTimeout(this.slow);
    this.adopt(source, ...read);
  }

  /**
   * @param {Source} source @param {Float32Array | Error} points @param {Float32Array | Uint8Array | Error} column
   * @param {Float32Array | null} displacement
   */
  adopt(source, points, column, displacement) {
    if (points instanceof Error) {
      this.cloud = null;
      this.say(`The map did not load. ${points.message}`, true);
      return this.arrived();
    }
    const broken = column instanceof Error;
    const values = broken ? new Uint8Array(source.count).fill(NO_NUMBER) : column;
    const shades = shadesOf(source.coloring, values);
    this.say(broken ? `The colours did not load. ${column.message}` : "", broken);
    this.cloud = { points, count: source.count, shades, coloring: source.coloring, values, broken };
    this.displacement = displacement;
    this.displacedRows = displacement ? mostDisplaced(displacement) : [];
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

  /** The classes, for what is said of a digit, where the colours are something else. @param {Source} source */
  async readLabels({ coloring, sample, run, method, version, count }) {
    const asked = new URLSearchParams({ run, method, v: version });
    const own = coloring.url.includes("/class.bin");
    const url = own ? coloring.url : `digitlab/columns/${sample}/class.bin?${asked}`;
    const { cloud } = this;
    const labels = await fetchColumn(url, Uint8Array, count).catch(() => null);
    if (cloud === this.cloud) this.labels = labels;
  }

  arrived() {
    this.settle();
    this.hub.arrived();
    this.rest();
  }

  /** What is drawn: the stored map, or the one that forms. */
  settle() {
    const { hub } = this;
    const was = this.shown;
    const what = (this.forms && hub.data.forming) || this.which;
    if (what !== this.what) {
      this.what = what; // another map, in units of its own
      this.view.fit();
      hub.leave();
    }
    this.shown = this.forms ? hub.formedCloud() : this.cloud;
    this.view.bounds = this.forms ? hub.forming.bounds : this.own;
    if (was?.points !== this.shown?.points || was?.shades !== this.shown?.shades) this.names = null;
    this.canvas.dataset.state = this.shown ? "ready" : "waiting";
    this.name();
    this.changed();
  }

  /** What it is and what keys do with it, for those who do not see it. */
  name() {
    this.canvas.ariaLabel = `${this.hub.data.label} ${KEYS[this.toolFor(false)]}`;
  }

  /** The names that stand on the map: of classes, not of right and wrong. */
  get classes() {
    const coloring = this.shown?.coloring;
    return coloring?.kind === "class" && coloring.names.length > 2 ? coloring.names : [];
  }

  /** The row of the digit there, -1 where there is none. @param {Place} place */
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

  /** @param {Place} place */
  nameAt([px, py]) {
    return this.signs.find(({ at: [x, y] }) => Math.abs(x - px) < NAME_REACH && Math.abs(y - py) < NAME_REACH);
  }

  /** @param {string} sentence */
  say(sentence, again = false) {
    setText(this.words, sentence);
    this.message.hidden = !sentence;
    this.retry.hidden = !again;
  }

  // ---- hands

  /** @param {boolean} shift @returns {Tool} */
  toolFor(shift) {
    if (this.hub.data.forming) return "move";
    return shift ? "lasso" : this.hub.tool;
  }

  /** @param {Place} place */
  hover(place) {
    if (this.shown && this.view.ready) this.hub.hover(this, place);
  }

  leave() {
    this.hub.leave();
  }

  /** @param {number} dx @param {number} dy */
  drag(dx, dy) {
    if (!this.view.ready) return;
    this.view.drag(dx, dy);
    this.moved();
    this.hub.leave();
  }

  /** @param {Place} place @param {number} factor */
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

  /** @param {Place} place */
  tap(place) {
    if (!this.shown || !this.view.ready) return;
    const name = this.nameAt(place);
    if (name) this.hub.focus(name.label);
    else this.pick(place);
  }

  /** @param {Place} place */
  pick(place) {
    if (!this.shown || !this.view.ready) return;
    const row = this.nearest(place);
    const { points } = this.shown;
    const [x, y] = row < 0 ? this.view.place(...place) : [points[2 * row], points[2 * row + 1]];
    if (row >= 0 || !this.forms) this.hub.pick(this, row, x, y);
  }

  /** @param {Outline | null} outline */
  outline(outline) {
    this.drawn = outline;
    if (outline) this.hub.leave();
    this.touched();
  }

  /** @param {Outline} outline */
  outlined(outline) {
    this.drawn = null;
    const { index, view, hub } = this;
    if (outline.encloses && this.shown) hub.select({ map: index, polygon: outline.polygon(view, hub.data.corners) });
    this.touched();
  }

  /** @param {Place | null} place */
  cross(place) {
    this.crossed = place;
    this.touched();
  }

  /** @param {string} words */
  tell(words) {
    this.hub.tell(words);
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
    if (this.planes) this.decoded.refresh(this.view, this.hub.theme.textRgb);
    this.changed();
    this.hub.asker?.pump();
  }

  get planes() {
    return this.hub.data.layers.includes("plane") && this.source.decodes && !this.forms;
  }

  planeChanged() {
    const trouble = this.planes ? this.decoded.error : "";
    if (trouble !== this.trouble) this.say(trouble);
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
    this.view.width = clientWidth;
    this.view.height = clientHeight;
    const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    this.raster.resize(width, height);
    this.over.resize(width, height);
    this.stale = this.old = true;
    this.paint(); // at once: a canvas of another size is an empty one
    this.moved();
  }

  paint() {
    if (!this.ratio) return;
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
