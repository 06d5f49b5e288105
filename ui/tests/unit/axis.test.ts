// The ticks of a time axis stand at round hours and days of the reader's clock.

import test from "node:test";
import assert from "node:assert/strict";
import { labels, splits } from "../../src/charts/axis.ts";

const at = (text: string): number => Date.parse(text) / 1000;
const told = (from: string, to: string, width: number): string[] => labels(splits(at(from), at(to), width));

test("a day has hours, and midnight is a date", () => {
  assert.deepEqual(told("2026-11-21T13:30:00Z", "2026-11-22T13:30:00Z", 700), ["15:00", "18:00", "21:00", "22 Nov", "03:00", "06:00", "09:00", "12:00"]);
});

test("an hour has minutes, a minute seconds", () => {
  assert.deepEqual(told("2026-11-22T13:00:00Z", "2026-11-22T14:00:00Z", 400), ["14:00", "14:10", "14:20", "14:30", "14:40", "14:50", "15:00"]);
  assert.equal(told("2026-11-22T13:00:00Z", "2026-11-22T13:01:00Z", 500)[1], "14:00:10");
});

test("days begin at midnight on both sides of a change of clocks", () => {
  const ticks = splits(at("2026-10-23T12:00:00Z"), at("2026-10-27T12:00:00Z"), 400);
  assert.deepEqual(labels(ticks), ["24 Oct", "25 Oct", "26 Oct", "27 Oct"]);
  assert.deepEqual(ticks.map((tick) => new Date(tick * 1000).getHours()), [0, 0, 0, 0]);
});

test("a year has months, and January is the year", () => {
  const words = told("2025-11-22T13:00:00Z", "2026-11-22T13:00:00Z", 900);
  assert.equal(words.length, 12);
  assert.deepEqual(words.slice(0, 3), ["Dec", "2026", "Feb"]);
});

test("labels never stand closer than they are wide", () => {
  for (const width of [180, 320, 700, 1100]) {
    for (const length of [60, 3600, 86_400, 604_800, 2_592_000, 31_536_000]) {
      const ticks = splits(1_795_000_000, 1_795_000_000 + length, width);
      ticks.slice(1).forEach((tick, before) => {
        assert.ok(((tick - (ticks[before] ?? 0)) / length) * width > 50, `${width} ${length}`);
      });
    }
  }
});
