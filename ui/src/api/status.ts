// What the daemon says of the links and of itself, in the shapes of the API.

/** Round trips of the last minute, in milliseconds. */
export interface RoundTrips {
  min: number;
  median: number;
  p95: number;
}

/** The rule of the selection that spoke. */
export type Code =
  | "best"
  | "behind"
  | "hold_down"
  | "incumbent"
  | "sole_best"
  | "nothing_answers"
  | "no_carrier"
  | "no_address"
  | "no_next_hop"
  | "pinned"
  | "taken_out"
  | "starting"
  | "absent";

export type Family = "ipv4" | "ipv6";

/** A link in one family. */
export interface State {
  healthy: boolean;
  enabled: boolean;
  committed: boolean;
  metered: boolean;
  since: string;
  /** The text is a sentence without subject and full stop. */
  reason: { code: Code; text: string };
  answered: number;
  expected: number;
  best: number;
  hold_down_left_s: number;
  rtt_ms: RoundTrips | null;
  /** A share: 0 to 1. */
  loss: number;
  missed?: string[];
  left_out?: string[];
  source?: string | null;
  gateway?: string | null;
}

/**
 * How the traffic of a link that has a cap goes, in bytes; `until` is the first day that counts anew, `used_up` when the cap will
 * be reached, if before that. There is no forecast before a whole day is known.
 */
export interface Cap {
  bytes: number;
  used: number;
  left: number;
  until: string;
  forecast: number | null;
  used_up: string | null;
}

/** A link; its own fields are those of IPv4, or of IPv6 where it has no IPv4. */
export interface Link extends State {
  name: string;
  label: string | null;
  provider?: string | null;
  families: Partial<Record<Family, State>>;
  order?: { order: "pin" | "out"; left_s: number | null } | null;
  cap?: Cap | null;
}

/** Packets lost, by where. */
export interface Dropped {
  ring: number;
  nic: number;
  softnet: number;
  writer: number;
}

export interface Capture {
  packets: number;
  bytes: number;
  written_bytes_today: number;
  kept_bytes?: number;
  oldest: string | null;
  dropped: Dropped;
  error?: string | null;
}

export interface Commit {
  backend: string;
  state: "applied" | "pending" | "waiting" | "failing" | "observing";
  error: string | null;
}

/** Everything at one moment. */
export interface Status {
  time: string;
  links: Link[];
  capture: Capture | null;
  commit: Commit;
  processes: { name: string; state: string; restarts: number }[];
}

/** Who is asking, and what they may do. */
export interface Session {
  gateway: string;
  /** Nothing is shown without a login. */
  login: boolean;
  scope: "control" | "read" | null;
  local: boolean;
  plain_http: boolean;
}

/** The first page in one answer. */
export interface Overview {
  time: string;
  gateway: string;
  sentence: string;
  status: Status;
  problems: { text: string; mend: string | null }[];
  talkers: Talker[];
  new_devices: { mac: string; name: string | null; vendor: string | null; kind: string | null; first_seen: string }[];
}

export interface Talker {
  mac: string;
  name: string | null;
  bits_up: number;
  bits_down: number;
}

/** What is as it should be, could be better, or must be mended. */
export interface Finding {
  severity: "fine" | "note" | "mend";
  about: string;
  text: string;
  remedy: string | null;
}
