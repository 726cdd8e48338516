// The ink: what the pen adds, what the eraser takes, undo, redo, and the line that is painted.

import { FakeNode, fakeContext, kept } from "./page.mjs";
import assert from "node:assert/strict";
import test, { beforeEach } from "node:test";
import { paintStroke } from "../../pages/parts/pad/brush.js";
import { Ink } from "../../pages/parts/pad/ink.js";
import { countDots } from "../../pages/parts/pad/strokes.js";

countDots(0.02);
let told;
beforeEach(() => {
  kept.clear();
  told = { changed: 0, settled: 0 };
});

function inkOf(most = 500) {
  const root = new FakeNode();
  root.querySelector(".brush").value = "0.07";
  return new Ink(root, most, { changed: () => (told.changed += 1), settled: () => (told.settled += 1) });
}

function drawn(ink, ...places) {
  ink.begin(...places[0]);
  for (const place of places.slice(1)) ink.add(...place);
  ink.finish();
}

test("a stroke keeps the points that are worth keeping, within the pad", () => {
  const ink = inkOf();
  drawn(ink, [0.1, 0.1], [0.1001, 0.1001], [0.5, 2], [-1, 0.5]);
  assert.deepEqual(ink.strokes, [[[0.1, 0.1], [0.5, 1], [0, 0.5]]]);
  assert.ok(told.changed >= 3);
  ink.close();
});

test("a pen that feels pressure gives each point a width, smoothed", () => {
  const ink = inkOf();
  drawn(ink, [0.1, 0.1, 1], [0.5, 0.1, 0.5]);
  assert.deepEqual(ink.strokes, [[[0.1, 0.1, 1], [0.5, 0.1, 0.75]]]);
  ink.close();
});

test("undo and redo go through the drawing step by step", () => {
  const ink = inkOf();
  drawn(ink, [0.1, 0.1], [0.5, 0.5]);
  drawn(ink, [0.9, 0.1], [0.9, 0.5]);
  const both = ink.strokes;
  ink.clear();
  ink.undo();
  assert.equal(ink.strokes, both);
  ink.undo();
  assert.equal(ink.strokes.length, 1);
  ink.undo();
  ink.undo(); // there is nothing more
  assert.equal(ink.strokes.length, 0);
  ink.redo();
  ink.redo();
  assert.equal(ink.strokes, both);
  ink.close();
});

test("the eraser is one step, and one that touches nothing is none", () => {
  const ink = inkOf();
  drawn(ink, [0, 0.5], [1, 0.5]);
  const [line] = ink.strokes;
  ink.useEraser(true);
  drawn(ink, [0.5, 0.1], [0.6, 0.1]);
  assert.equal(ink.past.length, 1);
  drawn(ink, [0.5, 0.1], [0.5, 0.9]);
  assert.equal(ink.strokes.length, 2);
  assert.equal(ink.past.length, 2);
  ink.undo();
  assert.equal(ink.strokes[0], line);
  ink.close();
});

test("a stroke that is taken back was never drawn", () => {
  const ink = inkOf();
  ink.begin(0.1, 0.1);
  ink.add(0.5, 0.5);
  ink.cancel();
  assert.deepEqual([ink.strokes, ink.past], [[], []]);
  ink.close();
});

test("a full pad takes no more strokes than the server does", () => {
  const ink = inkOf(2);
  for (let i = 0; i < 4; i++) drawn(ink, [0.1 * i, 0.1], [0.1 * i, 0.5]);
  assert.equal(ink.strokes.length, 2);
  ink.close();
});

test("however far the brush is moved, it is one step", () => {
  const ink = inkOf();
  for (const width of [0.08, 0.09, 0.1]) ink.setWidth(width);
  assert.equal(ink.width, 0.1);
  ink.undo();
  assert.equal(ink.width, 0.07);
  ink.close();
});

test("a drawing is there again on the next page, and its strokes can be undone", () => {
  const ink = inkOf();
  drawn(ink, [0.1, 0.1], [0.5, 0.5]);
  drawn(ink, [0.9, 0.1], [0.9, 0.5]);
  const { strokes } = ink;
  ink.close();
  const next = inkOf();
  assert.deepEqual(next.strokes, strokes);
  next.undo();
  assert.equal(next.strokes.length, 1);
  next.close();
});

test("what is drawn over a drawing from the server is newer, also where the server's clock is ahead", () => {
  const ink = inkOf();
  const stamp = Date.now() + 3_600_000;
  ink.adopt({ strokes: [[[0.2, 0.2], [0.4, 0.4]]], width: 0.07, stamp });
  ink.clear();
  assert.ok(ink.stamp > stamp);
  ink.close();
});

test("a picture brings its own width, and the brush is what it was once that is gone", () => {
  const ink = inkOf();
  ink.setWidth(0.05);
  ink.replace([[[0.1, 0.1, 1], [0.9, 0.9, 1]]], 0.11);
  assert.equal(ink.width, 0.11);
  ink.rest();
  ink.close();
  const next = inkOf(); // the page was loaded anew meanwhile
  assert.equal(next.width, 0.11);
  next.clear();
  assert.equal(next.width, 0.05);
  assert.equal(next.brush.value, "0.05");
  assert.equal(next.brush.ariaValueText, "5 % of the pad");
  next.undo();
  assert.equal(next.width, 0.11);
  next.setWidth(0.09); // somebody wants these lines so, and the next ones, too
  next.clear();
  assert.equal(next.width, 0.09);
  next.close();
});

function painted(stroke) {
  const ctx = fakeContext({});
  paintStroke(ctx, stroke, 100, 0.1);
  return { ctx, calls: ctx.calls };
}

test("a line goes from its first point to its last and is rounded at its corners alone", () => {
  const { ctx, calls } = painted([[0, 0], [0.5, 0], [0.5, 0.5]]);
  assert.equal(ctx.lineWidth, 10);
  assert.deepEqual(calls.filter(([name]) => name !== "beginPath" && name !== "stroke"), [
    ["moveTo", 0, 0],
    ["lineTo", 46, 0],
    ["quadraticCurveTo", 50, 0, 50, 4],
    ["lineTo", 50, 50],
  ]);
});

test("a dot is painted, too", () => {
  assert.deepEqual(painted([[0.5, 0.5]]).calls.at(-2), ["lineTo", 50, 50]);
  assert.deepEqual(painted([[0.5, 0.5, 1]]).calls.at(-2), ["lineTo", 50, 50]);
});

test("a line that is pressed changes its width by a pixel at most", () => {
  const widths = [];
  const ctx = { beginPath() {}, moveTo() {}, lineTo() {}, stroke: () => widths.push(ctx.lineWidth) };
  paintStroke(ctx, [[0, 0, 0.5], [0.5, 0, 1.6], [1, 0.2, 0.6]], 100, 0.1);
  assert.ok(widths.length > 20);
  for (let i = 1; i < widths.length; i++) assert.ok(Math.abs(widths[i] - widths[i - 1]) <= 1);
  assert.ok(Math.max(...widths) <= 16);
});
