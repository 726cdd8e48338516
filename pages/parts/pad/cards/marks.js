// @ts-check
// Whether what a model sees is two drawings beside each other, such as two digits: pieces of ink that do not touch.

import { SIDE } from "../../web/pixels.js";

// Of MNIST's 10,000 test digits 2 are such, broken ones; of 300 pairs of them, written side by side, 98 %. One above the
// other is not looked for: every 300th test digit is broken so, often a 5 that lost its bar.
const INK = 128; // grey value from which a pixel is ink: paler ones would join what is a pixel apart
const LARGE = 0.15; // share of the ink that a piece must have, so that specks and loose ends are none
const TALL = 0.5; // share of the drawing's height that it must have, so that bars and dots are none

/** @typedef {{ ink: number, left: number, right: number, top: number, bottom: number }} Piece in pixels */

/** Whether two large, tall pieces of ink stand side by side. @param {ArrayLike<number>} grey 784 values, ink is light */
export function sideBySide(grey) {
  const pieces = piecesOf(grey);
  if (pieces.length < 2) return false;
  const ink = pieces.reduce((sum, piece) => sum + piece.ink, 0);
  const height = Math.max(...pieces.map((p) => p.bottom)) - Math.min(...pieces.map((p) => p.top)) + 1;
  const large = pieces.filter((p) => p.ink >= LARGE * ink && p.bottom - p.top + 1 >= TALL * height);
  large.sort((a, b) => a.left - b.left);
  return large.some((piece, i) => i > 0 && piece.left > large[i - 1].right);
}

/** The pieces of ink that do not touch each other, not even at corners. @param {ArrayLike<number>} grey */
export function piecesOf(grey) {
  const seen = new Uint8Array(SIDE * SIDE);
  /** @type {Piece[]} */
  const pieces = [];
  for (let start = 0; start < seen.length; start++) {
    if (seen[start] || grey[start] < INK) continue;
    const piece = { ink: 0, left: SIDE, right: 0, top: SIDE, bottom: 0 };
    const open = [start];
    seen[start] = 1;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const [x, y] = [at % SIDE, Math.floor(at / SIDE)];
      piece.ink += 1;
      piece.left = Math.min(piece.left, x);
      piece.right = Math.max(piece.right, x);
      piece.top = Math.min(piece.top, y);
      piece.bottom = Math.max(piece.bottom, y);
      for (let v = Math.max(0, y - 1); v <= Math.min(SIDE - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(SIDE - 1, x + 1); u++) {
          const next = v * SIDE + u;
          if (seen[next] || grey[next] < INK) continue;
          seen[next] = 1;
          open.push(next);
        }
      }
    }
    pieces.push(piece);
  }
  return pieces;
}
