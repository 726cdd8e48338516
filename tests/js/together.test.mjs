// The verdict: what the models say together, and what looks like two digits.

import "./page.mjs";
import assert from "node:assert/strict";
import test from "node:test";
import { piecesOf, sideBySide } from "../../pages/parts/pad/cards/marks.js";
import { RULE, together } from "../../pages/parts/pad/cards/together.js";

const reading = (digit, sure, name = "A") => {
  return { name, probabilities: [...Array(10).keys()].map((i) => (i === digit ? sure : (1 - sure) / 9)) };
};
const of = (pairs) => pairs.map(([digit, sure], i) => reading(digit, sure, "ABCDEFG"[i]));
const kind = (pairs, percentiles = [], apart = false) => together(of(pairs), percentiles, apart);

test("what more than half of them read is the verdict, with its mean probability and who differs", () => {
  const said = kind([[7, 0.9], [7, 0.9], [1, 0.2]]);
  assert.deepEqual(said, { kind: "sure", digit: 7, most: "2 of 3 read 7", mean: "mean probability 63 %", others: "C reads 1" });
  assert.equal(kind([[7, 1], [7, 1]]).most, "All 2 read 7");
  assert.equal(kind([[1, 0.9], [7, 0.9], [7, 0.9], [7, 0.9], [7, 0.9], [7, 0.9], [7, 0.9]]).others, "A reads 1");
});

test("more than three who differ are counted", () => {
  const said = kind([[7, 1], [7, 1], [7, 1], [7, 1], [1, 1], [2, 1], [3, 1]]);
  assert.equal(said.others, "E reads 1, F reads 2, G reads 3");
  const nine = [...Array(9).keys()].map((i) => reading(i < 5 ? 7 : i - 4, 1, `M${i}`));
  assert.equal(together(nine, [], false).others, "M5 reads 1, M6 reads 2, M7 reads 3, 1 more differ");
});

test("half of them is no majority, however sure they are", () => {
  assert.equal(kind([[7, 0.9], [4, 0.5], [8, 0.4]]).most, "They disagree: 7, 4, 8");
  const said = kind([[7, 1], [7, 1], [1, 0.3], [1, 0.3]]);
  assert.deepEqual([said.kind, said.digit], ["disagree", null]);
  assert.equal(said.most, "They disagree: 7 (2 models), 1 (2 models)");
  assert.equal(kind([[7, 1], [7, 1], [1, 1], [2, 1]]).kind, "disagree");
});

test("below the stated probability it is not sure, and says the two likeliest and which that is", () => {
  const said = together([{ name: "A", probabilities: [0, 0.31, 0.1, 0, 0, 0, 0, 0.59, 0, 0] }], [], false);
  assert.deepEqual([said.kind, said.most, said.mean], ["unsure", "Not sure: 7 or 1", "59 % and 31 %, below 60 %"]);
  const three = [[0, 0.9], [7, 0.5], [7, 0.52]].map(([digit, p], i) => reading(digit, p, `M${i}`));
  assert.match(together(three, [], false).most, /Not sure: 7 or 0/); // the majority's first, though 0 is likelier
  assert.deepEqual([kind([[7, 0.6]]).kind, kind([[7, 0.6]]).most], ["sure", "A reads 7"]);
  assert.match(RULE, /60 %.*99\.9 %/);
});

test("what every autoencoder finds more unusual than almost all digits is not one digit", () => {
  const said = kind([[4, 0.9], [4, 0.9]], [0.9991, 1]);
  assert.deepEqual([said.kind, said.most], ["unusual", "This does not look like one digit"]);
  assert.equal(said.mean, "more unusual than 99.9 % of the test digits. All 2 read 4");
  assert.match(kind([[4, 0.9]], [1]).mean, /more unusual than all test digits/);
  assert.equal(kind([[4, 0.9]], [0.9991, 0.5]).kind, "sure"); // one of them knows such digits
  assert.equal(kind([[4, 0.9]], []).kind, "sure");
});

test("marks side by side are not one digit, whatever is read in them", () => {
  const said = kind([[4, 0.9], [4, 0.9]], [], true);
  assert.deepEqual([said.kind, said.mean], ["apart", "marks side by side. All 2 read 4"]);
  assert.match(kind([[4, 0.9], [5, 0.9]], [], true).mean, /They disagree: 4, 5$/);
});

test("nobody asked is no verdict", () => {
  assert.deepEqual(together([], [1], true), { kind: "none", digit: null, most: "", mean: "", others: "" });
});

/** A picture of 28 x 28 with these boxes of ink: [left, top, width, height]. */
function picture(...boxes) {
  const grey = new Uint8Array(784);
  for (const [left, top, width, height] of boxes) {
    for (let y = top; y < top + height; y++) grey.fill(255, 28 * y + left, 28 * y + left + width);
  }
  return grey;
}

test("pieces that touch at a corner are one", () => {
  assert.equal(piecesOf(picture([4, 4, 4, 4], [8, 8, 4, 4])).length, 1);
  assert.deepEqual(piecesOf(picture([4, 4, 4, 4], [9, 8, 4, 5])), [
    { ink: 16, left: 4, right: 7, top: 4, bottom: 7 },
    { ink: 20, left: 9, right: 12, top: 8, bottom: 12 },
  ]);
  assert.deepEqual(piecesOf(new Uint8Array(784)), []);
});

test("two tall pieces beside each other are two digits; specks, bars above and what overlaps are not", () => {
  const left = [4, 6, 6, 16];
  assert.equal(sideBySide(picture(left, [13, 7, 8, 15])), true);
  assert.equal(sideBySide(picture(left)), false);
  assert.equal(sideBySide(picture(left, [20, 13, 2, 2])), false); // a speck
  assert.equal(sideBySide(picture(left, [13, 6, 8, 4])), false); // a bar beside it
  assert.equal(sideBySide(picture([4, 4, 16, 3], [4, 10, 12, 12])), false); // the bar of a 5
  assert.equal(sideBySide(picture([4, 4, 3, 12], [4, 18, 18, 3], [16, 4, 3, 12])), true); // both beside each other
});
