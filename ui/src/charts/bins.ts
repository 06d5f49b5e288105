// Columns put together to fewer, for a narrow screen and for the table behind a graph.
//
// Counts, extremes and means merge exactly. Quartiles do not: of several the middle one is taken, which is called typical.

import type { Columns } from "../api/history.ts";

type Values = (number | null)[];

/** The same span in at most `most` columns, each of a whole number of the old. */
export function merged(columns: Columns, most: number): Columns {
  const size = Math.ceil(columns.time.length / Math.max(1, most));
  if (size <= 1) return columns;
  const over = <T, R>(values: readonly T[], take: (part: T[]) => R): R[] => groups(values, size).map(take);
  return {
    time: over(columns.time, (part) => part[0] ?? 0),
    asked: over(columns.asked, sum),
    lost: over(columns.lost, sum),
    min: over(columns.min, (part) => extreme(part, Math.min)),
    q1: over(columns.q1, middle),
    median: over(columns.median, middle),
    q3: over(columns.q3, middle),
    p95: over(columns.p95, middle),
    max: over(columns.max, (part) => extreme(part, Math.max)),
    bits_down: over(columns.bits_down, mean),
    bits_up: over(columns.bits_up, mean),
  };
}

/** The length of a column, from the times of two. */
export function stepOf(columns: Pick<Columns, "time">, step: number): number {
  const [first, second] = columns.time;
  return first !== undefined && second !== undefined ? second - first : step;
}

function groups<T>(values: readonly T[], size: number): T[][] {
  const found: T[][] = [];
  for (let at = 0; at < values.length; at += size) found.push(values.slice(at, at + size));
  return found;
}

const known = (values: Values): number[] => values.filter((value): value is number => value !== null);
const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

function extreme(values: Values, of: (...values: number[]) => number): number | null {
  const there = known(values);
  return there.length === 0 ? null : of(...there);
}

function middle(values: Values): number | null {
  const there = known(values).sort((a, b) => a - b);
  return there[Math.floor((there.length - 1) / 2)] ?? null;
}

function mean(values: Values): number | null {
  const there = known(values);
  return there.length === 0 ? null : sum(there) / there.length;
}

/**
 * Where the scale of round trips ends: above nearly all of what is usual, so that one slow echo does not press the rest flat.
 * The maxima above it are cut off at the top.
 */
export function ceiling(columns: Columns): number {
  const tops = known(columns.p95.some((value) => value !== null) ? columns.p95 : columns.q3).sort((a, b) => a - b);
  const medians = known(columns.median).sort((a, b) => a - b);
  const usual = tops[Math.floor((tops.length - 1) * 0.98)] ?? 1;
  const worst = medians[Math.floor((medians.length - 1) * 0.995)] ?? 0;
  return Math.max(usual * 1.25, worst * 1.1, 1);
}
