// @ts-check
// One map onto its canvases: the plane, the points, the pictures and the names below; everything that follows the
// pointer above.

import { besides } from "./over.js";
import { picturedRows, SHOWN } from "./pictures.js";
import { namesOf, writeOutlined } from "../../web/view.js";

/** @import { AtlasMap, Cloud } from "../map.js" */
/** @import { Frame, Raster, Style } from "./points.js" */

export const DIMMED = { light: 0.28, dark: 0.42 }; // how much of the text's colour is in a point that is not lit
const DIMMED_NAME = 0.65; // of a class that is not looked at: still read
const COSTLY = 30; // ms a frame may take until moving ones are drawn coarser
const MANY = 20000; // points; fewer are never left out
const SOUGHT = 1.8; // times as large
const PICTURE_VEILED = { light: 200, dark: 190 }; // of 256

/** How large and how opaque points are: many are small, and they grow with the zoom. @param {number} count */
function pointStyle(count, /** @type {number} */ zoom) {
  const [radius, opacity] = count > 30000 ? [0.9, 0.5] : count > 5000 ? [1.3, 0.6] : [2.2, 0.75];
  const closer = Math.max(1, zoom);
  return { radius: radius * Math.min(3, closer ** 0.38), opacity: Math.min(0.95, opacity * closer ** 0.2) };
}

/** @param {AtlasMap} map */
export function paintGround(map) {
  const { raster, view, shown, hub, ratio } = map;
  const { theme, data } = hub;
  const began = performance.now();
  const onPlane = shown !== null && view.ready && map.planes && map.decoded.grid !== null;
  if (onPlane) {
    const { ctx, canvas } = raster;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.fillStyle = theme.paper;
    ctx.fillRect(0, 0, canvas.width, canvas.height);
    map.decoded.draw(ctx, view, ratio);
  }
  raster.begin(theme.paperRgb, onPlane);
  if (!shown || !view.ready) return raster.end();
  const { lit } = map;
  const [left, top] = view.at(0, 0);
  const frame = { ax: view.scale * ratio, bx: left * ratio, ay: -view.scale * ratio, by: top * ratio };
  const { radius, opacity } = pointStyle(shown.count, view.zoom);
  const step = map.moving && shown.count > MANY && map.cost > COSTLY ? Math.ceil(map.cost / COSTLY) : 1;
  const colours = hub.coloursOf(shown.coloring);
  /** @type {Style} */
  const style = { radius: radius * ratio, opacity, colours, lit, wanted: 1, step };
  if (lit) raster.points(shown, frame, { ...style, opacity: 0.45 * opacity, colours: hub.greys, wanted: 0 });
  raster.points(shown, frame, { ...style, opacity: lit ? Math.min(0.95, 1.3 * opacity) : opacity });
  if (shown.coloring.names.length === 2) paintSought(raster, shown, frame, style);
  if (data.layers.includes("pictures")) paintPictures(map, shown, frame, colours);
  raster.end();
  paintNames(map, shown);
  map.cost = performance.now() - began;
  map.frame += 1;
  Object.assign(map.canvas.dataset, { painted: map.source.version, count: shown.count, frame: map.frame });
}

/**
 * Of right and wrong, say, the wrong ones are few: drawn again above all others, and larger.
 * @param {Raster} raster @param {Cloud} shown @param {Frame} frame @param {Style} style
 */
function paintSought(raster, shown, frame, style) {
  const { lit } = style;
  const sought = shown.shades.map((shade, i) => (shade === 1 && (!lit || lit[i]) ? 1 : 0));
  raster.points(shown, frame, { ...style, radius: SOUGHT * style.radius, opacity: 0.95, lit: sought });
}

/** @param {AtlasMap} map @param {Cloud} shown @param {Frame} frame @param {Uint32Array} colours */
function paintPictures({ raster, view, hub, ratio, lit }, shown, frame, colours) {
  const size = Math.round(SHOWN * ratio);
  const veil = PICTURE_VEILED[hub.theme.dark ? "dark" : "light"];
  for (const row of picturedRows(shown, view, hub.data.test_count, lit)) {
    const grey = hub.digits?.grey(row);
    if (!grey) continue; // it is painted when its sheet is here
    const x = frame.ax * shown.points[2 * row] + frame.bx;
    const y = frame.ay * shown.points[2 * row + 1] + frame.by;
    raster.tile(grey, x, y, size, colours[shown.shades[row]], hub.theme.packed, veil);
  }
}

/** @param {AtlasMap} map @param {Cloud} shown */
function paintNames(map, shown) {
  const { view, hub, ratio } = map;
  const { ctx } = map.raster;
  if (!map.classes.length) map.names = [];
  else if (!map.names || map.forms) map.names = namesOf(shown.points, shown.shades, map.classes);
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  map.signs = besides(map.names.map(({ name, label, x, y }) => ({ name, label, at: view.at(x, y) })));
  for (const { name, label, at } of map.signs) {
    ctx.globalAlpha = hub.focused === null || hub.focused === label ? 1 : DIMMED_NAME;
    writeOutlined(ctx, hub.theme, name, ...at, 16);
  }
  ctx.globalAlpha = 1;
}

/** What follows the pointer. @param {AtlasMap} map */
export function paintOver(map) {
  const { hub, shown, view, index } = map;
  if (!shown || !view.ready) return map.over.ctx.clearRect(0, 0, map.canvas.width, map.canvas.height);
  const { selection } = hub;
  const { run, method, sample } = map.source;
  const { walk } = hub;
  const here = walk?.run === run && walk.method === method && (walk.sample ?? "test") === sample;
  const still = !map.forms;
  map.over.draw({
    view,
    points: shown.points,
    count: shown.count,
    text: hub.theme.text,
    paper: hub.theme.paper,
    ratio: map.ratio,
    polygon: still && selection?.map === index ? selection.polygon : null,
    outline: map.drawn,
    cross: map.crossed,
    hovered: hub.hovered,
    picked: hub.rings(index),
    walk: still && here && walk.path.length ? walk : null,
    displaced: still && hub.data.layers.includes("displacement") ? map.displacedRows : [],
  });
}
