// The last minute of each link, one beat a second, as the tiles draw it.

import type { History } from "../api/history.ts";
import type { Status } from "../api/status.ts";
import { Cell } from "./cell.ts";

/** One second of a link; a round trip of null: it answered nothing. */
export interface Beat {
  time: string;
  rtt: number | null;
  /** The share of targets that answered. */
  answered: number;
}

/** So many beats are kept. */
export const BEATS = 60;

/** Beats are a second apart, and come some milliseconds early or late. */
const SHORT = 500;

/** By the link's name, the oldest first. */
export const beats = new Cell<ReadonlyMap<string, readonly Beat[]>>(new Map());

/** Takes the last minute from a history of single seconds, so that a page that was just opened has one. */
export function recall(link: string, { step, columns }: History): void {
  if (step !== 1) return;
  const known = beats.value.get(link) ?? [];
  const first = known[0]?.time;
  const before = columns.time.flatMap((second, at): Beat[] => {
    const [time, asked] = [new Date(second * 1000).toISOString(), columns.asked[at] ?? 0];
    if (asked === 0 || (first !== undefined && time >= first)) return [];
    return [{ time, rtt: columns.median[at] ?? null, answered: 1 - (columns.lost[at] ?? 0) / asked }];
  });
  beats.set(new Map([...beats.value, [link, [...before, ...known].slice(-BEATS)]]));
}

/** Takes each status once. */
export function hear(status: Status): void {
  const next = new Map<string, readonly Beat[]>();
  for (const link of status.links) {
    const before = beats.value.get(link.name) ?? [];
    const last = before[before.length - 1]?.time;
    if (last === status.time) return;
    // What changed within a second is told at once, and is that second's beat.
    const earlier = last !== undefined && Date.parse(status.time) - Date.parse(last) < SHORT ? before.slice(0, -1) : before;
    const answered = link.expected === 0 ? 1 : link.answered / link.expected;
    const rtt = link.expected > 0 && link.answered === 0 ? null : (link.rtt_ms?.median ?? null);
    next.set(link.name, [...earlier, { time: status.time, rtt, answered }].slice(-BEATS));
  }
  beats.set(next);
}
