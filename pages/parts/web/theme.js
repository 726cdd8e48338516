// @ts-check
// Which theme a page has, by the colour of its paper: the digits have colours for a light and for a dark one.

import { context, node } from "./dom.js";

/** @import { DigitColors, Rgb } from "./types.js" */

/** @type {CanvasRenderingContext2D | null} */
let reader = null;

/** Any CSS colour; a canvas reads it for us. @param {string} css @returns {Rgb} */
export function readColour(css) {
  const ctx = (reader ??= context(node("canvas"), { willReadFrequently: true }));
  ctx.clearRect(0, 0, 1, 1);
  ctx.fillStyle = css;
  ctx.fillRect(0, 0, 1, 1);
  return [...ctx.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

/** @param {Rgb} paper */
export const isDark = (paper) => paper[0] + paper[1] + paper[2] < 384;

/** The colour of a digit as CSS that follows the theme. @param {DigitColors} palette @param {number} digit */
export const digitCss = ({ light, dark }, digit) => `light-dark(${light[digit]}, ${dark[digit]})`;
