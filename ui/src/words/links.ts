// What the page says of links.

import type { Mark } from "../api/history.ts";
import type { Cap, Link, State, Status } from "../api/status.ts";
import { listed } from "./list.ts";
import { bytes, milliseconds, percent } from "./amount.ts";
import { brief, clock, day, span } from "./time.ts";

/** The four states a link can be seen in, each with its shape, colour and word. */
export type Standing = "in_use" | "sits_out" | "failing" | "out";

/** Whether it is used, and if not, whether by its own fault, for a time, or because it is not there. */
export function standing(state: State): Standing {
  if (state.enabled) return "in_use";
  switch (state.reason.code) {
    case "hold_down":
      return "sits_out";
    case "taken_out":
    case "pinned":
    case "no_carrier":
    case "no_address":
    case "no_next_hop":
    case "absent":
      return "out";
    case "best":
    case "behind":
    case "incumbent":
    case "sole_best":
    case "nothing_answers":
    case "starting":
      return "failing";
  }
}

/** How a state is painted: a metered spare is in the choice, and quiet. */
export const look = (state: State): Standing => (state.enabled && state.metered ? "out" : standing(state));

/** The state in one or two words. */
export function stateWord(state: State): string {
  switch (standing(state)) {
    case "in_use":
      return state.metered ? "spare, metered" : "in use";
    case "sits_out":
      return `sits out ${span(state.hold_down_left_s)}`;
    case "failing":
      return "failing";
    case "out":
      return state.reason.code === "taken_out" || state.reason.code === "pinned" ? "out" : "absent";
  }
}

export const called = (link: Link): string => link.label ?? link.name;

/** What the link of that name is called. */
export const calledBy = (links: readonly Link[], name: string): string => links.find((link) => link.name === name)?.label ?? name;

/**
 * What follows the link's name at `now`: ` is in use: it answered all 4 targets.` Of one that sits out the fault that began it
 * says more, where `marks` hold it: ` sits out 41 min more, until 16:46: at 15:45:07 it answered 3 of 4 targets.`
 */
export function predicate(state: State, now: number, marks: readonly Mark[] = []): string {
  const fault = standing(state) === "sits_out" ? [...marks].reverse().find(isFault) : undefined;
  if (fault) return ` ${stands(state, now)}: at ${clock(new Date(fault.time * 1000))} it ${fault.text}.`;
  // How long it sits out was just said.
  return ` ${stands(state, now)}: it ${state.reason.text.replace(/ and sits out [^,;]*$/, "")}.`;
}

/** It left for what it did itself, and not for what was ordered or had begun before. */
const isFault = ({ enabled, code }: Mark): boolean => !enabled && !["hold_down", "pinned", "taken_out", "starting"].includes(code);

function stands(state: State, now: number): string {
  switch (standing(state)) {
    case "in_use":
      return state.metered ? "stands by" : state.healthy ? "is in use" : "is in use though not healthy";
    case "sits_out":
      return `sits out ${span(state.hold_down_left_s)} more, until ${brief(new Date(now + state.hold_down_left_s * 1000), now)}`;
    case "failing":
      return "is not used";
    case "out":
      return "is out";
  }
}

/** Until when an order of the operator holds. */
export function ordered(link: Link): string | null {
  if (!link.order) return null;
  const what = link.order.order === "pin" ? "Pinned by you" : "Taken out by you";
  return link.order.left_s === null ? `${what} until you end it.` : `${what} for ${span(link.order.left_s)} more.`;
}

/** That the choice is not carried out, if it is not. */
export function notApplied(status: Status, link: State): string | null {
  if (link.committed || status.commit.state === "observing") return null;
  return `Not applied yet: ${status.commit.error ?? "it is being worked on"}.`;
}

/** How much of its cap a link has used, and whether the rest will last: `310 MB of 10 GB used, 9.7 GB left until 1 Dec; at this rate 620 MB by then.` */
export function capped(cap: Cap, now: number): string {
  const until = localDay(cap.until);
  if (cap.left === 0) return `${bytes(cap.bytes)} are used up until ${until}.`;
  const used = `${bytes(cap.used)} of ${bytes(cap.bytes)} used, ${bytes(cap.left)} left until ${until}`;
  if (cap.used_up !== null) return `${used}; at this rate it is used up ${brief(new Date(cap.used_up), now)}.`;
  return cap.forecast === null ? `${used}.` : `${used}; at this rate ${bytes(cap.forecast)} by then.`;
}

/** A day of the operator's calendar, whatever the reader's zone: `1 Dec`. */
function localDay(date: string): string {
  const [year = 0, month = 1, of = 1] = date.split("-").map(Number);
  return day(new Date(year, month - 1, of));
}

/** `4/4`, `8.1 ms`, `0 % loss`: what there is of it. */
export function measures(state: State): string[] {
  const asked = state.expected > 0 ? [`${state.answered}/${state.expected}`] : [];
  return state.rtt_ms
    ? [...asked, milliseconds(state.rtt_ms.median), `${percent(state.loss)} loss`]
    : [...asked, "no answer"];
}

/** The state of the Internet in one sentence. */
export function sentence(status: Status): string {
  const used = status.links.filter((link) => link.enabled && !link.metered);
  const spare = status.links.filter((link) => link.enabled && link.metered);
  const using = (used.length > 0 ? used : spare).map(called);
  if (status.links.length === 0) return "No Internet link was found";
  if (silent(status)) return "No link reaches the Internet";
  if (using.length === 0) return "No link is in use";
  const healthy = status.links.some((link) => link.enabled && link.healthy);
  return healthy ? `Internet fine on ${listed(using)}` : `Internet poor on ${listed(using)}`;
}

/** How the status as a whole is to be coloured. */
export function overall(status: Status): Standing {
  if (status.links.length === 0) return "out";
  if (silent(status)) return "failing";
  return status.links.some((link) => link.enabled && link.healthy) ? "in_use" : "failing";
}

const silent = (status: Status): boolean => status.links.some((link) => link.reason.code === "nothing_answers");

/** What a link is being asked to do, and what it means. */
export const ORDERS = {
  pin: { does: "Use only this", means: "New connections use this link and no other." },
  out: { does: "Take out", means: "No new connection uses this link." },
  retry: { does: "Use now", means: "It has sat out long enough: its answers decide from now on." },
  auto: { does: "Back to the rule", means: "Ends your order; its answers decide again." },
} as const;
