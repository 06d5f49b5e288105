// The one stream of the page: what changes each second, and what happens.

import type { LogEntry } from "../api/history.ts";
import type { Status } from "../api/status.ts";
import { Cell } from "./cell.ts";
import { address } from "../api/client.ts";
import { hear } from "./beats.ts";

/** What flows now, in bits a second. */
export interface Now {
  links: { name: string; bits_down: number; bits_up: number }[];
  devices: { mac: string; bits_up: number; bits_down: number }[];
}

/** The newest status; undefined until the first. */
export const status = new Cell<Status | undefined>(undefined);
export const now = new Cell<Now | undefined>(undefined);
/** What happened since the page was opened, newest first. */
export const happened = new Cell<LogEntry[]>([]);
/** When the stream last said something, in milliseconds of this browser's clock; 0 before. */
export const heard = new Cell(0);

/** When somebody last came back to the page: what is silent since then only is not lost yet. */
export const returned = new Cell(0);

/** So many entries of the log are held. */
const HELD = 200;
/** A browser allows six connections to one server: a page nobody sees gives its stream back. */
const HIDDEN_FOR = 30_000;
/** An ended stream is opened again after so long; a browser does it by itself only while the server answers. */
const REOPEN_AFTER = 3_000;

let source: EventSource | undefined;
let closing: ReturnType<typeof setTimeout> | undefined;
let reopening: ReturnType<typeof setTimeout> | undefined;
let wanted = false;

/** Opens the stream and keeps it open while the page is seen. */
export function open(): void {
  if (wanted) return;
  wanted = true;
  document.addEventListener("visibilitychange", seen);
  connect();
}

export function close(): void {
  wanted = false;
  document.removeEventListener("visibilitychange", seen);
  disconnect();
}

function seen(): void {
  clearTimeout(closing);
  if (document.visibilityState === "visible") {
    returned.set(Date.now());
    connect();
  } else closing = setTimeout(disconnect, HIDDEN_FOR);
}

function connect(): void {
  clearTimeout(reopening);
  if (source || !wanted) return;
  source = new EventSource(address("events"));
  listen("status", (value: Status) => {
    status.set(value);
    hear(value);
  });
  listen("now", (value: Now) => now.set(value));
  listen("log", (value: LogEntry) => {
    const known = happened.value.filter((entry) => entry.id !== value.id);
    happened.set([value, ...known].slice(0, HELD));
  });
  source.onerror = () => {
    if (source?.readyState !== EventSource.CLOSED) return;
    disconnect();
    reopening = setTimeout(connect, REOPEN_AFTER);
  };
}

function disconnect(): void {
  source?.close();
  source = undefined;
}

function listen<T>(kind: string, then: (value: T) => void): void {
  source?.addEventListener(kind, (event) => {
    heard.set(Date.now());
    then(JSON.parse((event as MessageEvent<string>).data) as T);
  });
}
