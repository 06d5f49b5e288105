// The stretch of time a page shows, kept in its address, and everything that changes it.

import { useMemo } from "preact/hooks";
import { look, useView } from "../route/use.ts";
import { type Last, type Range, grainOf, rangeOf, shifted, withRange, zoomed } from "../route/range.ts";
import { useNow } from "../live/ticking.ts";
import type { Keyed } from "./keyboard.ts";

export interface Ranged {
  range: Range;
  /** Shows this stretch. */
  zoom: (range: { from: number; to: number } | Last) => void;
  /** What a key on a graph does to the stretch. */
  press: (key: Keyed, at: number | null) => void;
}

export function useRanged(usual: Last = "24h"): Ranged {
  const view = useView();
  const now = useNow() / 1000;
  const found = rangeOf(view, now, usual);
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
