// Columns that are put together keep their counts and extremes.

import test from "node:test";
import assert from "node:assert/strict";
import type { Columns } from "../../src/api/history.ts";
import { ceiling, merged } from "../../src/charts/bins.ts";
import { grade, tick } from "../../src/charts/loss.ts";

function columns(values: (number | null)[], asked = 12): Columns {
  const of = (add: number): (number | null)[] => values.map((value) => (value === null ? null : value + add));
  return {
    time: values.map((_, at) => 1000 + at * 10),
    asked: values.map((value) => (value === null ? 0 : asked)),
    lost: values.map((_, at) => at % 3),
    min: of(-1), q1: of(-0.5), median: of(0), q3: of(0.5), p95: of(1), max: of(2),
    bits_down: of(100), bits_up: of(10),
  };
}

test("nothing is lost or invented when columns are put together", () => {
  const whole = columns(Array.from({ length: 1000 }, (_, at) => (at % 7 === 0 ? null : 5 + (at % 13))));
  const few = merged(whole, 48);
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
  assert.ok(few.time.length <= 48);
  assert.equal(sum(few.asked), sum(whole.asked));
  assert.equal(sum(few.lost), sum(whole.lost));
  assert.equal(Math.min(...few.min.map((value) => value ?? Infinity)), 4);
  assert.equal(Math.max(...few.max.map((value) => value ?? 0)), 19);
  assert.equal(few.time[0], 1000);
});

test("what is already few stays as it is, and a gap stays a gap", () => {
  const whole = columns([1, null, 3]);
  assert.equal(merged(whole, 10), whole);
  const gap = merged(columns([null, null, 4, 6]), 2);
  assert.deepEqual(gap.median, [null, 4]);
  assert.deepEqual(gap.bits_down, [null, 105]);
});

test("one slow echo does not press the rest flat", () => {
  const values = columns(Array.from({ length: 500 }, (_, at) => (at === 250 ? 900 : 10)));
  assert.ok(ceiling(values) < 30);
  assert.ok(ceiling(columns([null, null])) >= 1);
});

test("loss has the grades of the legend, and a little is not none", () => {
  const rows: [number, number, number][] = [[0, 0, 0], [100, 0, 0], [1000, 1, 1], [100, 1, 2], [100, 5, 3], [100, 20, 4], [100, 50, 5], [4, 4, 5]];
  for (const [asked, lost, of] of rows) assert.equal(grade(asked, lost), of, `${lost} of ${asked}`);
  assert.equal(tick(0, 0), 0);
  assert.equal(tick(4, 4), 1);
  assert.ok(tick(100, 1) >= 0.1);
});
