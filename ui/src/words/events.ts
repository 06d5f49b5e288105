// What the page says about events.

import type { LogEntry } from "../api/history.ts";

/** What events can be about. */
export const KINDS = { all: "All", links: "Links", devices: "Devices", monitor: "This monitor" } as const;
export type About = keyof typeof KINDS;

export function about(entry: LogEntry): About {
  if (entry.link !== null) return "links";
  return entry.mac !== null ? "devices" : "monitor";
}
