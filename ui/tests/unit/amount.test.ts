// Numbers read well and never say more than is known.

import test from "node:test";
import assert from "node:assert/strict";
import { bits, bytes, count, milliseconds, percent, scale, several } from "../../src/words/amount.ts";

const plain = (text: string): string => text.replace(/\u00a0|\u202f/g, " ");

test("bytes and rates stand in the largest unit that leaves a number of at least one", () => {
  const rows: [number, string][] = [[0, "0 B"], [999, "999 B"], [1000, "1.0 kB"], [9949, "9.9 kB"], [9960, "10 kB"], [999_499, "999 kB"], [999_500, "1.0 MB"], [20e9, "20 GB"], [5e15, "5.0 PB"], [5e18, "5000 PB"]];
  for (const [amount, words] of rows) assert.equal(plain(bytes(amount)), words);
  assert.equal(plain(bits(41_200_000)), "41 Mbit/s");
  assert.equal(plain(bits(3_200_000)), "3.2 Mbit/s");
  assert.equal(plain(bits(0)), "0 bit/s");
});

test("round trips have the digits that matter", () => {
  const rows: [number, string][] = [[0.42, "0.42 ms"], [0.996, "1.0 ms"], [8.13, "8.1 ms"], [99.96, "100 ms"], [143.4, "143 ms"], [999.6, "1.0 s"], [12345, "12.3 s"]];
  for (const [time, words] of rows) assert.equal(plain(milliseconds(time)), words);
  assert.equal(plain(scale(20)), "20 ms");
  assert.equal(plain(scale(0)), "0 ms");
  assert.equal(plain(scale(2000)), "2 s");
});

test("a loss of more than nothing never reads as none", () => {
  const rows: [number, string][] = [[0, "0 %"], [0.0000001, "<0.1 %"], [0.004, "0.4 %"], [0.01, "1 %"], [0.0994, "9.9 %"], [0.0996, "10 %"], [0.5, "50 %"], [1, "100 %"]];
  for (const [share, words] of rows) assert.equal(plain(percent(share)), words);
});

test("counts are in groups of three, and one is one", () => {
  assert.equal(plain(count(1_234_567)), "1 234 567");
  assert.equal(plain(count(999)), "999");
  assert.equal(plain(several(1, "device")), "1 device");
  assert.equal(plain(several(0, "device")), "0 devices");
});
