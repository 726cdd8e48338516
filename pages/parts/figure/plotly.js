// @ts-check
// Plotly itself, which is large: fetched with the first figure, once for all of them.

import { rooted } from "../web/dom.js";

/** @returns {Promise<any>} */
export function loadPlotly() {
  window.digitlabPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = rooted("digitlab/plotly/plotly.min.js");
    script.onload = () => (window.Plotly ? resolve(window.Plotly) : reject(new Error("empty")));
    script.onerror = () => {
      window.digitlabPlotly = undefined; // so that the next figure tries again
      reject(new Error("not loaded"));
    };
    document.head.append(script);
  });
  return window.digitlabPlotly;
}

/** The axes of a layout by name: xaxis, xaxis2, yaxis ... @param {object} layout */
export const axesOf = (layout) => Object.keys(layout).filter((name) => /^[xy]axis\d*$/.test(name));

/**
 * A trace that has one colour for each theme in its "meta", in that of this one; others are as they were.
 * @param {any} trace @param {"light" | "dark"} theme
 */
export function coloured(trace, theme) {
  const color = trace.meta?.[theme];
  if (!color) return trace;
  const parts = ["line", "marker"].filter((part) => trace[part]);
  return { ...trace, ...Object.fromEntries(parts.map((part) => [part, { ...trace[part], color }])) };
}

/** Plotly knows no color-mix(): let a canvas turn a CSS colour into #rrggbb, and add the alpha. @param {string} color */
export function faded(color, /** @type {number} */ alpha) {
  const hex = String(readable(color));
  return hex.startsWith("#") ? hex + Math.round(255 * alpha).toString(16).padStart(2, "0") : color;
}

/** @param {string} color */
function readable(color) {
  const context = document.createElement("canvas").getContext("2d");
  return context ? Object.assign(context, { fillStyle: color }).fillStyle : color;
}
