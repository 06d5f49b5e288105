// The view the browser's address names, and how to go to another.

import { Cell, useCell } from "../live/cell.ts";
import { format, parse, type View } from "./view.ts";

const current = new Cell<View>(parse(location.hash));
addEventListener("hashchange", () => current.set(parse(location.hash)));

export const useView = (): View => useCell(current);

/** Goes there; `quietly` without a step in the browser's history. */
export function go(view: View, quietly = false): void {
  if (!quietly) {
    location.hash = format(view);
    return;
  }
  history.replaceState(null, "", format(view));
  current.set(view);
}

/** Changes how the same page is looked at. */
export function look(query: Record<string, string>, quietly = false): void {
  go({ ...current.value, query }, quietly);
}
