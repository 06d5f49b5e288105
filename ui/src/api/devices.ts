// Devices in the shapes of the API; every name, banner and contact in them came from a network and may say anything.

export interface Port {
  ip: string;
  port: number;
  service: string | null;
  evidence: "established" | "syn_ack" | "answered";
  banner: string | null;
  /** What else was said there: before, or by other servers behind one port. */
  other_banners?: string[];
  first_seen: string;
  last_seen: string;
}

export interface Address {
  ip: string;
  claimed_by: "arp" | "ndp" | "dhcp" | "traffic";
  first_seen: string;
  last_seen: string;
}

export interface Contact {
  name: string | null;
  ip: string;
  port: number;
  bytes_sent: number;
  bytes_received: number;
}

interface Amount {
  sent: number;
  received: number;
}

export type Mode = "pause" | "local" | "block";

export type Keep = "full" | "headers" | "off";

/** How a device is restricted; a schedule names the hours, packets are those it has sent in vain. */
export interface Restriction {
  mode: Mode;
  until: string | null;
  schedule?: string | null;
  packets?: number;
}

export interface Device {
  mac: string;
  also: string[];
  /** MACs that told the DHCP server the same of themselves: probably the same device. */
  likely_also?: string[];
  proven: boolean;
  vendor: string | null;
  randomised: boolean;
  archived?: boolean;
  interfaces: string[];
  first_seen: string;
  last_seen: string;
  gone?: boolean;
  addresses: Address[];
  name: string | null;
  names: { name: string; source: string }[];
  kind: string | null;
  kind_reason?: string | null;
  tcp_open: Port[];
  udp_open: Port[];
  services_announced: { name: string; protocol: string; port: number }[];
  contacts: Contact[];
  dhcp: { vendor_class: string | null; other_vendor_classes?: string[]; parameters: string | null };
  user_agents: string[];
  models?: string[];
  bytes_sent: number;
  bytes_received: number;
  captures: { since: string; bytes: number } | null;
  /** How much of its packets somebody ordered to be kept; null is as much as its network says. */
  capture_mode?: Keep | null;
  /** Absent where this gateway cannot restrict. */
  restricted?: Restriction | null;
  /** The address it is always to be given, if somebody ordered one. */
  fixed_address?: string | null;
  note: string | null;
  today?: Amount;
  month?: Amount;
  now?: { bits_up: number; bits_down: number };
}

/** Everybody. */
export interface Devices {
  devices: Device[];
}
