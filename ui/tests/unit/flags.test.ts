// Flags of switches do not cover each other.

import test from "node:test";
import assert from "node:assert/strict";
import { flags } from "../../src/charts/flags.ts";

const mark = (time: number) => ({ time, enabled: false, link: "dsl" });

test("switches that are near each other share a flag, and those outside have none", () => {
  const found = flags([mark(500), mark(10), mark(505), mark(990), mark(2000), mark(-1)], 0, 1000, 1000, 100);
  assert.deepEqual(found.map((flag) => flag.marks.map((mark) => mark.time)), [[10], [500, 505], [990]]);
  assert.equal(found[1]?.at, 0.5);
});

test("a flag that hangs to the left does not cover the one before it", () => {
  const found = flags([mark(700), mark(750), mark(930)], 0, 1000, 1000, 148);
  assert.deepEqual(found.map((flag) => [flag.turned, flag.marks.length]), [[false, 3]]);
  const apart = flags([mark(600), mark(930)], 0, 1000, 1000, 148);
  assert.deepEqual(apart.map((flag) => [flag.turned, flag.marks.length]), [[false, 1], [true, 1]]);
});

test("a thousand switches leave room between their flags", () => {
  const found = flags(Array.from({ length: 1000 }, (_, at) => mark(at)), 0, 1000, 700, 100);
  assert.ok(found.length <= 7);
  assert.equal(found.reduce((sum, flag) => sum + flag.marks.length, 0), 1000);
});
