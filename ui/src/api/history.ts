// What was: graphs, verdicts, outages and events, in the shapes of the API.

import type { Code, Family } from "./status.ts";

type Values = (number | null)[];

/** One value a column; times in unix seconds, round trips in milliseconds, rates in bits a second. */
export interface Columns {
  time: number[];
  asked: number[];
  lost: number[];
  min: Values;
  q1: Values;
  median: Values;
  q3: Values;
  p95: Values;
  max: Values;
  bits_down: Values;
  bits_up: Values;
}

export interface Span {
  from: number;
  to: number;
}

/** A stretch of which nothing is known, or in which there was no link. */
export interface Gap extends Span {
  cause: "daemon_down" | "absent";
}

/** A moment at which a link was taken into the choice or out of it. */
export interface Mark {
  time: number;
  enabled: boolean;
  code: Code;
  text: string;
}

export interface History extends Span {
  link: string;
  family: Family;
  step: number;
  columns: Columns;
  gaps: Gap[];
  sits_out: Span[];
  marks: Mark[];
  targets: string[];
  summary: string;
}

/** What one link did in the round of a verdict. */
export interface Counts {
  name: string;
  answered: number;
  expected: number;
  best: number;
  missed: string[];
  load: { received: number; sent: number };
  hold_down_left_s: number;
  code: Code;
  enabled: boolean;
}

export interface Ping {
  link: string;
  target: string;
  time: number;
  rtt_ms: number | null;
}

/** A verdict with all it was made of. */
export interface Why {
  link: string;
  at: string;
  text: string;
  links: Counts[];
  commit: { took_ms: number | null; error: string | null } | null;
  pings: Ping[];
  what_if: { hold_down: string; enabled: boolean }[];
}

export type Noticed = "nothing" | "on_the_spare" | "nothing_worked";
export type Where = "power" | "daemon" | "cable" | "isp_box" | "isp" | "destination" | "dns";

export interface Outage {
  begin: string;
  end: string | null;
  length_s: number;
  link: string | null;
  noticed: Noticed;
  where: Where;
  text: string;
}

/** Something that happened; the order of ids, as text, is that of time. */
export interface LogEntry {
  id: string;
  time: string;
  kind: string;
  mac: string | null;
  link: string | null;
  text: string;
}

/** The same columns for a device: only what it sent and received. */
export interface DeviceTraffic extends Span {
  step: number;
  columns: { time: number[]; bits_up: Values; bits_down: Values };
  presence: Span[];
}
