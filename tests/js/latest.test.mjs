// One job at a time, the latest of those that wait; and what the atlas asks: the pointer's questions before the plane's.

import { wait } from "./page.mjs";
import assert from "node:assert/strict";
import test from "node:test";
import { Asker } from "../../pages/parts/atlas/hover.js";
import { Latest } from "../../pages/parts/web/latest.js";

/** Jobs that end when they are told to. */
function desk() {
  const begun = [];
  const job = (name) => () => new Promise((done, failed) => begun.push({ name, done, failed }));
  return { begun, job, names: () => begun.map(({ name }) => name).join() };
}

test("while one job runs only the latest of the others waits", async () => {
  const { begun, job, names } = desk();
  const latest = new Latest();
  for (const name of ["first", "second", "third"]) latest.run(job(name));
  assert.equal(names(), "first");
  begun[0].done();
  await wait(1);
  assert.equal(names(), "first,third");
  begun[1].done();
  await wait(1);
  latest.run(job("fourth"));
  assert.equal(names(), "first,third,fourth");
});

test("what is forgotten is not done, and after the end nothing is", async () => {
  const { begun, job, names } = desk();
  const latest = new Latest();
  latest.run(job("first"));
  latest.run(job("second"));
  latest.forget();
  begun[0].done();
  await wait(1);
  latest.run(job("third"));
  latest.run(job("fourth"));
  latest.close();
  begun[1].done();
  await wait(1);
  assert.equal(names(), "first,third");
});

test("nothing begins before it can, and what is idle goes last", async () => {
  const { begun, job, names } = desk();
  let [ready, spare] = [false, [job("idle")]];
  const latest = new Latest(() => ready, () => spare.pop() ?? null);
  latest.run(job("old"));
  latest.run(job("new"));
  assert.equal(names(), "");
  ready = true;
  latest.pump();
  assert.equal(names(), "new");
  begun[0].done();
  await wait(1);
  assert.equal(names(), "new,idle");
});

test("a hover goes before the plane and the latest before older ones", async () => {
  const [sent, heard] = [[], []];
  const line = {
    ready: true,
    ask: (question) => new Promise((answered) => sent.push({ question, answered })),
    close() {},
    heard() {},
  };
  const asked = () => sent.map(({ question }) => question).join();
  const answer = async () => {
    sent.shift().answered({});
    await wait(1);
  };
  const asker = new Asker(() => ({ question: "plane", heard: () => heard.push("plane") }), () => line);
  for (const place of ["first", "second", "third"]) asker.hover(place, () => heard.push(place));
  assert.equal(asked(), "first");
  await answer();
  assert.equal(asked(), "third");
  await answer();
  assert.equal(asked(), ""); // a pointer that has just asked may ask again
  await wait(300);
  assert.equal(asked(), "plane");
  asker.close();
  assert.deepEqual(heard, ["first", "third"]);
});
