// Selections: what lies inside a lasso, and how few corners keep its shape.

import { numbers } from "./page.mjs";
import assert from "node:assert/strict";
import test from "node:test";
import { counted, litOf, Outline, rowsInside, selectedRows, simplified } from "../../pages/parts/atlas/select.js";

const MOST = 300;

test("a long lasso keeps its shape in few corners", () => {
  const random = numbers(1);
  const normal = () => Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, -6);
  const corners = Array.from({ length: 5000 }, (_, i) => {
    const [angle, away] = [(2 * Math.PI * i) / 4999, 200 + 2 * normal()];
    return [300 + away * Math.cos(angle), 300 + away * Math.sin(angle)];
  });
  const shape = simplified(corners, 0.7, MOST);
  assert.ok(20 < shape.length && shape.length <= MOST);
  for (const [x, y] of shape) assert.ok(Math.abs(Math.hypot(x - 300, y - 300) - 200) < 10);
  assert.deepEqual(simplified([[0, 0], [1, 0], [2, 0], [3, 0], [3, 4]], 0.7, MOST), [[0, 0], [3, 0], [3, 4]]);
});

test("a polygon that crosses itself holds what the even-odd rule says", () => {
  const bow = [[0, 0], [2, 2], [2, 0], [0, 2]];
  assert.deepEqual([...rowsInside(bow, [0.2, 1, 1.8, 1, 1, 0.2, 1, 1.8], 4)], [1, 1, 0, 0]);
});

test("digits selected on another map are told by their bits, the first the highest", () => {
  const digits = Buffer.from([0b10100000, 0b01000000]).toString("base64");
  assert.deepEqual([...selectedRows({ polygon: [], digits }, [], 11)], [1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0]);
  const box = [[0, 0], [2, 0], [2, 2], [0, 2]];
  assert.deepEqual([...selectedRows({ polygon: box, digits: "" }, [1, 1, 3, 1], 2)], [1, 0]);
});

test("what is lit is inside and of the class that is looked at; everything where neither is asked", () => {
  const lot = { count: 3, shades: Uint8Array.of(4, 4, 5) };
  assert.equal(litOf(lot, null, null), null);
  assert.deepEqual([...litOf(lot, Uint8Array.of(1, 0, 1), null)], [1, 0, 1]);
  assert.deepEqual([...litOf(lot, Uint8Array.of(1, 0, 1), 4)], [1, 0, 0]);
  assert.equal(counted(Uint8Array.of(1, 0), "selected"), "1 digit selected");
  assert.equal(counted(Uint8Array.of(0, 0), "selected"), "No digit selected");
});

test("a box has four corners, and neither it nor a lasso encloses anything before it is wide enough", () => {
  const view = { place: (x, y) => [x, -y] };
  const box = new Outline("box", [10, 10]);
  assert.equal(box.encloses, false);
  box.grow([11, 90]);
  assert.equal(box.encloses, false);
  box.grow([50, 90]);
  assert.equal(box.encloses, true);
  assert.deepEqual(box.polygon(view, MOST), [[10, -10], [50, -10], [50, -90], [10, -90]]);
  const lasso = new Outline("lasso", [0, 0]);
  for (const place of [[1, 1], [9, 0], [9, 9]]) lasso.grow(place); // the first is no new place
  assert.equal(lasso.corners.length, 3);
  assert.equal(lasso.encloses, true);
});
