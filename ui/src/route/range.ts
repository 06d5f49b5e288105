// The stretch of time a view shows: the last so-and-so much, or from here to there.

import type { View } from "./view.ts";

export const RANGES = { "1h": 3600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000, "1y": 31_536_000 } as const;
export type Last = keyof typeof RANGES;

/** In unix seconds; `last` while it moves along with the time. */
export interface Range {
  last: Last | null;
  from: number;
  to: number;
}

/** Nobody needs to see less, in seconds. */
export const SHORTEST = 60;
const LONGEST = RANGES["1y"];

/** The range of a view at `now` (unix seconds); a moving one moves in steps of `grain` seconds. */
export function rangeOf(view: View, now: number, usual: Last = "24h"): Range {
  const [from, to] = [stamp(view.query.from), stamp(view.query.to)];
  if (from !== null && to !== null && to > from) return { last: null, ...within(from, to, now) };
  const last = isLast(view.query.range) ? view.query.range : usual;
  const grain = grainOf(RANGES[last]);
  const end = Math.ceil(now / grain) * grain;
  return { last, from: end - RANGES[last], to: end };
}

/** A moving range is asked for anew so often, in seconds: when its newest pixel is over, roughly. */
export const grainOf = (length: number): number => Math.max(5, Math.round(length / 720));

/** A view's query with this range instead of its own. */
export function withRange(query: View["query"], range: Last | { from: number; to: number }): Record<string, string> {
  const rest = Object.entries(query).filter(([key]) => !["range", "from", "to"].includes(key));
  const own = typeof range === "string" ? { range } : { from: iso(range.from), to: iso(range.to) };
  return { ...Object.fromEntries(rest), ...own };
}

/** The part around `at` (or the middle) that is `factor` times as long. */
export function zoomed(range: Range, factor: number, now: number, at = (range.from + range.to) / 2): Range {
  const share = (at - range.from) / (range.to - range.from);
  const length = clamp((range.to - range.from) * factor, SHORTEST, LONGEST);
  return { last: null, ...within(at - share * length, at + (1 - share) * length, now) };
}

/** The same length, `share` of it later. */
export function shifted(range: Range, share: number, now: number): Range {
  const by = (range.to - range.from) * share;
  return { last: null, ...within(range.from + by, range.to + by, now) };
}

/** At least a minute, at most a year, and not beyond `now`. */
function within(from: number, to: number, now: number): { from: number; to: number } {
  const length = clamp(to - from, SHORTEST, LONGEST);
  const end = Math.min(Math.round((from + to + length) / 2), Math.ceil(now));
  return { from: Math.round(end - length), to: end };
}

const isLast = (word: string | undefined): word is Last => word !== undefined && Object.hasOwn(RANGES, word);
const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
export const iso = (seconds: number): string => new Date(Math.round(seconds) * 1000).toISOString().replace(".000", "");

/**
 * A moment in unix seconds as an address holds it, to the millisecond: the next one, so that what was decided in between is told.
 * A whole second stands for all of itself.
 */
export const moment = (seconds: number): string => String(Number.isInteger(seconds) ? seconds : Math.ceil(seconds * 1000 + 1) / 1000);

function stamp(text: string | undefined): number | null {
  if (text === undefined) return null;
  const time = /^\d+$/.test(text) ? Number(text) : Date.parse(text) / 1000;
  return Number.isFinite(time) ? time : null;
}
