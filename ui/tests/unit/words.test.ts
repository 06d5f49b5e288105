// The sentences of the page.

import test from "node:test";
import assert from "node:assert/strict";
import type { Cap, Link, State, Status } from "../../src/api/status.ts";
import type { Counts, History, Mark, Outage } from "../../src/api/history.ts";
import type { Device } from "../../src/api/devices.ts";
import { capped, look, measures, notApplied, ordered, overall, predicate, sentence, standing, stateWord } from "../../src/words/links.ts";
import { answered, presence, summary, traffic } from "../../src/words/graphs.ts";
import { total } from "../../src/words/outages.ts";
import { about, known, passes, restriction } from "../../src/words/devices.ts";
import { pipes } from "../../src/words/wireshark.ts";
import { sorted, sum } from "../../src/words/check.ts";
import { applied, counted, otherwise, prose } from "../../src/words/why.ts";
import { stale } from "../../src/words/page.ts";
import { listed } from "../../src/words/list.ts";

const plain = (text: string): string => text.replace(/\u00a0|\u202f/g, " ");
const now = Date.parse("2026-11-22T13:21:07Z");

function link(change: Partial<Link> = {}): Link {
  const state: State = {
    healthy: true, enabled: true, committed: true, metered: false, since: "2026-11-19T13:21:07Z",
    reason: { code: "best", text: "answered all 4 targets" },
    answered: 4, expected: 4, best: 4, hold_down_left_s: 0, rtt_ms: { min: 7.9, median: 8.1, p95: 12 }, loss: 0,
  };
  return { ...state, name: "wan1", label: "fibre", families: { ipv4: state }, order: null, ...change };
}
const sitting = link({ name: "wan2", label: "dsl", healthy: false, enabled: false, hold_down_left_s: 2460, reason: { code: "hold_down", text: "answered all 4 targets and sits out 41m more" } });
const status = (...links: Link[]): Status => ({ time: "2026-11-22T13:21:07Z", links, capture: null, commit: { backend: "shorewall", state: "applied", error: null }, processes: [] });

test("a link's state has a shape, a word and a sentence", () => {
  const rows: [Link, string, string, string][] = [
    [link(), "in_use", "in use", " is in use: it answered all 4 targets."],
    [link({ healthy: false, reason: { code: "incumbent", text: "answered 3 of 4 targets" } }), "in_use", "in use", " is in use though not healthy: it answered 3 of 4 targets."],
    [sitting, "sits_out", "sits out 41 min", " sits out 41 min more, until 15:02: it answered all 4 targets."],
    [link({ enabled: false, reason: { code: "behind", text: "answered 3 of 4 targets while fibre answered 4 (missed 1.1.1.1)" } }), "failing", "failing", " is not used: it answered 3 of 4 targets while fibre answered 4 (missed 1.1.1.1)."],
    [link({ enabled: false, reason: { code: "no_carrier", text: "has no carrier" } }), "out", "absent", " is out: it has no carrier."],
    [link({ enabled: false, reason: { code: "taken_out", text: "was taken out by the operator" } }), "out", "out", " is out: it was taken out by the operator."],
  ];
  for (const [of, shape, word, said] of rows) {
    assert.equal(standing(of), shape);
    assert.equal(stateWord(of), word);
    assert.equal(predicate(of, now), said);
  }
  const fault: Mark = { time: now / 1000 - 1140, enabled: false, code: "behind", text: "answered 3 of 4 targets while fibre answered 4 (missed 1.1.1.1)" };
  const marks = [{ ...fault, time: 1, text: "answered nothing" }, fault, { ...fault, time: 2e9, enabled: true }];
  assert.equal(predicate(sitting, now, marks), " sits out 41 min more, until 15:02: at 14:02:07 it answered 3 of 4 targets while fibre answered 4 (missed 1.1.1.1).");
  const ordered = { time: now / 1000 - 30, enabled: false, code: "hold_down" as const, text: "answered all 4 targets and sits out 41m more" };
  assert.equal(predicate(sitting, now, [...marks, ordered]), predicate(sitting, now, marks), "what an order left as it was is no fault");
  assert.equal(predicate(link(), now, marks), " is in use: it answered all 4 targets.");
  assert.equal(look(link({ metered: true })), "out");
  assert.equal(stateWord(link({ metered: true })), "spare, metered");
});

test("a cap is told with what is left and whether that lasts", () => {
  const cap = { bytes: 10e9, used: 310e6, left: 9.69e9, forecast: 620e6, until: "2026-12-01", used_up: null };
  const rows: [Partial<Cap>, string][] = [
    [{}, "310 MB of 10 GB used, 9.7 GB left until 1 Dec; at this rate 620 MB by then."],
    [{ forecast: null }, "310 MB of 10 GB used, 9.7 GB left until 1 Dec."],
    [{ used: 8e9, left: 2e9, forecast: 14e9, used_up: "2026-11-25T12:00:00Z" }, "8.0 GB of 10 GB used, 2.0 GB left until 1 Dec; at this rate it is used up 25 Nov 13:00."],
    [{ used: 11e9, left: 0 }, "10 GB are used up until 1 Dec."],
  ];
  for (const [change, said] of rows) assert.equal(plain(capped({ ...cap, ...change }, now)), said);
});

test("the pings of a moment are counted by link", () => {
  const ping = (link: string, rtt_ms: number | null) => ({ link, target: "1.1.1.1", time: 1, rtt_ms });
  const all = [ping("wan1", 8), ping("wan1", 9), ping("wan2", 8), ping("wan2", null), ping("wan3", null)];
  assert.equal(answered(all, (name) => (name === "wan1" ? "fibre" : name)), "fibre answered all 2, wan2 1 of 2 and wan3 none of 1.");
});

test("the Internet is one sentence", () => {
  const spare = link({ name: "wwan0", label: "lte", metered: true });
  const silent = link({ reason: { code: "nothing_answers", text: "got no answer" } });
  const rows: [Status, string, string][] = [
    [status(link(), sitting, spare), "Internet fine on fibre", "in_use"],
    [status(link(), link({ label: "dsl" })), "Internet fine on fibre and dsl", "in_use"],
    [status(link({ enabled: false, healthy: false }), spare), "Internet fine on lte", "in_use"],
    [status(link({ healthy: false })), "Internet poor on fibre", "failing"],
    [status(silent, sitting), "No link reaches the Internet", "failing"],
    [status(), "No Internet link was found", "out"],
  ];
  for (const [of, words, shape] of rows) {
    assert.equal(sentence(of), words);
    assert.equal(overall(of), shape);
  }
});

test("numbers of a link are those there are", () => {
  assert.deepEqual(measures(link()).map(plain), ["4/4", "8.1 ms", "0 % loss"]);
  assert.deepEqual(measures(link({ rtt_ms: null, answered: 0 })).map(plain), ["0/4", "no answer"]);
});

test("what stands by order, and what is not applied, is said", () => {
  assert.equal(ordered(link()), null);
  assert.equal(ordered(link({ order: { order: "pin", left_s: 3600 } })), "Pinned by you for 1 h more.");
  assert.equal(ordered(link({ order: { order: "out", left_s: null } })), "Taken out by you until you end it.");
  const failing: Status = { ...status(), commit: { backend: "shorewall", state: "failing", error: "shorewall: no such provider" } };
  assert.equal(notApplied(failing, link({ committed: false })), "Not applied yet: shorewall: no such provider.");
  assert.equal(notApplied(failing, link()), null);
  assert.equal(notApplied({ ...failing, commit: { ...failing.commit, state: "observing" } }, link({ committed: false })), null);
});

test("outages are summed up with what was felt of them", () => {
  const one = (noticed: Outage["noticed"], length_s: number): Outage => ({ begin: "", end: null, length_s, link: null, noticed, where: "isp", text: "" });
  assert.equal(total([], "30 days"), "No outage in 30 days.");
  assert.equal(plain(total([one("nothing", 60)], "7 days")), "1 outage in 7 days, 60 s in all. Each time another link took over.");
  assert.equal(plain(total([one("nothing", 60), one("nothing_worked", 1800)], "a year")), "2 outages in a year, 31 min in all. Nothing worked once, for 30 min.");
});

test("a graph says in a sentence what is seen in it", () => {
  const columns = { time: [0, 10], asked: [10, 10], lost: [0, 1], min: [1, 1], q1: [1, 1], median: [1, 1], q3: [1, 1], p95: [1, 1], max: [1, 1], bits_down: [8e6, 16e6], bits_up: [8e5, null] };
  const history: History = { link: "wan1", family: "ipv4", step: 10, columns, gaps: [], sits_out: [], marks: [], targets: [], summary: "", from: 0, to: 3600 };
  assert.equal(plain(summary(history)), "In 1 h 5 % of echoes were lost; it was never taken out.");
  assert.equal(summary({ ...history, summary: "The server's." }), "The server's.");
  assert.equal(plain(traffic(columns, 10)), "30 MB down, 1.0 MB up; at most 16 Mbit/s down and 800 kbit/s up.");
  assert.equal(traffic({ time: [0], bits_down: [null], bits_up: [0] }, 10), "Nothing flowed.");
  assert.equal(traffic({ time: [0], bits_down: [null], bits_up: [null] }, 10), "Nothing is known of this time: traffic is told minute by minute.");
  assert.equal(presence([{ from: -50, to: 1800 }], { from: 0, to: 3600 }), "It was there for 30 min of 1 h.");
  assert.equal(presence([], { from: 0, to: 3600 }), "It was not there.");
});

const device: Device = {
  mac: "02:00:00:00:00:01", also: [], proven: true, vendor: null, randomised: true, interfaces: ["lan0"], first_seen: "2026-11-20T13:21:07Z", last_seen: "2026-11-22T13:20:55Z",
  addresses: [], name: null, names: [], kind: null, tcp_open: [], udp_open: [], services_announced: [], contacts: [], dhcp: { vendor_class: null, parameters: null },
  user_agents: [], bytes_sent: 0, bytes_received: 0, captures: null, restricted: null, note: null,
};

test("a device is told in a sentence, and filters mean what they say", () => {
  assert.equal(plain(about(device, now)), " was last heard 12 s ago on lan0; no port of it is proven open.");
  const paused: Device = { ...device, restricted: { mode: "pause", until: "2026-11-22T14:01:07Z" } };
  assert.equal(restriction(paused, now), "paused for 40 min more");
  assert.equal(restriction({ restricted: { mode: "block", until: null } }, now), "blocked until you allow it");
  assert.equal(plain(restriction({ restricted: { mode: "pause", until: null, schedule: "mon-fri 21:00-07:00", packets: 1203 } }, now) ?? ""), "paused mon-fri 21:00-07:00 until you allow it; 1 203 packets of it went nowhere");
  assert.equal(restriction({}, now), null);
  const passed = (of: Device): string[] => (["all", "new", "unknown", "listening", "restricted"] as const).filter((filter) => passes(of, filter, now));
  assert.deepEqual(passed(device), ["all", "new", "unknown"]);
  assert.deepEqual(passed({ ...paused, name: "tv", first_seen: "2026-01-01T00:00:00Z" }), ["all", "restricted"]);
});

test("what was said before follows what was said last", () => {
  assert.deepEqual(known(null), []);
  assert.deepEqual(known("nginx"), ["nginx"]);
  assert.deepEqual(known("nginx", ["Jetty", "lighttpd"]), ["nginx", "Jetty", "lighttpd"]);
});

test("the lines for Wireshark hold no shell character of a gateway's name or path", () => {
  const [ssh, page] = pipes("gw;rm -rf $(x)`y`", "02:00:00:00:00:01", "http://gw/it's/api/v1/devices/x/pcap?follow=true");
  assert.equal(ssh?.line, "ssh root@gwrm-rfxy rebootping pcap 02:00:00:00:00:01 --follow | wireshark -k -i -");
  assert.equal(page?.line, "curl -sN -H \"Authorization: Bearer $REBOOTPING_TOKEN\" 'http://gw/it%27s/api/v1/devices/x/pcap?follow=true' | wireshark -k -i -");
});

test("findings are summed up, the worst first", () => {
  const one = (severity: "fine" | "note" | "mend") => ({ severity, about: severity, text: "", remedy: null });
  assert.equal(sum([]), "Nothing must be mended.");
  assert.equal(sum([one("note"), one("mend")]), "One thing must be mended, one note.");
  assert.equal(sum([one("mend"), one("mend"), one("note"), one("note")]), "2 things must be mended, 2 notes.");
  assert.deepEqual(sorted([one("fine"), one("note"), one("mend")]).map((each) => each.severity), ["mend", "note", "fine"]);
});

test("a verdict tells what was counted, how it was applied and what else could have been", () => {
  const counts: Counts = { name: "wan2", answered: 3, expected: 4, best: 4, missed: ["1.1.1.1"], load: { received: 0, sent: 0 }, hold_down_left_s: 3600, code: "hold_down", enabled: false };
  assert.equal(counted(counts), "out: 1 h left to sit out");
  assert.equal(counted({ ...counts, enabled: true }), "in use");
  assert.equal(applied(null), null);
  assert.equal(applied({ took_ms: 212, error: null }), "It was applied after 212 ms.");
  assert.equal(applied({ took_ms: null, error: "shorewall is stopped" }), "It was not applied: shorewall is stopped.");
  const settings = [{ hold_down: "0s", enabled: true }, { hold_down: "10m", enabled: false }, { hold_down: "2h", enabled: false }];
  assert.deepEqual(otherwise(settings), ["With a hold-down of 0s it would have been in use at that moment.", "With a hold-down of 10m or 2h it would have been out at that moment."]);
});

test("a stream that is silent is said to be", () => {
  assert.equal(stale(0, now), "connecting");
  assert.equal(stale(now - 2000, now), null);
  assert.equal(stale(now - 12_000, now), "last heard 12 s ago");
});

test("lists end with and", () => {
  assert.deepEqual(["", "a", "a b", "a b c"].map((text) => listed(text.split(" "))), ["", "a", "a and b", "a, b and c"]);
});

test("what tables show is not told as well", () => {
  assert.equal(prose("dsl was out.\nTargets round by round (* all): **** [*-**]\nWith a hold-down of another length it would have been: out.\nIt\tended."), "dsl was out.\nIt\\u{9}ended.");
});
