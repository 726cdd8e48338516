// Strokes: how long they are, their first part, and what an eraser leaves of them.

import "./page.mjs";
import assert from "node:assert/strict";
import test from "node:test";
import { countDots, inkLength, prefix, rubbed, strokeEnds, strokeLength } from "../../pages/parts/pad/strokes.js";

countDots(0.02);
const LINE = [[0, 0.5], [0.5, 0.5], [1, 0.5]];

test("a stroke is as long as its line, and a dot counts a little", () => {
  assert.equal(strokeLength(LINE), 1);
  assert.equal(strokeLength([[0.3, 0.3]]), 0.02);
  assert.equal(inkLength([LINE, [[0, 0]]]), 1.02);
  assert.deepEqual(strokeEnds([LINE, [[0, 0]]]), [1, 1.02]);
});

test("the first part of the ink ends where the pen was then", () => {
  const two = [LINE, [[0, 0], [0, 1]]];
  assert.equal(prefix(two, 1), two);
  assert.deepEqual(prefix(two, 0.25), [[[0, 0.5], [0.5, 0.5]]]);
  assert.deepEqual(prefix(two, 0.75), [LINE, [[0, 0], [0, 0.5]]]);
  assert.deepEqual(prefix([[[0, 0, 1], [1, 0, 2]]], 0.5), [[[0, 0, 1], [0.5, 0, 1.5]]]);
});

test("an eraser cuts a line in two and leaves no ink below it", () => {
  const [left, right, ...more] = rubbed([LINE], 0.1, [0.5, 0], [0.5, 1], 0.05);
  assert.equal(more.length, 0);
  assert.deepEqual(left, [[0, 0.5], [0.4, 0.5]]); // the round end, half as wide as the line, just touches the eraser
  assert.deepEqual(right, [[0.6, 0.5], [1, 0.5]]);
});

test("an eraser leaves alone what it does not touch, and takes dots and ends away", () => {
  const strokes = [LINE, [[0.5, 0.1]]];
  const left = rubbed(strokes, 0.1, [0.4, 0.1], [0.6, 0.1], 0.05);
  assert.equal(left.length, 1);
  assert.equal(left[0], LINE);
  assert.deepEqual(rubbed([LINE], 0.1, [0.9, 0.5], [1, 0.5], 0.05), [[[0, 0.5], [0.5, 0.5], [0.8, 0.5]]]);
  assert.deepEqual(rubbed([LINE], 0.1, [0, 0.5], [1, 0.5], 0.05), []);
});

test("where the pen was pressed the eraser reaches further", () => {
  const reach = (w) => rubbed([[[0, 0.5, w], [1, 0.5, w]]], 0.1, [0.5, 0.62], [0.5, 0.62], 0.05).length;
  assert.equal(reach(1), 1); // not touched
  assert.equal(reach(2), 2);
});

test("an eraser that stands still is a disc", () => {
  const [left, right] = rubbed([[[0, 0.5], [1, 0.5]]], 0, [0.5, 0.5], [0.5, 0.5], 0.1);
  assert.deepEqual([left.at(-1), right[0]], [[0.4, 0.5], [0.6, 0.5]]);
});
