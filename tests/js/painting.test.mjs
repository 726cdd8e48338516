// What a map is painted with: colours of points, discs blended into an image, pictures, crosses and names.

import { FakeNode, numbers } from "./page.mjs";
import assert from "node:assert/strict";
import test from "node:test";
import { packed, paletteOf, shadesOf, told } from "../../pages/parts/atlas/painting/color.js";
import { besides, mostDisplaced } from "../../pages/parts/atlas/painting/over.js";
import { picturedRows } from "../../pages/parts/atlas/painting/pictures.js";
import { Raster } from "../../pages/parts/atlas/painting/points.js";
import { boundsOf, View } from "../../pages/parts/web/view.js";
import { unpacked } from "../../pages/parts/web/digits.js";
import { pixelsOf } from "../../pages/parts/web/pixels.js";

const NUMBER = { title: "", url: "", names: [], kind: "number", low: 1, high: 100, log: false };

for (const [change, value, shade] of [
  [{}, 1, 0],
  [{}, 100, 254],
  [{}, 50.5, 127],
  [{}, -7, 0],
  [{}, 1e9, 254],
  [{ log: true }, 10, 127],
  [{ log: true }, 0, 0],
  [{ low: 5, high: 5 }, 5, 127],
  [{}, NaN, 255],
]) {
  test(`a number has its place on the scale: ${value} ${JSON.stringify(change)}`, () => {
    assert.equal(shadesOf({ ...NUMBER, ...change }, Float32Array.of(value))[0], shade);
  });
}

for (const dark of [false, true]) {
  test(`the scales rise in contrast to the page, ${dark ? "dark" : "light"}`, () => {
    const lightness = (coloring) => {
      const colours = paletteOf(coloring, { light: [], dark: [] }, dark);
      assert.equal(colours.length, 256);
      return colours.slice(0, 255).map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b);
    };
    const rising = lightness(NUMBER);
    for (let i = 1; i < 255; i++) {
      const step = rising[i] - rising[i - 1];
      assert.ok(dark ? step > -1.5 : step < 1.5); // rounded to whole numbers
    }
    const difference = lightness({ ...NUMBER, kind: "difference" });
    const away = (i) => (dark ? difference[i] - difference[127] : difference[127] - difference[i]);
    assert.ok(away(0) > 30 && away(254) > 30);
  });
}

test("the numbers of a legend are short", () => {
  const words = [0.0123456, -2, 0, 1234567, 0.0000512, NaN].map((value) => told(value, "nats"));
  assert.deepEqual(words, ["0.0123 nats", "−2 nats", "0 nats", "1.2e+6 nats", "5.1e−5 nats", "not a number"]);
});

const FRAME = { ax: 1, bx: 0, ay: -1, by: 10 };
const STYLE = {
  ...{ radius: 2, opacity: 1, lit: null, wanted: 1, step: 1 },
  colours: Uint32Array.of(packed([255, 0, 0]), packed([0, 0, 255])),
};
const WHITE = [255, 255, 255, 255];

function rastered(points, shades, style = {}) {
  const raster = new Raster(new FakeNode("canvas"));
  raster.resize(20, 10);
  raster.begin([255, 255, 255]);
  const lot = { points: Float32Array.from(points), count: shades.length, shades: Uint8Array.from(shades) };
  raster.points(lot, FRAME, { ...STYLE, ...style });
  raster.end();
  return (x, y) => [...raster.ctx.getImageData(x, y, 1, 1).data];
}

test("a point is drawn where it lies in its colour", () => {
  const at = rastered([5.5, 4.5, 15.5, 4.5], [0, 1]);
  assert.deepEqual([at(5, 5), at(15, 5), at(10, 5), at(5, 0)], [[255, 0, 0, 255], [0, 0, 255, 255], WHITE, WHITE]);
});

test("points above each other blend", () => {
  const at = rastered([5.5, 4.5, 5.5, 4.5], [0, 1], { opacity: 0.5 });
  at(5, 5).forEach((value, i) => assert.ok(Math.abs(value - [127, 63, 191, 255][i]) <= 2));
});

test("points beyond the canvas or nowhere draw nothing, and half a disc at its edge", () => {
  const at = rastered([0, 5, 500, 5, -90, 5, 5, 9e9, NaN, 5, 3, NaN], [0, 0, 0, 0, 0, 0]);
  let red = 0;
  for (let x = 0; x < 20; x++) for (let y = 0; y < 10; y++) red += at(x, y)[1] < 128 ? 1 : 0;
  assert.deepEqual(at(0, 5), [255, 0, 0, 255]);
  assert.ok(4 <= red && red <= 12);
});

test("only lit points are drawn in the pass for them", () => {
  const at = rastered([5.5, 4.5, 15.5, 4.5], [0, 1], { lit: Uint8Array.of(1, 0) });
  assert.deepEqual([at(5, 5)[2], at(15, 5)[0]], [0, 255]);
});

test("pictures leave each other room and stay while the view moves", () => {
  const random = numbers(2);
  const points = Float32Array.from({ length: 8000 }, () => 2 * random() - 1);
  const lot = { points, count: 4000 };
  const view = new View();
  Object.assign(view, { width: 500, height: 400, bounds: boundsOf(points) });
  const chosen = () =>
    picturedRows(lot, view, 1e6, null).map((row) => [row, ...view.at(points[2 * row], points[2 * row + 1])]);
  const before = chosen();
  assert.ok(before.length > 60);
  before.forEach(([, x, y], i) => {
    for (const [, left, top] of before.slice(i + 1)) {
      assert.ok(Math.max(Math.abs(x - left), Math.abs(y - top)) >= 0.6 * 28);
    }
  });
  view.drag(53, 17);
  const known = new Set(before.map(([row]) => row));
  const within = chosen().filter(([, x, y]) => 60 < x && x < 440 && 60 < y && y < 340);
  assert.ok(within.length > 20);
  for (const [row] of within) assert.ok(known.has(row));
});

test("the points furthest moved apart come first and whole ones never", () => {
  const displacement = Float32Array.from({ length: 800 }, (_, i) => Math.max(0, i - 499));
  assert.deepEqual(mostDisplaced(displacement), Array.from({ length: 100 }, (_, i) => 799 - i));
  assert.deepEqual(mostDisplaced(new Float32Array(5)), []);
});

test("names that would cover each other stand below each other", () => {
  const names = [[50, 50], [52, 49], [50, 51], [90, 50]].map((at, label) => ({ name: String(label), label, at }));
  const placed = Object.fromEntries(besides(names).map(({ name, at }) => [name, at]));
  assert.deepEqual([placed["1"], placed["3"]], [[52, 49], [90, 50]]);
  const heights = ["0", "1", "2"].map((name) => placed[name][1]).sort((a, b) => a - b);
  assert.ok(heights[1] - heights[0] >= 17 && heights[2] - heights[1] >= 17);
});

test("a sheet's tiles come apart in their order, and a picture is grey on black", () => {
  const sheet = new ImageData(2 * 28, 2 * 28);
  for (let i = 0; i < 4; i++) sheet.data[4 * ((i >> 1) * 28 * 56 + (i % 2) * 28)] = 10 + i; // the tiles' corners
  const grey = unpacked(sheet, { digits: 4, columns: 2 });
  assert.deepEqual([0, 1, 2, 3].map((digit) => grey[784 * digit]), [10, 11, 12, 13]);
  assert.deepEqual([...pixelsOf(grey).data.subarray(0, 8)], [10, 10, 10, 255, 0, 0, 0, 255]);
});
