// Keys on a map: arrows move it or the cross, Enter sets corners, Escape begins again.

import { FakeNode } from "./page.mjs";
import assert from "node:assert/strict";
import test from "node:test";
import { Keys } from "../../pages/parts/atlas/keys.js";

/** A map of 400 x 300 pixels that keeps what it is told; `press` returns whether the browser's own doing was prevented. */
function map(tool) {
  const canvas = Object.assign(new FakeNode("canvas"), { clientWidth: 400, clientHeight: 300 });
  const told = [];
  const owner = { toolFor: () => owner.tool, tool };
  for (const name of ["drag", "zoom", "fit", "pick", "escape", "hover", "outline", "outlined", "cross", "tell"]) {
    owner[name] = (...given) => void told.push([name, ...given]);
  }
  const keys = new Keys(canvas, owner);
  const press = (key, more = {}) => {
    const event = Object.assign(new Event("keydown", { cancelable: true }), { key, ...more });
    canvas.dispatchEvent(event);
    return event.defaultPrevented;
  };
  const last = (name) => told.filter(([what]) => what === name).at(-1)?.slice(1);
  return { keys, told, press, last, owner };
}

test("with Move the arrows move the map, and Enter picks in its middle", () => {
  const { press, last } = map("move");
  assert.ok(press("ArrowLeft"));
  assert.deepEqual(last("drag"), [40, -0]);
  press("ArrowDown", { shiftKey: true });
  assert.deepEqual(last("drag"), [-0, -160]);
  press("Enter");
  assert.deepEqual(last("pick"), [[200, 150]]);
  assert.equal(press("Escape"), false);
  assert.deepEqual(last("escape"), []);
  assert.equal(press("x"), false);
  assert.equal(press("ArrowLeft", { ctrlKey: true }), false);
});

test("with Box two corners make a selection", () => {
  const { press, last, told } = map("box");
  press("ArrowLeft");
  press("ArrowUp", { shiftKey: true });
  assert.deepEqual(last("cross"), [[190, 100]]);
  assert.deepEqual(last("hover"), [[190, 100]]); // what is there is shown
  press("Enter");
  assert.deepEqual(last("tell"), ["Corner 1 set."]);
  press("Enter");
  assert.equal(last("outlined"), undefined); // of no width
  press("ArrowRight", { shiftKey: true });
  press("ArrowDown");
  assert.deepEqual(last("outline")[0].shape, [[190, 100], [240, 100], [240, 110], [190, 110]]);
  assert.equal(press("+"), false); // no zoom below corners that are set
  press("Enter");
  assert.deepEqual(last("outlined")[0].shape, [[190, 100], [240, 100], [240, 110], [190, 110]]);
  assert.ok(!told.some(([name]) => name === "drag" || name === "zoom" || name === "pick"));
});

test("with Lasso every Enter sets a corner, and one more at the same place closes it", () => {
  const { press, last } = map("lasso");
  press("Enter");
  for (const key of ["ArrowRight", "ArrowDown"]) {
    press(key, { shiftKey: true });
    press("Enter");
  }
  assert.equal(last("outlined"), undefined);
  press("Enter");
  assert.deepEqual(last("outlined")[0].shape, [[200, 150], [250, 150], [250, 200]]);
});

test("the cross stays on the map, Escape takes it and its corners away, and then clears what is selected", () => {
  const { press, last, keys } = map("box");
  for (let i = 0; i < 30; i++) press("ArrowRight", { shiftKey: true });
  assert.deepEqual(last("cross"), [[400, 150]]);
  press("Enter");
  assert.ok(press("Escape"));
  assert.deepEqual([last("cross"), last("outline"), keys.corners.length], [[null], [null], 0]);
  assert.equal(last("escape"), undefined);
  press("Escape");
  assert.deepEqual(last("escape"), []);
});
