// The table of devices finds, sorts and windows what it should.

import test from "node:test";
import assert from "node:assert/strict";
import type { Device } from "../../src/api/devices.ts";
import { found, ordered, rowOf, sortOf } from "../../src/pages/devices/rows.ts";
import { twins } from "../../src/pages/devices/twins.ts";

const device = (mac: string, change: Partial<Device> = {}): Device => ({
  mac, also: [], proven: true, vendor: null, randomised: false, interfaces: ["lan0"], first_seen: "2026-11-20T13:21:07Z", last_seen: "2026-11-22T13:20:55Z",
  addresses: [], name: null, names: [], kind: null, tcp_open: [], udp_open: [], services_announced: [], contacts: [], dhcp: { vendor_class: null, parameters: null },
  user_agents: [], bytes_sent: 0, bytes_received: 0, captures: null, note: null, ...change,
});
const address = (ip: string): Device["addresses"][number] => ({ ip, claimed_by: "arp", first_seen: "", last_seen: "" });

test("addresses sort as numbers, and the one shown is the one to type", () => {
  const rows = ["192.168.1.100", "192.168.1.9", "10.0.0.1"].map((ip, at) => rowOf(device(`0${at}`, { addresses: [address("fe80::1"), address(ip), address("2001:db8::1")] })));
  assert.deepEqual(ordered(rows, { by: "address", up: true }).map((row) => row.address), ["10.0.0.1", "192.168.1.9", "192.168.1.100"]);
  assert.equal(rows[0]?.more, 2);
});

test("what has no name, vendor or address stands last in either direction", () => {
  const rows = [device("a"), device("b", { vendor: "Zebra", name: "zebra" }), device("c", { vendor: "Acme", name: "acme" })].map(rowOf);
  assert.deepEqual(ordered(rows, { by: "vendor", up: true }).map((row) => row.device.mac), ["c", "b", "a"]);
  assert.deepEqual(ordered(rows, { by: "vendor", up: false }).map((row) => row.device.mac), ["b", "c", "a"]);
  assert.deepEqual(ordered(rows, { by: "name", up: true }).map((row) => row.device.mac), ["c", "b", "a"]);
});

test("a search looks everywhere, word by word", () => {
  const printer = device("aa:bb:cc:00:00:01", {
    name: "Office", kind: "printer", vendor: "Brother", addresses: [address("192.168.1.50")], note: "second floor",
    tcp_open: [{ ip: "192.168.1.50", port: 9100, service: "jetdirect", evidence: "syn_ack", banner: null, first_seen: "", last_seen: "" }],
  });
  const rows = [printer, device("aa:bb:cc:00:00:02", { name: "Office TV" })].map(rowOf);
  for (const words of ["brother", "50 OFFICE", "9100", "jetdirect", "second", "cc:00:00:01", "printer"]) assert.equal(found(rows, words).length, 1, words);
  assert.equal(found(rows, "office").length, 2);
  assert.equal(found(rows, " ").length, 2);
  assert.equal(found(rows, "office fax").length, 0);
});

test("the order of the address is read, and nonsense is by name", () => {
  assert.deepEqual(sortOf("-month"), { by: "month", up: false });
  assert.deepEqual(sortOf("seen"), { by: "seen", up: true });
  assert.deepEqual(sortOf("constructor"), { by: "name", up: true });
  assert.deepEqual(sortOf(undefined), { by: "name", up: true });
});

test("devices that are probably one are named once, with the one that is known longest first", () => {
  const named = { name: "ben", names: [{ name: "ben", source: "mdns" }, { name: "bens-laptop", source: "dhcp" }] };
  const cable = device("b", { likely_also: ["a", "gone"], first_seen: "2026-01-01T00:00:00Z", ...named });
  const all = [device("a", { likely_also: ["b", "gone"] }), cable, device("c", { likely_also: ["gone"] }), device("d")];
  assert.deepEqual(twins(all).map(({ into, others, hostName }) => [into.mac, others.map(({ mac }) => mac), hostName]), [["b", ["a"], "bens-laptop"]]);
  assert.deepEqual(twins([device("d")]), []);
});
