// What the page says of itself: while it waits, when there is nothing, when something is wrong.

import { span } from "./time.ts";

export const EMPTY = {
  links: "No Internet link was found. Setup says what was looked at.",
  devices: "No device yet: nobody has proven to be there.",
  filtered: "No device fits. Search looks at names, makers, addresses, MACs, kinds and ports.",
  fresh: "Nobody new in the last 7 days.",
  talkers: "Nobody sends anything worth naming.",
  outages: "Nothing went wrong.",
  events: "Nothing has happened yet.",
  contacts: "It has talked to nobody beyond the gateway.",
  ports: "No port is proven open.",
  captures: "Nothing is kept of its packets.",
  findings: "Nothing was looked at.",
} as const;

/** Words at the header's clock; null while all is as it should be. */
export function stale(heard: number, now: number): string | null {
  const silent = (now - heard) / 1000;
  if (heard === 0) return "connecting";
  return silent > 5 ? `last heard ${span(silent)} ago` : null;
}

/** What a login over plain HTTP means. */
export const PLAIN_HTTP =
  "This connection is not encrypted: others on this network could read the password. `tls_cert` under [web] mends that.";

export const UNDRAWN = "This page cannot be drawn: the gateway's answer was not understood. Is this page as new as the gateway? Reload it.";

export const READ_ONLY = "You may look; to change anything, log in.";

export const TITLES = {
  overview: "Overview",
  links: "Links",
  outages: "Outages",
  devices: "Devices",
  events: "Events",
  setup: "Setup",
} as const;

export const KEYS: readonly (readonly [string, string])[] = [
  ["/", "search devices"],
  ["1 … 6", "the pages, in the order of the list"],
  ["← →", "on a graph: move the cursor; with Shift ten times as far"],
  ["+ −", "on a graph: zoom in around the cursor, zoom out"],
  ["Page Up, Page Down", "on a graph: earlier, later"],
  ["Enter", "on a graph: why it was so at the cursor; on a name: rename"],
  ["Esc", "leaves what is open, takes back what is typed"],
  ["?", "this list"],
];
