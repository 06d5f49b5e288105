// Devices as rows of a table: what is shown, what is searched, and in which order.

import type { Device } from "../../api/devices.ts";
import { deviceName, maker } from "../../words/devices.ts";

export interface Row {
  device: Device;
  name: string;
  vendor: string;
  /** The address one would type. */
  address: string;
  more: number;
  on: string;
  /** Bits a second now. */
  down: number;
  up: number;
  today: number;
  month: number;
  /** Everything a search looks at, in lower case. */
  text: string;
}

export const COLUMNS = ["name", "vendor", "address", "interface", "seen", "now", "today", "month"] as const;
export type By = (typeof COLUMNS)[number];

export interface Sort {
  by: By;
  up: boolean;
}

/** Numbers are wanted largest first, names from the beginning. */
export const usual = (by: By): boolean => ["name", "vendor", "address", "interface"].includes(by);

/** `-month`: by month, falling; what is no column is by name. */
export function sortOf(word: string | undefined): Sort {
  const falls = word?.startsWith("-") ?? false;
  const by = COLUMNS.find((column) => column === word?.replace(/^-/, ""));
  return by === undefined ? { by: "name", up: true } : { by, up: !falls };
}

export function rowOf(device: Device): Row {
  const address = best(device);
  const total = (amount: { sent: number; received: number } | undefined): number => (amount ? amount.sent + amount.received : 0);
  return {
    device,
    name: deviceName(device),
    vendor: maker(device),
    address,
    more: Math.max(0, device.addresses.length - 1),
    on: device.interfaces.join(", "),
    down: device.now?.bits_down ?? 0,
    up: device.now?.bits_up ?? 0,
    today: total(device.today),
    month: total(device.month),
    text: searched(device),
  };
}

/** A rate of the stream, which tells those of the busiest each second. */
export interface Rate {
  mac: string;
  bits_up: number;
  bits_down: number;
}

/** The row with what flows now; who is not among the busiest keeps what was last known of it. */
export function withRate(row: Row, rates: readonly Rate[] | undefined): Row {
  const rate = rates?.find((rate) => rate.mac === row.device.mac);
  return rate ? { ...row, down: rate.bits_down, up: rate.bits_up } : row;
}

/** IPv4 first, then IPv6 beyond the link. */
function best(device: Device): string {
  const rank = (ip: string): number => (!ip.includes(":") ? 0 : ip.startsWith("fe80:") ? 2 : 1);
  return [...device.addresses].sort((a, b) => rank(a.ip) - rank(b.ip))[0]?.ip ?? "";
}

function searched(device: Device): string {
  const ports = [...device.tcp_open, ...device.udp_open].map((port) => `${port.port} ${port.service ?? ""}`);
  const names = device.names.map((name) => name.name);
  const addresses = device.addresses.map((address) => address.ip);
  return [device.name, device.mac, ...device.also, device.vendor, device.kind, device.note, ...names, ...addresses, ...ports]
    .filter((text) => text !== null)
    .join("\n")
    .toLowerCase();
}

/** The rows in which every word is found. */
export function found(rows: readonly Row[], search: string): Row[] {
  const words = search.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return rows.filter((row) => words.every((word) => row.text.includes(word)));
}

const names = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** Sorted, with what is missing last and equals by MAC. */
export function ordered(rows: readonly Row[], { by, up }: Sort): Row[] {
  const way = up ? 1 : -1;
  const compare = ORDER[by];
  const missing = (row: Row): number => (by === "vendor" && row.vendor === "") || (by === "address" && row.address === "") ? 1 : 0;
  return [...rows].sort(
    (a, b) => missing(a) - missing(b) || way * compare(a, b) || (a.device.mac < b.device.mac ? -1 : 1),
  );
}

const ORDER: Record<By, (a: Row, b: Row) => number> = {
  name: (a, b) => unnamed(a) - unnamed(b) || names.compare(a.name, b.name),
  vendor: (a, b) => names.compare(a.vendor, b.vendor),
  address: (a, b) => names.compare(a.address, b.address),
  interface: (a, b) => names.compare(a.on, b.on),
  seen: (a, b) => a.device.last_seen.localeCompare(b.device.last_seen),
  now: (a, b) => a.down + a.up - b.down - b.up,
  today: (a, b) => a.today - b.today,
  month: (a, b) => a.month - b.month,
};

const unnamed = (row: Row): number => (row.device.name === null ? 1 : 0);
