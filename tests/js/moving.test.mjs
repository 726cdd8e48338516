// What figures that follow a slider are at each of its positions, and which of them can be painted while it moves.

import { FakeNode, wait } from "./page.mjs";
import assert from "node:assert/strict";
import test from "node:test";
import MovingFigures from "../../pages/parts/figure/moving.js";
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

const CONTENT = JSON.stringify({
  values: [0.1, 1, 2], texts: ["0.1 px", "1 px", "2 px"], names: ["Share"], numbers: [["1 %"], ["2 %"], ["3 %"]], figures: [],
});
let sliders = 0;

/** A slider in a page, with what it tells Python. */
function slider(facts = {}, parent = new FakeNode()) {
  const name = `slider-${(sliders += 1)}`;
  const look = { label: "Dial", hint: "", stops: [], beside: false };
  const data = { content: CONTENT, name, turn: 1, start: 1, ...look, ...facts };
  const [view, said] = [new MovingFigures(parent), []];
  const run = (changed = {}) => view.update({ ...Object.assign(data, changed) }, (name, value) => said.push([name, value]));
  run();
  const range = view.range;
  const input = (at) => {
    range.value = String(at);
    range.dispatchEvent(new Event("input"));
  };
  const happen = (type) => range.dispatchEvent(new Event(type));
  return { view, data, said, run, range, input, happen, text: () => view.root.querySelector(".mf-value").textContent };
}

test("a slider starts where Python puts it, and says its value in words", () => {
  const { range, text, view } = slider();
  assert.deepEqual([range.value, range.max, range["aria-label"]], ["1", "2", "Dial"]);
  assert.deepEqual([range["aria-valuetext"], text()], ["1 px", "1 px"]);
  assert.equal(view.root.dataset.shown, "1");
});

test("a move is shown with the next frame, and told when the hand rests, once", async () => {
  const { input, said, text } = slider();
  input(2);
  input(0);
  await wait(40);
  assert.equal(text(), "0.1 px");
  assert.deepEqual(said, []);
  await wait(200);
  assert.deepEqual(said, [["at", { turn: 1, value: 0.1 }]]);
  input(0);
  await wait(200);
  assert.equal(said.length, 1); // Python knows
});

test("a pointer that lets go is told at once, a key when it is over", async () => {
  const { input, said, happen } = slider();
  happen("pointerdown");
  input(2);
  happen("change");
  assert.deepEqual(said, [["at", { turn: 1, value: 2 }]]);
  input(0); // by a key: each of its steps is also a change
  happen("change");
  assert.equal(said.length, 1);
  await wait(200);
  assert.deepEqual(said[1], ["at", { turn: 1, value: 0.1 }]);
});

test("the page that runs again undoes no move, a new turn does", async () => {
  const { input, run, text, said } = slider();
  input(2);
  await wait(20);
  run(); // the answer to an earlier move, which says where the turn began
  assert.equal(text(), "2 px");
  await wait(200);
  run();
  assert.equal(text(), "2 px");
  run({ turn: 2, start: 0.1 }); // a link, or the way back
  assert.equal(text(), "0.1 px");
  await wait(200);
  assert.equal(said.length, 1);
  input(1);
  await wait(200);
  assert.deepEqual(said[1], ["at", { turn: 2, value: 1 }]);
});

test("an element that is made anew in the same page is where the hand was", async () => {
  const first = slider();
  first.input(2);
  await wait(200);
  first.view.close();
  assert.equal(slider({ name: first.data.name }).text(), "2 px");
  assert.equal(slider({ name: first.data.name, turn: 2 }).text(), "1 px");
});

test("other positions are shown where the hand is, or nearest to it", () => {
  const { run, text, range } = slider({ start: 2 });
  const other = { ...JSON.parse(CONTENT), values: [1, 1.9], texts: ["one", "nearly"], numbers: [["a"], ["b"]] };
  run({ content: JSON.stringify(other) });
  assert.deepEqual([text(), range.value, range.max], ["nearly", "1", "1"]);
  run({ content: CONTENT });
  assert.equal(text(), "2 px");
});
