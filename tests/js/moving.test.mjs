// What figures that follow a slider are at each of its positions, and which of them can be painted while it moves.

import "./page.mjs";
import assert from "node:assert/strict";
import test from "node:test";
import { frameAt, nearest } from "../../pages/parts/figure/frames.js";
import { movingTraces } from "../../pages/parts/figure/quick.js";

const LINE = { x: [0, 1], y: [0, 1] };
const MOVING = {
  figure: { data: [LINE, { x: [1], y: [1], error_y: { array: [9], width: 3 } }], layout: { title: "one" } },
  label: "It is 1.", name: "f", height: 300,
  moving: [
    { paths: [["figure", "data", 1, "x"], ["figure", "data", 1, "y"]], values: [[1], [2], [3]] },
    { paths: [["figure", "data", 1, "error_y", "array"]], values: [[9], [8], [7]] },
    { paths: [["label"]], values: ["It is 1.", "It is 2.", "It is 3."] },
  ],
};

test("a figure at a position has what differs there, and shares what does not", () => {
  const before = structuredClone(MOVING);
  const { figure, label, height, moving } = frameAt(MOVING, 2);
  assert.deepEqual(figure.data[1], { x: [3], y: [3], error_y: { array: [7], width: 3 } });
  assert.equal(figure.data[0], LINE);
  assert.equal(figure.layout, MOVING.figure.layout);
  assert.deepEqual([label, height, moving], ["It is 3.", 300, undefined]);
  assert.deepEqual(MOVING, before); // nothing of what was sent has changed
  assert.deepEqual(frameAt(MOVING, 0).figure, MOVING.figure);
});

test("the nearest position is found, of two the lower, as Python finds it", () => {
  const values = [0.1, 1, 2];
  const asked = [-5, 0.54, 0.56, 1.4, 1.5, 1.6, 99];
  assert.deepEqual(asked.map((value) => nearest(values, value)), [0, 0, 1, 1, 1, 2, 2]);
  assert.equal(nearest([3], 7), 0);
});

test("figures of which only places change are painted while the slider moves, others are left to Plotly", () => {
  assert.deepEqual(movingTraces(MOVING.moving), [1]);
  assert.deepEqual(movingTraces([]), []);
  const with_ = (...path) => movingTraces([...MOVING.moving, { paths: [path], values: [] }]);
  assert.deepEqual(with_("figure", "data", 0, "hovertext"), [1, 0]);
  assert.equal(with_("figure", "data", 0, "line", "color"), null);
  assert.equal(with_("figure", "data"), null);
  assert.equal(with_("figure", "layout", "title"), null);
});
