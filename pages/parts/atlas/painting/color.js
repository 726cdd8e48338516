// @ts-check
// Colours of the points: a class has its own, a number a place on a scale that colour-blind people can read. The scales
// follow the theme, so that what is high stands out from the page.

import { clamp } from "../../web/dom.js";

/** @import { DigitColors, Rgb } from "../../web/types.js" */
/**
 * @typedef {{
 *   title: string, kind: "class" | "number" | "difference", url: string, low?: number, high?: number, unit?: string,
 *   log?: boolean, names: string[]
 * }} Coloring what the points' colours say, see component.py
 */

// Viridis at nine places (Smith and van der Walt, 2015).
const VIRIDIS = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];
const BELOW = ["#2166ac", "#67a0cd"]; // of a difference: a dark and a light colour below nothing ...
const ABOVE = ["#f0a050", "#b35806"]; // ... and a light and a dark one above
const MIDDLE = "#c9ced4";
const GREY = { light: "#b4bac2", dark: "#565f69" };
const TWO = ["#8a929c", "#d6452b"]; // of two names, the second is what one looks for
export const NO_NUMBER = 255; // the shade of a value that is not finite
const SHADES = 255;

/** @param {string} hex @returns {Rgb} */
const rgbOf = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** @typedef {(t: number) => Rgb} Scale from 0..1 */

/** @param {string[]} stops @returns {Scale} */
function ramp(stops) {
  const parts = stops.map(rgbOf);
  return (t) => {
    const at = clamp(t) * (parts.length - 1);
    const left = Math.min(parts.length - 2, Math.floor(at));
    return parts[left].map((c, i) => Math.round(c + (parts[left + 1][i] - c) * (at - left)));
  };
}

/** The scale of a coloring of numbers. @param {Coloring} coloring @param {boolean} dark @returns {Scale} */
export function scaleOf(coloring, dark) {
  if (coloring.kind === "difference") {
    const [less, little, more, much] = [...BELOW, ...ABOVE];
    return ramp(dark ? [little, less, GREY.dark, much, more] : [less, little, MIDDLE, more, much]);
  }
  const whole = ramp(VIRIDIS);
  return dark ? (t) => whole(0.16 + 0.84 * t) : (t) => whole(0.93 * (1 - t));
}

/**
 * 256 colours: where a point's shade leads.
 * @param {Coloring} coloring @param {DigitColors} digits @param {boolean} dark @returns {Rgb[]}
 */
export function paletteOf(coloring, digits, dark) {
  const theme = dark ? "dark" : "light";
  if (coloring.kind === "class") {
    const own = coloring.names.length === 2 ? TWO : digits[theme];
    return Array.from({ length: 256 }, (_, i) => rgbOf(i < own.length ? own[i] : GREY[theme]));
  }
  const scale = scaleOf(coloring, dark);
  const colours = Array.from({ length: SHADES }, (_, i) => scale(i / (SHADES - 1)));
  return [...colours, rgbOf(GREY[theme])];
}

/** The shade of each point. A class is its own. @param {Coloring} coloring @param {Float32Array | Uint8Array} column */
export function shadesOf(coloring, column) {
  if (column instanceof Uint8Array) return column;
  const shades = new Uint8Array(column.length);
  for (let i = 0; i < column.length; i++) {
    const t = along(coloring, column[i]);
    shades[i] = Number.isFinite(t) ? Math.round(t * (SHADES - 1)) : NO_NUMBER;
  }
  return shades;
}

/** @param {Coloring} coloring @param {number} value */
function along({ low = 0, high = 1, log = false }, value) {
  if (!Number.isFinite(value)) return NaN;
  if (!(high > low)) return 0.5;
  const t = log && low > 0 ? Math.log(Math.max(value, low) / low) / Math.log(high / low) : (value - low) / (high - low);
  return clamp(t);
}

/** A number with three figures that count, and its unit. @param {number} value */
export function told(value, unit = "") {
  if (!Number.isFinite(value)) return "not a number";
  const size = Math.abs(value);
  const plain = size === 0 || (size >= 1e-3 && size < 1e5);
  const text = plain ? String(Number(value.toPrecision(3))) : value.toExponential(1);
  return (text + (unit && ` ${unit}`)).replace("-", "−");
}

/** @param {Rgb} a @param {Rgb} b @param {number} share @returns {Rgb} */
export const mixed = (a, b, share) => a.map((c, i) => Math.round(c + (b[i] - c) * share));
/** @param {Rgb} colour */
export const packed = ([r, g, b]) => (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
