// What the page says about a verdict.

import type { Counts, Why } from "../api/history.ts";
import { listed } from "./list.ts";
import { span } from "./time.ts";
import { visible } from "./visible.ts";

/** What became of a link in that round. */
export function counted(link: Counts): string {
  if (link.enabled) return "in use";
  switch (link.code) {
    case "behind":
      return "out: it answered less than the best";
    case "hold_down":
      return `out: ${span(link.hold_down_left_s)} left to sit out`;
    case "pinned":
      return "out: another link was pinned";
    case "taken_out":
      return "out: taken out by you";
    case "no_carrier":
      return "out: no carrier";
    case "no_address":
      return "out: no address";
    case "no_next_hop":
      return "out: no gateway";
    case "absent":
      return "absent";
    case "starting":
      return "not judged yet";
    case "best":
    case "incumbent":
    case "sole_best":
    case "nothing_answers":
      return "not chosen";
  }
}

/** What the text says beyond the tables: theirs are the rounds, target by target, and the other hold-downs. */
export const prose = (text: string): string =>
  text
    .split("\n")
    .filter((line) => !/^(Targets round by round|With a hold-down of another length)\b/.test(line))
    .map(visible)
    .join("\n");

/** How the verdict was carried out. */
export function applied(commit: Why["commit"]): string | null {
  if (commit === null) return null;
  if (commit.error !== null) return `It was not applied: ${commit.error}.`;
  return commit.took_ms === null ? "It was applied." : `It was applied after ${commit.took_ms} ms.`;
}

/** What other hold-downs would have done, those with one outcome in one sentence. */
export function otherwise(settings: Why["what_if"]): string[] {
  const outcome = (enabled: boolean): string[] => {
    const alike = settings.filter((setting) => setting.enabled === enabled).map((setting) => setting.hold_down);
    return alike.length === 0 ? [] : [`With a hold-down of ${listed(alike, "or")} it would have been ${enabled ? "in use" : "out"} at that moment.`];
  };
  return [...outcome(true), ...outcome(false)];
}
