// Names that lie to the eye are shown as what they are.

import test from "node:test";
import assert from "node:assert/strict";
import { visible } from "../../src/words/visible.ts";

test("what hides, reorders or breaks a line is written out", () => {
  const rows: [string, string][] = [
    ["Anna's phone", "Anna's phone"],
    ["Küche 台所 ☕", "Küche 台所 ☕"],
    ["printer\u202egnp.exe", "printer\\u{202e}gnp.exe"],
    ["a\u200bb\u2066c\ufeff", "a\\u{200b}b\\u{2066}c\\u{feff}"],
    ["tab\tline\n\u0007\u001b[31m", "tab\\u{9}line\\u{a}\\u{7}\\u{1b}[31m"],
    ["tag\u{e0041}", "tag\\u{e0041}"],
    ["half \ud800", "half \\u{d800}"],
    ["<script>", "<script>"],
  ];
  for (const [text, shown] of rows) assert.equal(visible(text), shown);
});

test("no name is endless, and marks do not pile up", () => {
  assert.equal([...visible("😀".repeat(1000))].length, 201);
  assert.ok(visible(`z${"\u0300".repeat(500)}`).length < 10);
  assert.equal(visible("é"), "é");
});
