// The numbers of a graph as rows: few enough to be read.

import type { Columns, History, Ping } from "../api/history.ts";
import { bits, milliseconds, percent } from "../words/amount.ts";
import { brief, clock } from "../words/time.ts";
import { merged } from "./bins.ts";
import type { Table } from "./Frame.tsx";
import type { Flows } from "./traffic.ts";

/** So many rows are read by somebody. */
const ROWS = 48;

/** Several links or targets below each other, each with its name. */
export function smokeTable(histories: readonly { name: string; history: History }[], now: number): Table {
  const heads = ["", "Time", "Loss", "Least", "Typical", "Most", "Down", "Up"];
  const each = Math.ceil(ROWS / Math.max(1, histories.length));
  return { heads, rows: histories.flatMap(({ name, history }) => rows(name, merged(history.columns, each), now)) };
}

function rows(name: string, columns: Columns, now: number): string[][] {
  return columns.time.map((time, at) => {
    const asked = columns.asked[at] ?? 0;
    return [
      name,
      brief(new Date(time * 1000), now),
      asked === 0 ? "–" : percent((columns.lost[at] ?? 0) / asked),
      known(columns.min[at], milliseconds),
      known(columns.median[at], milliseconds),
      known(columns.max[at], milliseconds),
      known(columns.bits_down[at], bits),
      known(columns.bits_up[at], bits),
    ];
  });
}

export function trafficTable({ time, flows }: Flows, now: number): Table {
  const size = Math.max(1, Math.ceil(time.length / ROWS));
  const mean = (values: readonly (number | null)[], at: number): string => {
    const there = values.slice(at, at + size).filter((value): value is number => value !== null);
    return there.length === 0 ? "–" : bits(there.reduce((sum, value) => sum + value, 0) / there.length);
  };
  const starts = time.map((_, at) => at).filter((at) => at % size === 0);
  return {
    heads: ["Time", ...flows.flatMap((flow) => [`${flow.name} down`, `${flow.name} up`])],
    rows: starts.map((at) => [
      brief(new Date((time[at] ?? 0) * 1000), now),
      ...flows.flatMap((flow) => [mean(flow.down, at), mean(flow.up, at)]),
    ]),
  };
}

/** Each ping of a moment. */
export function pingTable(pings: readonly Ping[], called: (link: string) => string): Table {
  const sorted = [...pings].sort((a, b) => a.time - b.time || a.link.localeCompare(b.link) || a.target.localeCompare(b.target));
  return {
    heads: ["Sent", "Link", "Target", "Answered after"],
    rows: sorted.map((ping) => [clock(new Date(ping.time * 1000)), called(ping.link), ping.target, ping.rtt_ms === null ? "no answer" : milliseconds(ping.rtt_ms)]),
  };
}

const known = (value: number | null | undefined, word: (value: number) => string): string =>
  typeof value === "number" ? word(value) : "–";
