// What the page can order, each with its undo.

import type { Keep, Mode } from "./devices.ts";
import { part, send } from "./client.ts";

/** What was done, and the number that takes it back, if it can be taken back. */
export interface Done {
  text: string;
  undo: number | null;
}

export type LinkOrder = "pin" | "out" | "retry" | "auto";

const order = (path: string, body: object = {}): Promise<Done> => send<Done>("POST", path, body);
const device = (mac: string, verb: string, body: object = {}): Promise<Done> =>
  order(`devices/${part(mac)}/${verb}`, body);

/** `term` is how long it holds, like `1h`; without it until it is ended. */
export const orderLink = (name: string, verb: LinkOrder, term?: string, force = false): Promise<Done> =>
  order(`links/${part(name)}/${verb}`, { ...(term === undefined ? {} : { for: term }), ...(force ? { force } : {}) });

/** An address is given with its next lease, an empty one no longer; without one it stays as it is. */
export const rename = (mac: string, name: string, address?: string): Promise<Done> =>
  device(mac, "rename", { name, ...(address === undefined ? {} : { address }) });
export const note = (mac: string, text: string): Promise<Done> => device(mac, "note", { note: text });
/** `hours` are those in which it holds; none is all of them. */
export const restrict = (mac: string, mode: Mode, { term, hours, force }: { term: string | undefined; hours: string; force: boolean }): Promise<Done> =>
  device(mac, "restrict", { mode, ...(term === undefined ? {} : { for: term }), ...(hours === "" ? {} : { hours }), ...(force ? { force } : {}) });
export const allow = (mac: string): Promise<Done> => device(mac, "allow");
export const merge = (mac: string, into: string): Promise<Done> => device(mac, "merge", { into });
export const split = (mac: string): Promise<Done> => device(mac, "split");
export const capture = (mac: string, mode: Keep | "auto"): Promise<Done> => device(mac, "capture", { mode });
export const forget = (mac: string): Promise<Done> => device(mac, "forget");
export const undo = (id: number): Promise<Done> => order("undo", { id });
