// What was just done or went wrong: a line at the foot of the page, with its undo for ten seconds.

import type { Done } from "../api/orders.ts";
import { Refused } from "../api/client.ts";
import { undo } from "../api/orders.ts";
import { Cell } from "./cell.ts";

export interface Notice {
  number: number;
  text: string;
  isError: boolean;
  undo: Done["undo"];
  /** Does what was refused all the same. */
  insist: (() => void) | null;
}

/** Why something was not done. */
export interface Refusal {
  text: string;
  /** It was refused for its consequences, and may be insisted on. */
  isUnwise: boolean;
}

/** How long an action can be taken back, in milliseconds. */
const UNDO_FOR = 10_000;
/** More would cover the page. */
const MOST = 3;
/** The status of an order that is refused for its consequences: 409, conflict. */
const UNWISE = 409;

/** How an objection is overruled on the command line, which is a button here. */
const FOR_TERMINALS = /; (add )?--force\b.*$/;

export const notices = new Cell<readonly Notice[]>([]);

let counted = 0;

/**
 * Does something, says what was done or why not, and answers whether it was done. What the gateway refuses as unwise can be
 * insisted on, where `forced` says how.
 */
export async function act(what: Promise<Done>, then?: () => void, forced?: () => Promise<Done>): Promise<boolean> {
  try {
    tell(await what, then);
    return true;
  } catch (problem) {
    const { text, isUnwise } = refusal(problem);
    const insist = isUnwise && forced !== undefined ? () => void act(forced(), then) : null;
    show({ text, isError: true, undo: null, insist });
    return false;
  }
}

/** Says what was done, and offers to take it back; `then` follows both. */
export function tell(done: Done, then?: () => void): void {
  show({ text: done.text, isError: false, undo: done.undo, insist: null }, then);
  then?.();
}

/** What an order that failed says. */
export function refusal(problem: unknown): Refusal {
  const text = (problem instanceof Error ? problem.message : String(problem)).replace(FOR_TERMINALS, "");
  return { text, isUnwise: problem instanceof Refused && problem.status === UNWISE };
}

const refreshes = new Map<number, () => void>();

/** Takes a notice's action back. */
export function takeBack(notice: Notice): void {
  const then = refreshes.get(notice.number);
  dismiss(notice.number);
  if (notice.undo !== null) void act(undo(notice.undo), then);
}

export function dismiss(number: number): void {
  refreshes.delete(number);
  notices.set(notices.value.filter((notice) => notice.number !== number));
}

function show(what: Omit<Notice, "number">, then?: () => void): void {
  counted += 1;
  const notice = { number: counted, ...what };
  if (then) refreshes.set(notice.number, then);
  notices.set([...notices.value, notice].slice(-MOST));
  setTimeout(() => dismiss(notice.number), UNDO_FOR);
}
