// What was just done or went wrong: a line at the foot of the page, with its undo for ten seconds.

import type { Done } from "../api/orders.ts";
import { undo } from "../api/orders.ts";
import { Cell } from "./cell.ts";

export interface Notice {
  number: number;
  text: string;
  isError: boolean;
  undo: Done["undo"];
}

/** How long an action can be taken back, in milliseconds. */
const UNDO_FOR = 10_000;
/** More would cover the page. */
const MOST = 3;

export const notices = new Cell<readonly Notice[]>([]);

let counted = 0;

/** Does something, says what was done or why not, and answers whether it was done. */
export async function act(what: Promise<Done>, then?: () => void): Promise<boolean> {
  try {
    const done = await what;
    show(done.text, false, done.undo, then);
    then?.();
    return true;
  } catch (problem) {
    show(problem instanceof Error ? problem.message : String(problem), true, null);
    return false;
  }
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

function show(text: string, isError: boolean, undo: Done["undo"], then?: () => void): void {
  counted += 1;
  const notice = { number: counted, text, isError, undo };
  if (then) refreshes.set(notice.number, then);
  notices.set([...notices.value, notice].slice(-MOST));
  setTimeout(() => dismiss(notice.number), UNDO_FOR);
}
