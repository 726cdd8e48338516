// The atlas's parts that wait for something: the plane, the epochs, what is said at the pointer.

import { base64, FakeNode } from "./page.mjs";
import assert from "node:assert/strict";
import test from "node:test";
import { Forming } from "../../pages/parts/atlas/forming.js";
import { beside, HoverPanel } from "../../pages/parts/atlas/hover.js";
import { faded, Plane } from "../../pages/parts/atlas/painting/plane.js";
import { View } from "../../pages/parts/web/view.js";

function planeOf() {
  const plane = new Plane(() => {}, () => {});
  plane.of({ run: "a", method: "pca" }, "1");
  const view = new View();
  Object.assign(view, { width: 360, height: 180, bounds: [{ low: -1, high: 1 }, { low: -1, high: 1 }] });
  plane.refresh(view, [0, 0, 0]);
  return { plane, view };
}
const answer = (n) => ({ images: base64(new Uint8Array(784 * n).fill(255)), spread: Array(n).fill(1) });

test("the plane asks for the whole view once, from its middle", () => {
  const { plane, view } = planeOf();
  const places = [];
  for (let next = plane.next(); next; next = plane.next()) {
    assert.ok(next.question.places.length <= 32);
    places.push(...next.question.places);
    next.heard(answer(next.question.places.length));
  }
  const away = places.map(([x, y]) => Math.hypot(x, y));
  assert.ok(away[0] < away.at(-1));
  // The middle of the cells is not quite that of the view.
  for (let i = 1; i < away.length; i++) assert.ok(away[i] - away[i - 1] > -0.6);
  assert.equal(new Set(places.map(String)).size, places.length);
  for (const [axis, size] of [[0, view.width], [1, view.height]]) {
    const along = places.map((place) => place[axis]);
    assert.ok(Math.max(...along) - Math.min(...along) >= size / view.scale - 0.6);
  }
  plane.refresh(view, [0, 0, 0]);
  assert.equal(plane.next(), null);
});

test("a plane of another map forgets what it knew and takes no late answer", () => {
  const { plane, view } = planeOf();
  const late = plane.next();
  plane.of({ run: "b", method: "pca" }, "1");
  plane.refresh(view, [0, 0, 0]);
  const before = plane.wanted.length;
  late.heard(answer(late.question.places.length));
  assert.ok(before > 0);
  assert.equal(plane.wanted.length, before);
  assert.equal(plane.cells.size, 0);
});

test("an error makes the plane pause and say so", () => {
  const { plane } = planeOf();
  plane.next().heard({ error: "The run is gone." });
  assert.deepEqual([plane.error, plane.next()], ["The run is gone.", null]);
  plane.close();
});

test("the plane fades away from the points", () => {
  const strengths = [0, 3, 6, 50, 1e9, NaN].map(faded);
  assert.deepEqual(strengths.slice(0, 2), [1, 1]);
  assert.deepEqual(strengths, [...strengths].sort((a, b) => b - a));
  assert.deepEqual(strengths.slice(-2), [0.1, 0.1]);
});

const FRAMES = [[0, 0, 1, 1], [2, 0, 1, 3]];
const formed = (frames, training = false) => ({
  ...{ version: "v", steps: frames.map((_, i) => 100 * i), epochs: frames.map((_, i) => i), training, n: 2 },
  ...{ points: base64(Float32Array.from(frames.flat())), labels: base64(Uint8Array.of(3, 4)) },
});

function forming() {
  const failed = [];
  const made = new Forming(new FakeNode(), { moved: () => {}, failed: (error) => failed.push(error) });
  return { made, failed };
}

test("points travel between epochs and the last is shown first", () => {
  const { made } = forming();
  made.take(formed(FRAMES));
  assert.deepEqual([...made.points], [2, 0, 1, 3]);
  assert.equal(made.sentence.textContent, "Epoch 1 of 1, step 100: 2 test digits.");
  made.go(0.5);
  assert.deepEqual([...made.points], [1, 0, 1, 2]);
  made.go(0);
  assert.deepEqual([...made.points], [0, 0, 1, 1]);
  made.close();
});

test("a new epoch is travelled to only by who looked at the last", () => {
  const { made } = forming();
  made.take(formed(FRAMES, true));
  const third = [...FRAMES, [9, 9, 9, 9]];
  made.take(formed(third, true));
  assert.equal(made.at, 2);
  assert.ok(made.points[0] < 3);
  made.pause();
  made.go(made.at);
  assert.equal(made.points[0], 9);
  made.go(0.25);
  made.take(formed([...third, [1, 1, 2, 2]], true));
  assert.equal(made.at, 0.25);
  made.close();
});

test("the view of the epochs holds all of them", () => {
  const { made } = forming();
  made.take(formed(FRAMES));
  made.close();
  assert.deepEqual(made.bounds, [{ low: 0, high: 2 }, { low: 0, high: 3 }]);
});

test("frames that do not fit are an error and not drawn", () => {
  const { made, failed } = forming();
  made.take({ ...formed(FRAMES), n: 3 });
  made.close();
  assert.deepEqual([made.frames, failed.length], [null, 1]);
});

test("what is said at the pointer stays inside and off the pointer", () => {
  for (const [width, height] of [[400, 300], [230, 300]]) {
    for (const [left, top] of [[0, 0], [399, 0], [0, 299], [399, 299], [200, 150]]) {
      const at = [Math.min(left, width), top];
      const [x, y] = beside(at, [width, height], [210, 120]).match(/-?\d+(?=px)/g).map(Number);
      assert.ok(0 <= x && x <= width - 210);
      assert.ok(y >= 0);
      assert.ok(!(x < at[0] && at[0] < x + 210 && y < at[1] && at[1] < y + 120));
    }
  }
});

for (const [distance, mark] of [[0, "among"], [1, "among"], [1.01, "between"], [2.5, "between"], [2.6, "far"], [null, "far"]]) {
  test(`how far a place is from real codes is said in words: ${distance}`, () => {
    const panel = new HoverPanel(new FakeNode());
    panel.decode({ image: base64(new Uint8Array(784)), distance, exact: true });
    assert.equal(panel.root.dataset.mark, mark);
    assert.ok(panel.told.textContent.startsWith(mark));
    const width = distance === null ? 100 : 20 * distance;
    assert.ok(Math.abs(parseFloat(panel.bar.style.width) - width) <= 1);
  });
}
