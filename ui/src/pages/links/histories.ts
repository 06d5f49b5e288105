// The histories of several links over one stretch of time.

import { useEffect } from "preact/hooks";
import type { History } from "../../api/history.ts";
import type { Link } from "../../api/status.ts";
import { part } from "../../api/client.ts";
import { useAskedAll } from "../../api/use.ts";
import { asks, type Ranged, truth, weigh } from "../../charts/ranged.ts";

/** By place of the link; undefined while one is waited for. */
export function useHistories(links: readonly Link[], ranged: Ranged, width: number, more = "") {
  const urls = width === 0 ? [] : links.map((link) => `links/${part(link.name)}/history?${asks(ranged, width, more)}`);
  const { values, error, again } = useAskedAll<History>(urls, truth(ranged));
  const first = values[0];
  useEffect(() => {
    if (first && ranged.range.last !== null) weigh(first);
  }, [first]);
  return { histories: links.map((_, at) => values[at]), error, again };
}
