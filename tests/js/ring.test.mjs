// Clicks on a figure: what is told of them, and the ring that keys move over a heatmap's cells.

import { FakeNode } from "./page.mjs";
import assert from "node:assert/strict";
import test from "node:test";
import { clickedAt, heatmapOf, Ring } from "../../pages/parts/figure/ring.js";

/** An axis that is 100 pixels long, 10 of them before it, from the left or the top to the end of its range. */
const axis = (range, [from, to] = range) => ({
  range, _offset: 10, _length: 100, d2p: (value) => (100 * (value - from)) / (to - from),
});

function ringed(x = [-0.5, 3.5], y = [1.5, -0.5]) {
  const cells = { type: "heatmap", x: [0, 1, 2, 3], y: [0, 1] };
  const plot = { data: [{ type: "heatmap", hoverinfo: "skip" }, cells], _fullLayout: { xaxis: axis(x), yaxis: axis(y, y.toReversed()) } };
  const mark = new FakeNode();
  mark.style = { setProperty: (name, value) => (mark.style[name] = value) };
  return { ring: new Ring(plot, mark), mark, plot };
}
const moved = (ring, ...keys) => keys.map((key) => ring.move(key)) && ring.cell;

test("a click is told by its place, as a number or a name, and nothing else of it", () => {
  assert.deepEqual(clickedAt({ points: [{ x: 9, y: "CNN", z: 3, data: {} }] }), { x: 9, y: "CNN" });
  for (const event of [undefined, {}, { points: [] }, { points: [{ label: "a" }] }, { points: [{ x: null, y: 1 }] }])
    assert.equal(clickedAt(event), null);
  assert.deepEqual(clickedAt({ points: [{ x: NaN, y: 1 }] }), { x: "NaN", y: 1 });
});

test("a heatmap that is only the ground of another one is passed over", () => {
  const cells = { type: "heatmap" };
  assert.equal(heatmapOf([{ type: "scatter" }, { type: "heatmap", hoverinfo: "skip" }, cells]), cells);
  assert.equal(heatmapOf([{ type: "scatter" }]), undefined);
});

test("the first arrow puts the ring on the first cell, the others move it, and it stays inside", () => {
  const { ring, mark } = ringed();
  assert.equal(ring.cell, null);
  assert.deepEqual(moved(ring, "ArrowRight"), { x: 0, y: 0 });
  assert.equal(mark.hidden, false);
  assert.deepEqual(moved(ring, "ArrowRight", "ArrowDown"), { x: 1, y: 1 });
  assert.deepEqual(moved(ring, "ArrowDown", "ArrowDown"), { x: 1, y: 1 });
  assert.deepEqual(moved(ring, "ArrowUp", "ArrowUp", "ArrowLeft", "ArrowLeft"), { x: 0, y: 0 });
  assert.equal(ring.move("x"), false);
  ring.forget();
  assert.deepEqual([ring.cell, mark.hidden], [null, true]);
});

test("arrows go where they point, whichever way the axes run", () => {
  const { ring } = ringed([3.5, -0.5], [-0.5, 1.5]);
  assert.deepEqual(moved(ring, "ArrowDown"), { x: 3, y: 1 }); // what is at the top left
  assert.deepEqual(moved(ring, "ArrowRight", "ArrowDown"), { x: 2, y: 0 });
});

test("the ring lies around its cell", () => {
  const { ring, mark } = ringed();
  moved(ring, "ArrowRight", "ArrowRight", "ArrowDown");
  const { left, top, width, height } = mark.style;
  assert.deepEqual([left, top, width, height], ["35px", "60px", "25px", "50px"]);
});

test("a figure that has shrunk keeps the ring inside, and one without a heatmap has none", () => {
  const { ring, mark, plot } = ringed();
  moved(ring, "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown");
  plot.data[1] = { ...plot.data[1], x: [0, 1] };
  ring.place();
  assert.deepEqual(ring.cell, { x: 1, y: 1 });
  plot.data = [{ type: "scatter" }];
  ring.place();
  assert.deepEqual([ring.cell, mark.hidden], [null, true]);
  assert.equal(ring.move("ArrowRight"), false);
});
