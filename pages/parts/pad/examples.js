// @ts-check
// Drawings that the pad has ready: the one that it begins with, and some that are worth a try.

/** @import { Point, Stroke } from "./strokes.js" */

const SPACING = 0.012; // pad units between two points: a quick hand leaves as many

// Corners of the lines, as [x, y] in pad units; one that stands twice stays a corner, at the others the line bends.
const FIVE = [
  [[0.37, 0.2], [0.34, 0.45], [0.34, 0.45], [0.5, 0.4], [0.64, 0.48], [0.67, 0.63], [0.6, 0.77], [0.46, 0.83], [0.31, 0.77]],
  [[0.37, 0.2], [0.66, 0.18]],
];
const THREE = [
  [[0.32, 0.24], [0.45, 0.15], [0.61, 0.19], [0.63, 0.34], [0.53, 0.45], [0.43, 0.48], [0.43, 0.48], [0.58, 0.5],
    [0.68, 0.61], [0.63, 0.77], [0.46, 0.85], [0.3, 0.78]],
];
const SEVEN = [
  [[0.27, 0.22], [0.7, 0.21], [0.7, 0.21], [0.56, 0.48], [0.44, 0.84]],
  [[0.38, 0.52], [0.66, 0.5]],
];
const FOUR = [
  [[0.52, 0.16], [0.3, 0.56], [0.3, 0.56], [0.74, 0.55]],
  [[0.6, 0.34], [0.57, 0.86]],
];
const TWO = [
  [[0.31, 0.3], [0.43, 0.17], [0.6, 0.2], [0.64, 0.36], [0.52, 0.56], [0.3, 0.8], [0.3, 0.8], [0.5, 0.79], [0.72, 0.8]],
];

/** @param {Point[][]} lines @param {number} scale @param {number} left @param {number} top */
const placed = (lines, scale, left, top) => lines.map((line) => line.map(([x, y]) => [left + scale * x, top + scale * y]));
/** @param {Point[][]} lines a quarter of the way round */
const turned = (lines) => lines.map((line) => line.map(([x, y]) => [1 - y, x]));

export const FIRST = FIVE.map(smooth);
/** @type {{ name: string, strokes: Stroke[], why: string }[]} why: what to look for */
export const EXAMPLES = [
  { name: "a crossed 7", strokes: SEVEN, why: "Many people cross their 7: do the models mind the bar?" },
  { name: "two digits", strokes: [...placed(FOUR, 0.62, -0.08, 0.19), ...placed(TWO, 0.62, 0.42, 0.19)],
    why: "They know single digits only: what do they make of two?" },
  { name: "very small", strokes: placed(THREE, 0.14, 0.68, 0.14),
    why: "However small it is, they see it as large as any other." },
  { name: "on its side", strokes: turned(FIVE), why: "This 5 lies on its side: none that they learned from did." },
].map((example) => ({ ...example, strokes: example.strokes.map(smooth) }));

/** A line through its corners (Catmull-Rom), with points as close as a pen leaves them. @param {Point[]} line @returns {Stroke} */
export function smooth(line) {
  /** @type {Stroke} */
  const points = [];
  for (let i = 0; i + 1 < line.length; i++) {
    const [a, b, c, d] = [line[Math.max(0, i - 1)], line[i], line[i + 1], line[Math.min(line.length - 1, i + 2)]];
    const count = Math.ceil(Math.hypot(c[0] - b[0], c[1] - b[1]) / SPACING);
    for (let k = 0; k < count; k++) points.push(between(a, b, c, d, k / count));
  }
  points.push(line[line.length - 1]);
  return points;
}

/** @param {Point} a @param {Point} b @param {Point} c @param {Point} d @param {number} t from b to c @returns {Point} */
function between(a, b, c, d, t) {
  return [0, 1].map((i) => {
    const bend = 2 * b[i] + (c[i] - a[i]) * t + (2 * a[i] - 5 * b[i] + 4 * c[i] - d[i]) * t ** 2;
    return Math.round(1e4 * (bend + (3 * b[i] - a[i] - 3 * c[i] + d[i]) * t ** 3) / 2) / 1e4;
  });
}
