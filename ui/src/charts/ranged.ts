// The stretch of time a page shows, kept in its address, and everything that changes it.

import { useMemo } from "preact/hooks";
import type { History } from "../api/history.ts";
import { Cell, useCell } from "../live/cell.ts";
import { look, useView } from "../route/use.ts";
import { type Last, type Range, RANGES, grainOf, rangeOf, shifted, withRange, zoomed } from "../route/range.ts";
import { useNow } from "../live/ticking.ts";
import type { Keyed } from "./keyboard.ts";

export interface Ranged {
  range: Range;
  /** Shows this stretch. */
  zoom: (range: { from: number; to: number } | Last) => void;
  /** What a key on a graph does to the stretch. */
  press: (key: Keyed, at: number | null) => void;
}

/** The stretch a page begins with: an hour where no more is known yet, for a day would be empty. */
const usual = new Cell<Last>("24h");

/** Takes a look at how much is known of a day. */
export function weigh(history: History): void {
  const { asked, time } = history.columns;
  const first = time[asked.findIndex((count) => count > 0)];
  const isDay = Math.abs(history.to - history.from - RANGES["24h"]) < 60;
  if (isDay && (first === undefined || first > history.to - RANGES["1h"])) usual.set("1h");
}

export function useRanged(): Ranged {
  const view = useView();
  const begin = useCell(usual);
  const now = useNow() / 1000;
  const found = rangeOf(view, now, begin);
  const range = useMemo(() => found, [found.from, found.to, found.last]);
  return useMemo(() => {
    const zoom: Ranged["zoom"] = (to) => {
      const { at: _closed, ...query } = view.query;
      look(withRange(query, to));
    };
    const press: Ranged["press"] = (key, at) => {
      if (key.kind === "zoom") zoom(zoomed(range, key.factor, Date.now() / 1000, at ?? undefined));
      if (key.kind === "shift") zoom(shifted(range, key.share, Date.now() / 1000));
    };
    return { range, zoom, press };
  }, [range, view]);
}

/** The query of a graph's question: one column a pixel. */
export const asks = ({ range }: Ranged, width: number, more = ""): string =>
  `from=${range.from}&to=${range.to}&points=${Math.max(50, Math.floor(width / 10) * 10)}${more}`;

/** How long a graph of this range stays true, in milliseconds; undefined for one that does not move. */
export const truth = ({ range }: Ranged): number | undefined =>
  range.last === null ? undefined : grainOf(range.to - range.from) * 1000;
