// What the page says about outages.

import type { Noticed, Outage, Where } from "../api/history.ts";
import { several } from "./amount.ts";
import { span } from "./time.ts";

/** What people at home had of it. */
export function noticed(noticed: Noticed): string {
  switch (noticed) {
    case "nothing":
      return "nobody noticed";
    case "on_the_spare":
      return "on the spare";
    case "nothing_worked":
      return "nothing worked";
  }
}

/** Where it was broken. */
export function where(where: Where): string {
  switch (where) {
    case "power":
      return "power";
    case "daemon":
      return "this monitor";
    case "cable":
      return "cable";
    case "isp_box":
      return "provider's box";
    case "isp":
      return "provider";
    case "destination":
      return "destination";
    case "dns":
      return "names (DNS)";
  }
}

/** All of them in one or two sentences. */
export function total(outages: readonly Outage[], period: string): string {
  if (outages.length === 0) return `No outage in ${period}.`;
  const lasted = outages.reduce((sum, outage) => sum + outage.length_s, 0);
  const felt = outages.filter((outage) => outage.noticed === "nothing_worked");
  const head = `${several(outages.length, "outage")} in ${period}, ${span(lasted)} in all.`;
  if (felt.length === 0) return `${head} Each time another link took over.`;
  const dark = span(felt.reduce((sum, outage) => sum + outage.length_s, 0));
  const times = felt.length === 1 ? "once" : felt.length === 2 ? "twice" : `${felt.length} times`;
  return `${head} Nothing worked ${times}, for ${dark}.`;
}
