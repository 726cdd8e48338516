// The demonstration: it writes what is nobody's drawing, and goes for good when somebody touches anything.

import { FakeNode, kept, wait } from "./page.mjs";
import assert from "node:assert/strict";
import test, { beforeEach } from "node:test";
import { Demo, pointsUpTo } from "../../pages/parts/pad/demo.js";
import { EXAMPLES, FIRST, smooth } from "../../pages/parts/pad/examples.js";
import { Ink } from "../../pages/parts/pad/ink.js";

let calm = false;
globalThis.matchMedia = () => ({ matches: calm });
beforeEach(() => {
  kept.clear();
  calm = false;
});

function made(answered = true) {
  const root = new FakeNode();
  root.querySelector(".brush").value = "0.07";
  const ink = new Ink(root, 500, { changed: () => {}, settled: () => {} });
  const told = [];
  return { ink, demo: new Demo(root, ink, () => answered, (why) => told.push(why)), root, told };
}

const touch = (type) => window.dispatchEvent(Object.assign(new Event(type)));

test("nothing is written where motion is unwelcome, or where there is a drawing", async () => {
  calm = true;
  const still = made();
  still.demo.play();
  calm = false;
  const drawn = made();
  drawn.ink.begin(0.5, 0.5);
  drawn.ink.finish();
  const { strokes } = drawn.ink;
  drawn.demo.play();
  await wait(60);
  assert.deepEqual(still.ink.strokes, []);
  assert.equal(drawn.ink.strokes, strokes);
  for (const { ink } of [still, drawn]) ink.close();
});

test("an example is a drawing of the person's, with the brush as it was, and one step back", async () => {
  calm = true;
  const { ink, root, told } = made();
  ink.setWidth(0.1);
  for (const [i, { name, strokes, why }] of EXAMPLES.entries()) {
    const button = root.querySelector(".tries").children[i];
    assert.equal(button.textContent, name);
    button.dispatchEvent(new Event("click"));
    assert.equal(ink.strokes, strokes);
    assert.equal(told.at(-1), why);
    assert.deepEqual([ink.guest, ink.width, ink.fraction], [false, 0.1, 1]);
    ink.undo();
    assert.notEqual(ink.strokes, strokes);
  }
  ink.redo();
  assert.equal(ink.strokes, EXAMPLES.at(-1).strokes);
  root.querySelector(".paper").dispatchEvent(new Event("pointerdown"));
  assert.equal(told.at(-1), "");
  ink.close();
});

test("an example is written in time, all of it in the end, and whoever draws meanwhile goes on from it", async () => {
  const { ink, demo } = made();
  demo.write(EXAMPLES[2].strokes);
  await wait(30);
  assert.ok(ink.fraction < 1);
  await wait(900);
  assert.equal(ink.fraction, 1);
  demo.write(EXAMPLES[0].strokes);
  await wait(30);
  ink.begin(0.1, 0.9);
  ink.finish();
  await wait(30);
  assert.equal(ink.fraction, 1);
  assert.equal(ink.strokes.length, EXAMPLES[0].strokes.length + 1);
  ink.close();
});

test("the first digit waits for an answer, then grows; it is kept nowhere and goes at a touch, for good", async () => {
  let answered = false;
  const root = new FakeNode();
  root.querySelector(".brush").value = "0.07";
  const ink = new Ink(root, 500, { changed: () => {}, settled: () => {} });
  const demo = new Demo(root, ink, () => answered);
  demo.play();
  await wait(60);
  const [first] = ink.strokes;
  await wait(60);
  assert.deepEqual(ink.strokes, [first]); // nobody has answered
  answered = true;
  await wait(120);
  assert.ok(ink.strokes[0].length > first.length);
  assert.deepEqual(ink.strokes[0].slice(0, first.length), first); // it grows as a pen's stroke does
  assert.deepEqual([ink.guest, ink.stamp], [true, 0]);
  ink.keep();
  assert.equal(kept.size, 0);
  touch("keydown");
  assert.deepEqual([ink.strokes, ink.guest, ink.past], [[], false, []]);
  await wait(60);
  demo.play();
  await wait(60);
  assert.deepEqual(ink.strokes, []);
  ink.close();
});

test("a stroke comes after the one before, and what is whole is what is stored", () => {
  assert.deepEqual(pointsUpTo(FIRST, 3), [FIRST[0].slice(0, 3)]);
  assert.deepEqual(pointsUpTo(FIRST, FIRST[0].length + 5), [FIRST[0]]); // the pen is up
  assert.deepEqual(pointsUpTo(FIRST, 1000), FIRST);
});

test("a smooth line goes through its corners, closely", () => {
  const corners = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.1], [0.5, 0.6]];
  const line = smooth(corners);
  for (const [x, y] of corners) assert.ok(line.some(([u, v]) => Math.hypot(u - x, v - y) < 1e-9));
  for (let i = 1; i < line.length; i++) assert.ok(Math.hypot(line[i][0] - line[i - 1][0], line[i][1] - line[i - 1][1]) < 0.03);
  for (const [x, y] of EXAMPLES.flatMap(({ strokes }) => strokes.flat())) assert.ok(x > 0 && x < 1 && y > 0 && y < 1);
});
