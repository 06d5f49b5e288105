// Devices that are probably one: they told their DHCP server the same of themselves.

import type { Device } from "../../api/devices.ts";

/** Devices that are probably one, and what they told they are called. */
export interface Twins {
  /** Whom the house has known longest keeps its page. */
  into: Device;
  others: Device[];
  hostName: string;
}

/** Each group once, in the order of the devices. */
export function twins(devices: readonly Device[]): Twins[] {
  const byMac = new Map(devices.map((device) => [device.mac, device]));
  const groups = new Map<string, Device[]>();
  for (const device of devices) {
    const others = (device.likely_also ?? []).flatMap((mac) => byMac.get(mac) ?? []);
    if (others.length === 0) continue;
    const group = [device, ...others].sort((a, b) => a.first_seen.localeCompare(b.first_seen) || a.mac.localeCompare(b.mac));
    groups.set(group.map(({ mac }) => mac).sort().join(), group);
  }
  return [...groups.values()].flatMap(([into, ...others]) => (into ? [{ into, others, hostName: told(into) }] : []));
}

/** What a device told its DHCP server. */
const told = (device: Device): string => device.names.find(({ source }) => source === "dhcp")?.name ?? device.name ?? device.mac;
