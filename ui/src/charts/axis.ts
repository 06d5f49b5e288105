// The ticks of a time axis: round hours and days of the reader's own clock.

import { clock, day, month, sameDay } from "../words/time.ts";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const STEPS = [10, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR];

/** At most this wide is a label, in pixels. */
const LABEL = 64;

/** Where the ticks of a span stand that is so many pixels wide, in unix seconds. */
export function splits(from: number, to: number, width: number): number[] {
  const room = ((to - from) * LABEL) / Math.max(1, width);
  const step = STEPS.find((step) => step >= room);
  if (step !== undefined) return even(from, to, step);
  const days = [1, 2, 7, 14].find((days) => days * DAY >= room);
  return days === undefined ? months(from, to, room) : midnights(from, to, days);
}

/** Steps of up to a day, counted from the local midnight before `from`. */
function even(from: number, to: number, step: number): number[] {
  const start = midnight(from, 0);
  const found: number[] = [];
  for (let at = start + Math.ceil((from - start) / step) * step; at <= to; at += step) found.push(at);
  return found;
}

function midnights(from: number, to: number, days: number): number[] {
  const found: number[] = [];
  for (let count = 1; midnight(from, count) <= to; count += days) found.push(midnight(from, count));
  return found;
}

function months(from: number, to: number, room: number): number[] {
  const every = Math.max(1, Math.ceil(room / (30 * DAY)));
  const start = new Date(from * 1000);
  const found: number[] = [];
  for (let count = 1; ; count += every) {
    const at = new Date(start.getFullYear(), start.getMonth() + count, 1).getTime() / 1000;
    if (at > to) return found;
    found.push(at);
  }
}

/** The local midnight so many days after that before `time`: days of a change of clocks are 23 or 25 hours long. */
function midnight(time: number, days: number): number {
  const date = new Date(time * 1000);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime() / 1000;
}

/** The labels of ticks: the hour, at midnight the day, on the first of January the year. */
export function labels(ticks: readonly number[]): string[] {
  const step = (ticks[1] ?? 0) - (ticks[0] ?? 0);
  return ticks.map((tick, at) => {
    const time = new Date(tick * 1000);
    const before = new Date((ticks[at - 1] ?? tick) * 1000);
    if (step > 20 * DAY) return time.getMonth() === 0 ? String(time.getFullYear()) : month(time);
    if (step >= DAY - HOUR || (at > 0 && !sameDay(time, before))) return day(time);
    return step < MINUTE ? clock(time) : clock(time).slice(0, 5);
  });
}
