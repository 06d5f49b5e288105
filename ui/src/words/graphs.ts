// What the page says about graphs, for those who read instead of look.

import type { Columns, Gap, History, Mark, Ping } from "../api/history.ts";
import { bits, bytes, milliseconds, percent } from "./amount.ts";
import { listed } from "./list.ts";
import { brief, span } from "./time.ts";
import { visible } from "./visible.ts";

/** One column: when, how fast, how much was lost, and what flowed. */
export function column(columns: Columns, at: number, now: number): string {
  const time = columns.time[at];
  if (time === undefined) return "";
  return [brief(new Date(time * 1000), now), ...answers(columns, at)].join(" · ");
}

function answers(columns: Columns, at: number): string[] {
  const asked = columns.asked[at] ?? 0;
  const [median, low, high] = [columns.median[at], columns.min[at], columns.max[at]];
  if (asked === 0) return ["not asked"];
  const loss = `${percent((columns.lost[at] ?? 0) / asked)} loss`;
  if (typeof median !== "number") return ["no answer", loss];
  const range = typeof low === "number" && typeof high === "number" ? [`${milliseconds(low)} to ${milliseconds(high)}`] : [];
  return [milliseconds(median), ...range, loss];
}

/** What flowed in a column. */
export function flow(down: number | null | undefined, up: number | null | undefined): string {
  return typeof down === "number" && typeof up === "number" ? `↓ ${bits(down)} ↑ ${bits(up)}` : "not measured";
}

export function gap(gap: Gap): string {
  switch (gap.cause) {
    case "daemon_down":
      return "not watched";
    case "absent":
      return "no link";
  }
}

/** The flag of a switch. */
export const flag = (link: string, mark: Pick<Mark, "enabled">): string => `${link} ${mark.enabled ? "in" : "out"}`;

/** A graph in one sentence, from what is seen in it. */
export function summary(history: History): string {
  return history.summary !== "" ? history.summary : computed(history);
}

function computed({ columns, marks, from, to }: History): string {
  const asked = columns.asked.reduce((sum, value) => sum + value, 0);
  if (asked === 0) return `Nothing was asked in these ${span(to - from)}.`;
  const lost = columns.lost.reduce((sum, value) => sum + value, 0);
  const outs = marks.filter((mark) => !mark.enabled).length;
  const taken = outs === 0 ? "it was never taken out" : outs === 1 ? "it was taken out once" : outs === 2 ? "it was taken out twice" : `it was taken out ${outs} times`;
  return `In ${span(to - from)} ${percent(lost / asked)} of echoes were lost; ${taken}.`;
}

/** A traffic graph in one sentence. */
export function traffic(columns: Pick<Columns, "time" | "bits_down" | "bits_up">, step: number): string {
  const total = (values: (number | null)[]): number => values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  const most = (values: (number | null)[]): number => values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  if (![...columns.bits_down, ...columns.bits_up].some((value) => value !== null)) return "Nothing is known of this time: traffic is told minute by minute.";
  if (total(columns.bits_down) + total(columns.bits_up) === 0) return "Nothing flowed.";
  const amount = (sum: number): string => bytes((sum * step) / 8);
  return `${amount(total(columns.bits_down))} down, ${amount(total(columns.bits_up))} up; at most ${bits(most(columns.bits_down))} down and ${bits(most(columns.bits_up))} up.`;
}

/** What each link answered of the pings of a moment: `fibre answered all 72, dsl 67 of 72.` */
export function answered(pings: readonly Ping[], called: (link: string) => string): string {
  const links = [...new Set(pings.map((ping) => ping.link))].sort();
  const told = links.map((link, at) => {
    const own = pings.filter((ping) => ping.link === link);
    const came = own.filter((ping) => ping.rtt_ms !== null).length;
    const many = came === own.length ? `all ${came}` : came === 0 ? `none of ${own.length}` : `${came} of ${own.length}`;
    return `${visible(called(link))}${at === 0 ? " answered" : ""} ${many}`;
  });
  return `${listed(told)}.`;
}

/** How much of a stretch a device was there. */
export function presence(spans: readonly { from: number; to: number }[], range: { from: number; to: number }): string {
  const there = spans.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(to, range.to) - Math.max(from, range.from)), 0);
  if (there === 0) return "It was not there.";
  const length = range.to - range.from;
  return there >= length * 0.99 ? "It was there all the time." : `It was there for ${span(there)} of ${span(length)}.`;
}
