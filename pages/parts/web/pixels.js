// @ts-check
// Pictures of 28 x 28 from the server: read from base64, painted on small canvases, taken off again.

import { context, node } from "./dom.js";

export const SIDE = 28;
export const PICTURE = SIDE * SIDE; // bytes

/** @param {string} text base64 */
export const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** @param {string} text base64 of float32, little-endian */
export const floatsOf = (text) => new Float32Array(bytesOf(text).buffer);

/** Picture number `at` of many. @param {Uint8Array} images @param {number} at */
export const pictureOf = (images, at) => images.subarray(at * PICTURE, (at + 1) * PICTURE);

/** Grey values as light ink on black. @param {ArrayLike<number>} grey */
export function pixelsOf(grey, pixels = new ImageData(SIDE, SIDE)) {
  const words = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < PICTURE; i++) words[i] = 0xff000000 | (grey[i] * 0x010101);
  return pixels;
}

/** @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} grey */
export function paintPicture(canvas, grey) {
  context(canvas).putImageData(pixelsOf(grey), 0, 0);
}

/** @param {HTMLCanvasElement} canvas */
export function erase(canvas) {
  context(canvas).clearRect(0, 0, canvas.width, canvas.height);
}

/** A canvas for one picture; without a label it only decorates. @param {string} className @param {string} [label] */
export function pictureCanvas(className, label) {
  const canvas = node("canvas", className);
  canvas.width = canvas.height = SIDE;
  if (label) Object.assign(canvas, { role: "img", ariaLabel: label });
  else canvas.ariaHidden = "true";
  return canvas;
}
