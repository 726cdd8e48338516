// @ts-check
// Plotly takes 20 to 100 ms to draw a figure anew, too long for a slider: while it moves, what changes of a figure is
// painted beside what Plotly drew, with copies of its own marks, and Plotly draws when the hand rests.

/** @import { Plot } from "./figure.js" */
/** @import { Column } from "./frames.js" */
/** @typedef {{ group: SVGGElement, copy: SVGGElement }} Painted what Plotly drew of a trace, hidden, and what stands for it */
/** @typedef {{ x: any, y: any }} Axes of Plotly's */

const SIMPLE = ["x", "y", "error_y", "width", "hovertext", "hovertemplate"]; // of a trace: with these alone the rest stays as it is

/** @type {WeakMap<Plot, Map<number, Painted>>} */
const paintings = new WeakMap();

/** The traces that change from position to position, null where that cannot be painted here. @param {Column[]} moving */
export function movingTraces(moving) {
  const found = /** @type {Set<number>} */ (new Set());
  for (const [at, part, trace, name] of moving.flatMap(({ paths }) => paths)) {
    if (at === "label") continue;
    if (at !== "figure" || part !== "data" || !SIMPLE.includes(String(name))) return null;
    found.add(Number(trace));
  }
  return [...found];
}

/** Whether the traces could be painted as they are in this data. @param {Plot} plot @param {number[]} traces @param {any[]} data */
export function paintQuickly(plot, traces, data) {
  const painted = paintings.get(plot) ?? new Map();
  paintings.set(plot, painted);
  return traces.every((number) => {
    const full = plot._fullData?.[number];
    /** @type {SVGGElement | undefined} */
    const group = plot.calcdata?.[number]?.[0]?.node3?.node();
    if (!full?.visible || !group?.isConnected) return full?.visible === "legendonly";
    const axes = { x: axisOf(plot, full, "x"), y: axisOf(plot, full, "y") };
    const marks = full.type === "bar" ? bars(group, data[number], axes) : points(group, data[number], full, axes);
    if (!marks) return false;
    const copy = painted.get(number)?.copy ?? /** @type {SVGGElement} */ (group.cloneNode(false));
    copy.replaceChildren(...marks);
    if (painted.get(number)?.group === group) return true;
    copy.setAttribute("class", "mf-copy"); // Plotly takes whatever has its own classes for its own
    copy.style.display = "";
    group.after(copy);
    group.style.display = "none";
    painted.set(number, { group, copy });
    return true;
  });
}

/** Plotly has drawn: what was painted here is taken away. @param {Plot} plot */
export function forgetPainted(plot) {
  for (const { group, copy } of paintings.get(plot)?.values() ?? []) {
    copy.remove();
    group.style.display = "";
  }
  paintings.delete(plot);
}

/** @param {Plot} plot @param {any} trace @param {"x" | "y"} letter */
const axisOf = (plot, trace, letter) =>
  plot._fullLayout[(trace[`${letter}axis`] ?? letter).replace(letter, `${letter}axis`)];

/** Copies of one mark that Plotly drew, null where it drew none. @param {Element} group @param {string} selector */
function copier(group, selector, /** @type {number} */ count) {
  const mark = group.querySelector(selector);
  if (!mark) return count ? null : [];
  return Array.from({ length: count }, () => /** @type {SVGElement} */ (mark.cloneNode(false)));
}

/** A line with its marks and how far they reach. @param {Element} group @param {any} trace @param {any} full @param {Axes} axes */
function points(group, trace, full, axes) {
  const places = trace.x.map((/** @type {any} */ x, /** @type {number} */ i) => [axes.x.d2p(x), axes.y.d2p(trace.y[i])]);
  const line = copier(group, ".js-line", full.mode.includes("lines") && places.length ? 1 : 0);
  const marks = copier(group, ".point", full.mode.includes("markers") ? places.length : 0);
  const reach = trace.error_y?.array;
  const reaches = copier(group, ".yerror", reach ? places.length : 0);
  if (!line || !marks || !reaches || (full.line?.shape ?? "linear") !== "linear") return null;
  line[0]?.setAttribute("d", `M${places.map((/** @type {number[]} */ at) => at.join()).join("L")}`);
  marks.forEach((mark, i) => mark.setAttribute("transform", `translate(${places[i].join()})`));
  reaches.forEach((mark, i) => {
    const [x] = places[i];
    const [high, low] = [trace.y[i] + reach[i], trace.y[i] - (trace.error_y.arrayminus ?? reach)[i]].map(axes.y.d2p);
    const wide = trace.error_y.width ?? 4;
    mark.setAttribute("d", `M${x - wide},${high}h${2 * wide}m${-wide},0V${low}m${-wide},0h${2 * wide}`);
  });
  return [...reaches, ...line, ...marks];
}

/** @param {Element} group @param {any} trace @param {Axes} axes */
function bars(group, trace, { x, y }) {
  const marks = copier(group, ".point path", trace.x.length);
  marks?.forEach((mark, i) => {
    const half = (Array.isArray(trace.width) ? trace.width[i] : trace.width) / 2;
    const foot = y.type === "log" ? y._length : y.d2p(0);
    mark.setAttribute("d", `M${x.d2p(trace.x[i] - half)},${foot}V${y.d2p(trace.y[i])}H${x.d2p(trace.x[i] + half)}V${foot}Z`);
  });
  return marks;
}
