// What the page says about devices.

import type { Device, Mode, Port } from "../api/devices.ts";
import { several } from "./amount.ts";
import { ago, exact, span } from "./time.ts";
import { visible } from "./visible.ts";

/** What it is called, or its MAC. */
export const deviceName = (device: { name: string | null; mac: string }): string =>
  device.name === null || device.name === "" ? device.mac : visible(device.name);

/** Who made it, as far as that is known. */
export function maker(device: { vendor: string | null; randomised?: boolean }): string {
  return device.vendor === null ? (device.randomised ? "random MAC" : "") : visible(device.vendor);
}

/** A device is new for so long, in seconds. */
export const NEW_FOR = 7 * 24 * 3600;

export const FILTERS = ["all", "new", "unknown", "listening", "restricted"] as const;
export type Filter = (typeof FILTERS)[number];

/** What each filter lets through. */
export const FILTER_MEANS: Record<Filter, string> = {
  all: "every proven device, but for nameless random MACs silent for 30 days",
  new: "first seen in the last 7 days",
  unknown: "neither you nor the device said what it is",
  listening: "has a port that is proven open",
  restricted: "paused, kept local or blocked by you",
};

export function passes(device: Device, filter: Filter, now: number): boolean {
  switch (filter) {
    case "all":
      return true;
    case "new":
      return now - new Date(device.first_seen).getTime() < NEW_FOR * 1000;
    case "unknown":
      return device.name === null && device.kind === null;
    case "listening":
      return device.tcp_open.length + device.udp_open.length > 0;
    case "restricted":
      return device.restricted != null;
  }
}

/** How a port was proven open. */
export function proof(port: Port, protocol: "tcp" | "udp"): string {
  const how = {
    established: "a client completed a connection to it",
    syn_ack: "it agreed to a connection (SYN-ACK)",
    answered: "it answered a question that was seen",
  }[port.evidence];
  return `${port.port}/${protocol} at ${port.ip}: ${how}, last ${exact(port.last_seen)}.`;
}

export const evidence = (port: Port): string =>
  ({ established: "connected", syn_ack: "SYN-ACK", answered: "answered" })[port.evidence];

/** What something said of itself last, and before that, or others in its place. */
export const known = (last: string | null, others: string[] = []): string[] => (last === null ? others : [last, ...others]);

/** Who says that an address is a device's. */
export function claim(by: Device["addresses"][number]["claimed_by"]): string {
  return { arp: "ARP", ndp: "neighbour discovery", dhcp: "its DHCP lease", traffic: "its own packets" }[by];
}

/** Who gave a device a name. */
export function source(by: string): string {
  const known: Record<string, string> = {
    user: "you", dhcp: "DHCP", mdns: "mDNS", llmnr: "LLMNR", netbios: "NetBIOS", ssdp: "UPnP", lldp: "LLDP", cdp: "CDP", dns: "DNS",
  };
  return known[by] ?? visible(by);
}

/** Each with the term it is usually wanted for. */
export const MODES: Record<Mode, { does: string; is: string; means: string; usual: string }> = {
  pause: { does: "Pause", is: "paused", means: "No Internet for a while; the house stays reachable.", usual: "1h" },
  local: { does: "Keep local", is: "kept local", means: "It reaches the house and never the Internet.", usual: "" },
  block: { does: "Block", is: "blocked", means: "The gateway passes on nothing from it, and gives it no address.", usual: "" },
};

/** How it is restricted, and until when. */
export function restriction(device: Pick<Device, "restricted">, now: number): string | null {
  if (!device.restricted) return null;
  const { mode, until, schedule, packets } = device.restricted;
  const hours = schedule ? `${schedule} ` : "";
  const left = until === null ? "until you allow it" : `for ${span((new Date(until).getTime() - now) / 1000)} more`;
  const stopped = packets === undefined || packets === 0 ? "" : `; ${several(packets, "packet")} of it went nowhere`;
  return `${MODES[mode].is} ${hours}${left}${stopped}`;
}

/** What follows the device's name on its page. */
export function about(device: Device, now: number): string {
  const place = device.interfaces.length > 0 ? ` on ${device.interfaces.map(visible).join(", ")}` : "";
  const heard = `was last heard ${ago(device.last_seen, now)}${place}`;
  const ports = device.tcp_open.length + device.udp_open.length;
  const open = ports === 0 ? "no port of it is proven open" : `${several(ports, "port")} of it ${ports === 1 ? "is" : "are"} proven open`;
  const restricted = restriction(device, now);
  return ` ${heard}; ${open}.${restricted === null ? "" : ` It is ${restricted}.`}`;
}

/** How much of the house is shown. */
export function shownOf(shown: number, all: number): string {
  return shown === all ? several(all, "device") : `${shown} of ${several(all, "device")}`;
}
