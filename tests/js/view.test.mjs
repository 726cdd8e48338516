// The view of a map: from its units to pixels and back, fitted, dragged and zoomed.

import { numbers } from "./page.mjs";
import assert from "node:assert/strict";
import test from "node:test";
import { boundsOf, namesOf, View } from "../../pages/parts/web/view.js";

function viewed() {
  const view = new View();
  Object.assign(view, { width: 400, height: 300, bounds: [{ low: -2, high: 2 }, { low: 1, high: 2 }] });
  return view;
}
const close = (some, others) => some.forEach((value, i) => assert.ok(Math.abs(value - others[i]) < 1e-6, `${some} ${others}`));

test("both axes have one scale and the fitted map is in the middle", () => {
  const view = viewed();
  close(view.at(0, 1.5), [200, 150]);
  close(view.at(-2, 1.5), [20, 150]);
  close(view.at(2, 1.5), [380, 150]);
  close(view.at(0, 2.5), [200, 60]); // one unit up is as far as one unit to the side
});

test("a place and its pixel lead to each other after any drag and zoom", () => {
  const view = viewed();
  view.drag(31, -7);
  view.zoomAt(120, 80, 3.7);
  view.drag(-5, 12);
  view.zoomAt(10, 290, 0.4);
  for (const pixel of [[0, 0], [399, 1], [123.4, 56.7]]) close(view.at(...view.place(...pixel)), pixel);
});

test("zooming leaves the place below the pointer and stops at the ends", () => {
  const view = viewed();
  const before = view.place(77, 66);
  view.zoomAt(77, 66, 5);
  close(view.place(77, 66), before);
  view.zoomAt(77, 66, 1e9);
  assert.equal(view.zoom, 4000);
  view.zoomAt(77, 66, 1e-12);
  assert.equal(view.zoom, 0.25);
  close(view.place(77, 66), before);
});

test("a few outliers do not squeeze the rest", () => {
  const random = numbers(0);
  const flat = Array.from({ length: 2000 }, () => 2 * random() - 1);
  for (const { low, high } of boundsOf(Float32Array.from([...flat, 1000, 0, 0, -1000]))) {
    assert.ok(-1.01 < low && low < -0.9);
    assert.ok(0.9 < high && high < 1.01);
  }
});

test("points in one place or nowhere still have a map", () => {
  for (const flat of [Array(10).fill(3), [3, 3], Array(6).fill(NaN)]) {
    for (const { low, high } of boundsOf(Float32Array.from(flat))) assert.equal(high - low, 2);
  }
});

test("a class's name stands at the median of its points, a class without points has none", () => {
  const names = namesOf(Float32Array.of(0, 0, 1, 5, 9, 9, 7, 7), Uint8Array.of(0, 0, 0, 2), ["a", "b", "c"]);
  assert.deepEqual(names, [{ name: "a", label: 0, x: 1, y: 5 }, { name: "c", label: 2, x: 7, y: 7 }]);
});
