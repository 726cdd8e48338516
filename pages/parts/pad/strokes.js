// @ts-check
// What can be done with strokes: measure them, take the first part of them, rub some of them out. A point is [x, y] or
// [x, y, w].

/** @typedef {number[]} Point [x, y] or [x, y, w] in pad units, w how wide the line is there */
/** @typedef {Point[]} Stroke */

export const CLOSEST = 0.003; // pad units between two points that are worth keeping: about a pixel
/** @param {Point} a @param {Point} b */
export const pointLength = (a, b) => Math.hypot(b[0] - a[0], b[1] - a[1]);
/** @param {Point} a @param {Point} b @param {number} t */
const between = (a, b, t) => a.map((v, i) => Math.round(1e4 * (v + t * (b[i] - v))) / 1e4);

let dot = 0; // pad units that the ink of a stroke counts at least

/** Count as the server does. @param {number} least */
export function countDots(least) {
  dot = least;
}

/** @param {Stroke} stroke */
export function strokeLength(stroke) {
  let sum = 0;
  for (let i = 1; i < stroke.length; i++) sum += pointLength(stroke[i - 1], stroke[i]);
  return Math.max(sum, dot);
}

/** @param {Stroke[]} strokes */
export function inkLength(strokes) {
  return strokes.reduce((sum, stroke) => sum + strokeLength(stroke), 0);
}

/**
 * The first `fraction` of the ink by length, the last stroke cut where the pen was then: core/ink/render.py's `prefix`.
 * @param {Stroke[]} strokes @param {number} fraction @returns {Stroke[]}
 */
export function prefix(strokes, fraction) {
  if (fraction >= 1) return strokes;
  let left = fraction * inkLength(strokes);
  const kept = [];
  for (const stroke of strokes) {
    if (left <= 0) break;
    const length = strokeLength(stroke);
    kept.push(left >= length ? stroke : firstPart(stroke, left));
    left -= length;
  }
  return kept;
}

/** @param {Stroke} stroke @param {number} left */
function firstPart(stroke, left) {
  const part = [stroke[0]];
  for (let i = 1; i < stroke.length; i++) {
    const step = pointLength(stroke[i - 1], stroke[i]);
    if (step >= left) return [...part, between(stroke[i - 1], stroke[i], left / step)];
    part.push(stroke[i]);
    left -= step;
  }
  return part;
}

/**
 * What is left of the strokes when an eraser of this radius moves from a to b: no ink lies under it any more.
 * Strokes it does not touch are the same arrays as before.
 * @param {Stroke[]} strokes @param {number} width @param {Point} a @param {Point} b @param {number} radius
 */
export function rubbed(strokes, width, a, b, radius) {
  return strokes.flatMap((stroke) => {
    const reach = (w = 1) => radius + (width * w) / 2; // the line's round ends then just touch the eraser
    const pieces = cut(stroke, a, b, (from, to) => reach(Math.max(from[2] ?? 1, to[2] ?? 1)));
    return pieces ?? [stroke];
  });
}

/**
 * The pieces of a stroke outside of the eraser's way; null when it does not come near.
 * @param {Stroke} stroke @param {Point} a @param {Point} b @param {(from: Point, to: Point) => number} reach
 */
function cut(stroke, a, b, reach) {
  if (stroke.length === 1) return inside(stroke[0], stroke[0], a, b, reach(stroke[0], stroke[0])) ? [] : null;
  let piece = /** @type {Stroke} */ ([]);
  const pieces = [piece];
  let touched = false;
  for (let i = 1; i < stroke.length; i++) {
    const [from, to] = [stroke[i - 1], stroke[i]];
    const gone = inside(from, to, a, b, reach(from, to));
    if ((!gone || gone[0] > 0) && !piece.length) piece.push(from);
    if (!gone) {
      piece.push(to);
      continue;
    }
    touched = true;
    if (gone[0] > 0) piece.push(between(from, to, gone[0]));
    piece = gone[1] < 1 ? [between(from, to, gone[1]), to] : [];
    pieces.push(piece);
  }
  return touched ? pieces.filter((one) => one.length > 1 && strokeLength(one) > CLOSEST) : null;
}

/**
 * The part [t0, t1] of the segment from-to that is nearer than `reach` to the segment a-b, null when none is. What is
 * near a segment is convex (two discs and a band), so a line meets it in one piece.
 * @param {Point} from @param {Point} to @param {Point} a @param {Point} b @param {number} reach
 */
function inside(from, to, a, b, reach) {
  const d = [to[0] - from[0], to[1] - from[1]];
  const near = [disc(from, d, a, reach), disc(from, d, b, reach), band(from, d, a, b, reach)];
  const spans = near.filter((one) => one !== null);
  if (!spans.length) return null;
  const t0 = Math.max(0, Math.min(...spans.map((span) => span[0])));
  const t1 = Math.min(1, Math.max(...spans.map((span) => span[1])));
  return t0 <= t1 ? [t0, t1] : null;
}

/** @param {Point} from @param {number[]} d @param {Point} centre @param {number} radius */
function disc(from, d, centre, radius) {
  const [x, y] = [from[0] - centre[0], from[1] - centre[1]];
  const [aa, bb, cc] = [d[0] ** 2 + d[1] ** 2, x * d[0] + y * d[1], x * x + y * y - radius * radius];
  if (aa < 1e-12) return cc <= 0 ? [0, 1] : null;
  const root = bb * bb - aa * cc;
  if (root < 0) return null;
  const span = [(-bb - Math.sqrt(root)) / aa, (-bb + Math.sqrt(root)) / aa];
  return span[1] < 0 || span[0] > 1 ? null : span;
}

/** @param {Point} from @param {number[]} d @param {Point} a @param {Point} b @param {number} radius */
function band(from, d, a, b, radius) {
  const length = pointLength(a, b);
  if (length < 1e-6) return null;
  const [ux, uy] = [(b[0] - a[0]) / length, (b[1] - a[1]) / length];
  const [x, y] = [from[0] - a[0], from[1] - a[1]];
  let span = [0, 1];
  // Along the band it must lie within [0, length], across it within [-radius, radius].
  for (const [at, slope, low, high] of [
    [x * ux + y * uy, d[0] * ux + d[1] * uy, 0, length],
    [y * ux - x * uy, d[1] * ux - d[0] * uy, -radius, radius],
  ]) {
    if (Math.abs(slope) < 1e-12) {
      if (at < low || at > high) return null;
      continue;
    }
    const [first, last] = [(low - at) / slope, (high - at) / slope].sort((p, q) => p - q);
    span = [Math.max(span[0], first), Math.min(span[1], last)];
    if (span[0] > span[1]) return null;
  }
  return span;
}

/** How much ink there is up to the end of each stroke, in pad units. @param {Stroke[]} strokes */
export function strokeEnds(strokes) {
  let total = 0;
  return strokes.map((stroke) => (total += strokeLength(stroke)));
}
