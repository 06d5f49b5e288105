// Times are relative first and exact for those who ask, in the reader's own zone.

import test from "node:test";
import assert from "node:assert/strict";
import { ago, brief, ends, exact, lasting, span } from "../../src/words/time.ts";

const now = Date.parse("2026-11-22T13:21:07Z");

test("spans have one or two units", () => {
  const rows: [number, string][] = [[0, "0 s"], [119, "119 s"], [120, "2 min"], [2460, "41 min"], [3600, "1 h"], [7800, "2 h 10 min"], [86_400, "1 day"], [90_000, "1 day 1 h"], [259_200, "3 days"], [40 * 86_400, "40 days"], [-5, "0 s"]];
  for (const [seconds, words] of rows) assert.equal(span(seconds), words);
});

test("what was a moment ago is just now, also by a clock that differs", () => {
  const rows: [number, string][] = [[0, "just now"], [-3, "just now"], [12, "12 s ago"], [1140, "19 min ago"], [7200, "2 h ago"], [200_000, "2 days ago"]];
  for (const [seconds, words] of rows) assert.equal(ago(new Date(now - seconds * 1000), now), words);
  assert.equal(ago("never", now), "at an unknown time");
  assert.equal(lasting("2026-11-19T13:21:07Z", now), "For 3 days");
  assert.equal(lasting("2026-11-22T13:21:08Z", now), "Since just now");
});

test("a time is as short as it is clear", () => {
  const rows: [string, string][] = [["2026-11-22T13:00:00Z", "14:00"], ["2026-11-21T13:00:00Z", "Sat 14:00"], ["2026-10-03T12:21:00Z", "3 Oct 14:21"], ["2025-11-22T13:00:00Z", "22 Nov 2025"]];
  for (const [time, words] of rows) assert.equal(brief(new Date(time), now), words);
});

test("a term ends at a time, or never", () => {
  const rows: [string, string | null][] = [["10m", "14:31"], ["8h", "22:21"], ["1d", "23 Nov 14:21"], ["", null]];
  for (const [term, words] of rows) assert.equal(ends(term, now), words);
});

test("an exact time says its zone, summer and winter", () => {
  assert.equal(exact("2026-11-22T13:21:07Z"), "Sun 22 Nov 2026, 14:21:07 (UTC+1)");
  assert.equal(exact("2026-07-22T13:21:07.9Z"), "Wed 22 Jul 2026, 15:21:07 (UTC+2)");
  assert.equal(exact("nonsense"), "an unknown time");
});
