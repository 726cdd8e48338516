// A gallery of digits: where keys lead, what a click tells the page, and that the digit the keys rest at is shown.

import { FakeNode, wait } from "./page.mjs";
import assert from "node:assert/strict";
import test from "node:test";
import Gallery, { moved } from "../../pages/parts/evaluate/gallery.js";
import { tilesOf } from "../../pages/parts/web/tiles.js";

globalThis.Image = class {};

class Tile extends FakeNode {
  constructor(tag) {
    super(tag);
    this.offsetTop = 0;
  }
  focus() {
    document.activeElement = this;
  }
  closest() {
    return this;
  }
}

function shown(numbers, chosen = null) {
  document.createElement = (tag) => new Tile(tag);
  document.activeElement = null;
  const root = new FakeNode();
  const tiles = root.querySelector(".digits") && root.querySelector(".tiles");
  tiles.style = { setProperty: () => {} };
  tiles.querySelectorAll = () => [];
  const told = [];
  const gallery = new Gallery(root, {});
  const data = (numbers, chosen) => ({
    tiles: numbers.map((number) => ({ number, text: String(number), spoken: `Test digit ${number}` })), chosen, label: "All",
    sheet: "", columns: 16,
  });
  const update = (numbers, chosen) => gallery.update(data(numbers, chosen), (name, value) => told.push([name, value]));
  update(numbers, chosen);
  return { gallery, told, update, key: (key, place, more = {}) => {
    const event = { key, target: tilesOf(gallery.tiles)[place], preventDefault: () => (event.stopped = true), ...more };
    gallery.key(event);
    return Boolean(event.stopped);
  } };
}
const selected = ({ gallery }) => tilesOf(gallery.tiles).map((tile) => tile.ariaSelected === "true");
const entered = ({ gallery }) => tilesOf(gallery.tiles).findIndex((tile) => tile.tabIndex === 0);

test("arrows move in lines, and stay in the gallery", () => {
  for (const [key, from, to] of [
    ["ArrowRight", 3, 4], ["ArrowRight", 10, 10], ["ArrowLeft", 0, 0], ["ArrowDown", 1, 5], ["ArrowDown", 7, 10],
    ["ArrowDown", 9, 9], ["ArrowUp", 6, 2], ["ArrowUp", 2, 2], ["Home", 6, 0], ["End", 6, 10],
  ]) assert.equal(moved(key, from, 4, 11), to, `${key} from ${from}`);
  assert.equal(moved("x", 3, 4, 11), null);
});

test("a click is marked at once and told, each with a higher number", () => {
  const page = shown([582, 7, 40]);
  assert.deepEqual([selected(page), entered(page)], [[false, false, false], 0]);
  page.gallery.click({ target: tilesOf(page.gallery.tiles)[1] });
  page.gallery.click({ target: tilesOf(page.gallery.tiles)[1] });
  const [[name, first], [, second]] = page.told;
  assert.deepEqual([name, first.number, second.n - first.n], ["pick", 7, 1]);
  assert.deepEqual([selected(page), entered(page)], [[false, true, false], 1]);
});

test("Enter and Space choose, Escape chooses none, and what belongs to the browser is left to it", () => {
  const page = shown([582, 7, 40]);
  assert.equal(page.key("Enter", 2), true);
  assert.equal(page.key(" ", 0), true);
  assert.equal(page.key("Escape", 0), true);
  assert.deepEqual(page.told.map(([, pick]) => pick.number), [40, 582, null]);
  for (const [key, more] of [["Escape", {}], ["Tab", {}], ["ArrowRight", { ctrlKey: true }]])
    assert.equal(page.key(key, 0, more), false);
});

test("arrows only move until a digit is chosen; then the one where they rest is shown, once", async () => {
  const page = shown([582, 7, 40]);
  page.key("ArrowRight", 0);
  await wait(200);
  assert.deepEqual([page.told, entered(page)], [[], 1]);
  page.update([582, 7, 40], 582);
  page.key("ArrowRight", 0);
  page.key("ArrowRight", 1);
  await wait(200);
  assert.deepEqual(page.told.map(([, pick]) => pick.number), [40]);
  page.key("ArrowLeft", 2);
  page.gallery.close();
  await wait(200);
  assert.equal(page.told.length, 1);
});

test("another mark alone leaves the tiles as they are, with the focus", () => {
  const page = shown([582, 7, 40]);
  const before = tilesOf(page.gallery.tiles);
  page.update([582, 7, 40], 40);
  assert.deepEqual(tilesOf(page.gallery.tiles), before);
  assert.deepEqual(selected(page), [false, false, true]);
  page.update([582, 7], 40);
  assert.notEqual(tilesOf(page.gallery.tiles)[0], before[0]);
  assert.deepEqual(selected(page), [false, false]);
});
