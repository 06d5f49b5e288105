// The address is the view: each view has one, and each address leads somewhere.

import test from "node:test";
import assert from "node:assert/strict";
import { format, parse, type View } from "../../src/route/view.ts";
import { iso, moment, rangeOf, RANGES, shifted, withRange, zoomed } from "../../src/route/range.ts";

const now = Date.parse("2026-11-22T13:21:07Z") / 1000;
const view = (query: Record<string, string>): View => ({ page: "links", about: "wan1", query });

test("a view comes back from its address, whatever it is about", () => {
  const views: View[] = [
    { page: "overview", about: null, query: {} },
    { page: "links", about: "wan1", query: { from: "2026-11-22T10:00:00Z", to: "2026-11-22T11:00:00Z", at: "1795353667" } },
    { page: "links", about: "ppp/0 ?&#%", query: {} },
    { page: "devices", about: "aa:bb:cc:dd:ee:ff", query: {} },
    { page: "devices", about: null, query: { q: "a&b=c #1 <b>", sort: "-month", filter: "new" } },
  ];
  for (const each of views) assert.deepEqual(parse(format(each)), each);
  assert.equal(format({ page: "links", about: "wan1", query: { range: "7d" } }), "#/links/wan1?range=7d");
});

test("an address that is none leads to the overview and not to an error", () => {
  for (const hash of ["", "#", "#/", "#/nowhere", "#%", "#/%E0%A4%A", "#/constructor", "#/__proto__/x?y"]) assert.equal(parse(hash).page, "overview");
  assert.equal(parse("#/links/%E0%A4%A").about, "%E0%A4%A");
});

test("a range moves with the time until it is fixed", () => {
  const day = rangeOf(view({}), now);
  assert.equal(day.last, "24h");
  assert.equal(day.to - day.from, 86_400);
  assert.ok(day.to >= now && day.to - now <= 120);
  assert.equal(rangeOf(view({ range: "7d" }), now).last, "7d");
  assert.equal(rangeOf(view({ range: "constructor" }), now).last, "24h");
  const fixed = rangeOf(view({ from: iso(now - 7200), to: iso(now - 3600) }), now);
  assert.deepEqual([fixed.last, fixed.to - fixed.from], [null, 3600]);
  assert.deepEqual(rangeOf(view(withRange({}, fixed)), now), fixed);
});

test("what is backwards, too short, too long or in the future is put right", () => {
  assert.equal(rangeOf(view({ from: iso(now), to: iso(now - 60) }), now).last, "24h");
  const short = rangeOf(view({ from: String(now - 100), to: String(now - 99) }), now);
  assert.equal(short.to - short.from, 60);
  const long = rangeOf(view({ from: "0", to: String(now) }), now);
  assert.equal(long.to - long.from, RANGES["1y"]);
  assert.ok(rangeOf(view({ from: String(now - 60), to: String(now + 86_400) }), now).to <= now + 1);
});

test("zooming keeps the cursor where it is, and shifting the length", () => {
  const range = { last: null, from: now - 7200, to: now - 3600 };
  const near = zoomed(range, 0.5, now, now - 7200);
  assert.deepEqual([near.from, near.to], [now - 7200, now - 5400]);
  const far = zoomed(range, 2, now);
  assert.equal(far.to - far.from, 7200);
  const earlier = shifted(range, -0.5, now);
  assert.deepEqual([earlier.from, earlier.to], [now - 9000, now - 5400]);
  assert.ok(shifted(range, 10, now).to <= now + 1);
});

test("other words of the address stay when the range changes", () => {
  assert.deepEqual(withRange({ family: "ipv6", range: "1h" }, "30d"), { family: "ipv6", range: "30d" });
  assert.deepEqual(withRange({ from: "1", to: "2" }, "1h"), { range: "1h" });
});

test("a moment in an address is never before what happened at it", () => {
  const rows: [number, string][] = [[1795369498, "1795369498"], [1795369498.2351683, "1795369498.237"], [1795369498.235, "1795369498.236"]];
  for (const [seconds, words] of rows) {
    assert.equal(moment(seconds), words);
    assert.ok(Number(words) >= seconds);
  }
});
