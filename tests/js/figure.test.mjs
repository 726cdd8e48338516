// Figures in the colours of a theme.

import "./page.mjs";
import assert from "node:assert/strict";
import test from "node:test";
import { coloured } from "../../pages/parts/figure/plotly.js";

test("a trace with a colour for each theme has that of this one, on its line and its marks", () => {
  const meta = { light: "#111111", dark: "#eeeeee" };
  const line = { type: "scatter", meta, line: { color: "#111111", width: 2 } };
  assert.deepEqual(coloured(line, "dark"), { ...line, line: { color: "#eeeeee", width: 2 } });
  assert.deepEqual(coloured(coloured(line, "dark"), "light"), line);
  assert.deepEqual(coloured({ meta, marker: { size: 3 } }, "dark").marker, { size: 3, color: "#eeeeee" });
});

test("other traces are as they were", () => {
  for (const trace of [{}, { meta: ["batches"], line: { color: "#123456" } }]) assert.equal(coloured(trace, "dark"), trace);
});
