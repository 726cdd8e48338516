// The loader: it keeps the order of calls while the modules are on their way, and ends what is no longer there.

import { FakeNode, wait } from "./page.mjs";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const SOURCE = readFileSync(new URL("../../pages/parts/web/loader.js", import.meta.url), "utf8");
const VIEW = `export default class View {
  constructor(root) { this.root = { isConnected: true }; (globalThis.log ??= []).push("made"); }
  update(data) { globalThis.log.push(data); }
  close() { globalThis.log.push("closed"); }
}`;
const inline = (source) => `data:text/javascript,${encodeURIComponent(source)}`;

/** The loader of a component whose module comes from this address. */
async function loader(address, name) {
  const { default: call } = await import(inline(`${SOURCE.replace("./entry.js", address)}\n// ${name}`));
  globalThis.log = [];
  return call;
}
const calls = (call, root, ...all) => all.map((data) => call({ parentElement: root, data, setStateValue() {} }));

test("calls while the module is on its way come down to the last, and later ones reach the same view", async () => {
  const call = await loader(inline(VIEW), 1);
  const root = new FakeNode();
  const ends = await Promise.all(calls(call, root, "a", "b", "c"));
  assert.deepEqual(globalThis.log, ["made", "c"]);
  ends[0](); // Streamlit ends a call that another one has overtaken
  assert.deepEqual(globalThis.log, ["made", "c"]);
  const [end] = await Promise.all(calls(call, root, "d"));
  end();
  assert.deepEqual(globalThis.log, ["made", "c", "d", "closed"]);
});

test("what left the page before its module came is not made", async () => {
  const call = await loader(inline(VIEW), 2);
  const root = new FakeNode();
  const [pending] = calls(call, root, "a");
  root.isConnected = false;
  (await pending)();
  assert.deepEqual(globalThis.log, []);
});

test("a module that cannot be loaded says so in the component's place, until it can be", async () => {
  const call = await loader(inline("export default"), 3);
  const root = new FakeNode();
  const warn = console.warn;
  console.warn = () => {};
  const [end] = await Promise.all(calls(call, root, "a"));
  console.warn = warn;
  end();
  assert.equal(root.children.length, 1);
  assert.equal(root.children[0].textContent, "This part of the page did not load: reload the page.");
  await wait(1);
});
