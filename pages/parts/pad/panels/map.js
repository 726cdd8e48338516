// @ts-check
// The latent map: the stored points of an autoencoder, and on it the drawing: a ring that moves with the pen, and a trail.

import { Nearest } from "./near.js";
import { frame, Growth, RETRY, Sheet } from "./panel.js";
import { best, DIGITS } from "../cards/verdict.js";
import { clamp, node, setText } from "../../web/dom.js";
import { bytesOf, floatsOf } from "../../web/pixels.js";
import { boundsOf, namesOf, strokeOutlined, View, writeOutlined } from "../../web/view.js";

/** @import Pad from "../pad.js" */
/** @import { Asked, Data } from "../pad.js" */
/** @import { Near } from "./near.js" */
/** @import { Reply } from "../../web/types.js" */

const TRAIL = 400; // answers the trail keeps
const APART = 0.006; // pad units of ink between two of them
const FADES = 6; // steps in which the trail fades
const EDGE = 12; // CSS pixels between the edge and a drawing that lies beyond it

/** @typedef {{ at: number, x: number, y: number }} Spot of the trail: after so much ink, in map units */
/** @typedef {{ points: Float32Array, labels: Uint8Array, classes: string[], dataset: string }} Stored */

export class LatentMap {
  /** @param {Pad} pad */
  constructor(pad) {
    this.pad = pad;
    const { root, quiet } = frame("map", "On the map", "");
    this.root = root;
    this.quiet = quiet;
    this.closed = false;
    this.timer = 0;
    this.source = /** @type {Data["map"]} */ (null);
    this.wanted = ""; // which map, as a text
    this.loading = "";
    this.map = /** @type {Stored | null} */ (null);
    this.view = new View();
    this.trail = /** @type {Spot[]} */ ([]);
    this.place = /** @type {Spot | null} */ (null);
    this.key = "";
    this.growth = new Growth();
    this.ground = new Sheet("map-ground", () => this.fit());
    this.over = new Sheet("map-over", () => this.draw());
    this.ground.canvas.ariaHidden = "true";
    Object.assign(this.over.canvas, { role: "img", ariaLabel: "Latent map with the drawing's place" });
    this.over.canvas.dataset.testid = "map-over";
    this.missing = node("p", "map-missing");
    this.sentence = node("p", "map-said");
    this.sentence.dataset.testid = "map-said";
    const plane = node("div", "map-plane");
    plane.append(this.ground.canvas, this.over.canvas, this.missing);
    this.near = new Nearest(this);
    const left = node("div", "map-left");
    left.append(plane, this.sentence);
    const body = node("div", "map-body");
    body.append(left, this.near.lists);
    this.root.append(body, this.near.morph.root);
    this.wipe();
  }

  /** @param {Data} data */
  update(data) {
    const wanted = JSON.stringify(data.map);
    if (wanted !== this.wanted) {
      this.wanted = wanted;
      this.source = data.map;
      this.map = null;
      this.trail = [];
      this.near.forget();
      setText(this.quiet, data.map ? `The ring is your drawing among the codes of ${data.map.name} (${data.map.title}).`
        : "Choose an autoencoder to see where a drawing lies among its codes.");
      this.miss(data.map ? "Fetching the map." : "");
      this.fit();
      this.load();
    }
    this.over.colours();
    if (this.ground.colours()) this.fit(); // the page is drawn anew at every rest of the pen: not so the map
  }

  /** @param {Record<string, unknown>} q */
  question(q) {
    if (this.source) q.map = { run: this.source.run, method: this.source.method };
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.near.close();
    this.ground.close();
    this.over.close();
  }

  wipe() {
    this.growth.forget();
    this.trail = [];
    this.place = null;
    this.near.wipe();
    this.draw();
    setText(this.sentence, "");
  }

  settled() {
    this.near.morph.refresh();
  }

  /** @param {string} sentence */
  miss(sentence) {
    setText(this.missing, sentence);
  }

  // ---- the map itself

  async load() {
    clearTimeout(this.timer);
    const { wanted, source } = this;
    if (!source || this.loading === wanted) return;
    this.loading = wanted;
    const reply = await this.pad.question({ kind: "map", run: source.run, method: source.method });
    if (this.loading === wanted) this.loading = "";
    if (this.closed || wanted !== this.wanted) return;
    if (reply.error) {
      this.miss(source.version ? reply.error : "There is no map yet; it appears here as soon as it is computed.");
      this.timer = setTimeout(() => this.load(), RETRY);
      return;
    }
    this.miss("");
    const { classes, dataset } = reply;
    this.map = { points: floatsOf(reply.points), labels: bytesOf(reply.labels), classes, dataset };
    this.view.bounds = boundsOf(this.map.points);
    this.near.of(dataset);
    this.fit();
  }

  /** Lay the map into the canvas and paint its points: only when they, the size or the theme change. */
  fit() {
    const { map, ground, view } = this;
    const ctx = ground.width ? ground.clear() : null;
    if (!map || !ctx) return this.draw();
    view.width = ground.width;
    view.height = ground.height;
    const radius = map.labels.length > 3000 ? 1.2 : 2;
    const palette = this.pad.data.palette[ground.theme];
    ctx.globalAlpha = 0.55;
    for (let i = 0; i < map.labels.length; i++) {
      const [cx, cy] = view.at(map.points[2 * i], map.points[2 * i + 1]);
      ctx.fillStyle = palette[map.labels[i]];
      ctx.beginPath();
      ctx.arc(cx, cy, radius, 0, 7);
      ctx.fill();
    }
    ctx.globalAlpha = 1;
    for (const { name, x, y } of namesOf(map.points, map.labels, map.classes)) {
      writeOutlined(ctx, ground, name, ...view.at(x, y), 15);
    }
    this.draw();
  }

  // ---- the drawing on it

  /** @param {Reply} reply @param {Asked} asked */
  paint({ map }, asked) {
    if (!map) return;
    if (map.error) return this.fail(map.error);
    const key = JSON.stringify([asked.width, asked.off]);
    const change = asked.fraction < 1 ? "same" : this.growth.compare(asked.strokes);
    if (key !== this.key || change === "other") this.trail = [];
    this.key = key;
    this.leave({ at: asked.length, x: map.x, y: map.y });
    this.draw();
    this.near.show(map);
    this.say(map);
    this.near.morph.follow(asked.off);
  }

  /** @param {string} sentence */
  fail(sentence) {
    this.place = null;
    this.near.wipe();
    this.draw();
    setText(this.sentence, this.map ? sentence : "");
    if (!this.map && this.source?.version) this.miss(sentence);
  }

  /** @param {Spot} place */
  leave(place) {
    this.place = place;
    const after = this.trail.findIndex(({ at }) => at >= place.at - APART);
    if (after < 0) this.trail.push(place);
    else if (this.trail[after].at > place.at + APART) this.trail.splice(after, 0, place);
    else this.trail[after] = place;
    if (this.trail.length > TRAIL) this.trail.shift();
  }

  /** @param {{ near: Near[] }} map */
  say({ near }) {
    if (!near.length) return setText(this.sentence, "");
    const counts = DIGITS.map((digit) => near.filter(([, label]) => label === digit).length);
    const label = best(counts);
    setText(this.sentence, `${counts[label]} of the ${near.length} nearest digits are ${this.named(label)}s.`);
  }

  /** @param {number} label */
  named(label) {
    return this.map?.classes[label] ?? String(label);
  }

  draw() {
    const { over, place } = this;
    if (!over.width) return;
    const ctx = over.clear();
    if (!this.map || !place || !this.view.ready) return;
    this.drawTrail(ctx, place.at);
    const [x, y] = this.view.at(place.x, place.y);
    const [left, top] = [clamp(x, EDGE, over.width - EDGE), clamp(y, EDGE, over.height - EDGE)];
    const beyond = Math.hypot(x - left, y - top) > 1;
    Object.assign(over.canvas.dataset, { x: Math.round(left), y: Math.round(top), trail: this.trail.length });
    ctx.beginPath();
    if (beyond) arrow(ctx, left, top, Math.atan2(y - top, x - left));
    else ctx.arc(x, y, 7, 0, 7);
    strokeOutlined(ctx, over, 2.5, 3);
  }

  /**
   * Only the trail up to what is shown: while a replay runs it has not been further.
   * @param {CanvasRenderingContext2D} ctx @param {number} shown pad units of ink
   */
  drawTrail(ctx, shown) {
    const trail = this.trail.filter(({ at }) => at <= shown + 1e-9);
    const size = Math.ceil(trail.length / FADES);
    for (let from = 0; from < trail.length; from += size) {
      ctx.beginPath();
      for (const { x, y } of trail.slice(Math.max(0, from - 1), from + size)) ctx.lineTo(...this.view.at(x, y));
      ctx.globalAlpha = 0.25 + (0.6 * (from + size)) / (trail.length + size);
      strokeOutlined(ctx, this.over, 2, 3);
    }
    ctx.globalAlpha = 1;
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {number} x @param {number} y @param {number} angle */
function arrow(ctx, x, y, angle) {
  for (const [turn, reach] of [[2.5, 11], [0, 9], [-2.5, 11]]) {
    ctx.lineTo(x + reach * Math.cos(angle + turn), y + reach * Math.sin(angle + turn));
  }
  ctx.closePath();
}
