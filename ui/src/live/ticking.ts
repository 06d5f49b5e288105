// The time as the page tells it, a new value each second while somebody looks.

import { Cell, useCell } from "./cell.ts";

const second = new Cell(Date.now());
setInterval(() => document.visibilityState === "visible" && second.set(Date.now()), 1000);

/** Milliseconds of Unix time, drawn anew each second. */
export const useNow = (): number => useCell(second);
