// Who looks at the page and what they may do; the stream and all questions wait for it.

import type { Session } from "../api/status.ts";
import { Refused, get, send } from "../api/client.ts";
import { Cell } from "./cell.ts";

/** Undefined until the gateway has answered, then what it said, or why it could not. */
export const session = new Cell<Session | { failed: string } | undefined>(undefined);

/** Somebody who may only look wants to log in. */
export const asking = new Cell(false);

export async function begin(): Promise<void> {
  try {
    session.set(await get<Session>("session"));
  } catch (problem) {
    session.set({ failed: problem instanceof Refused ? problem.message : String(problem) });
  }
}

export async function login(password: string): Promise<void> {
  await send("POST", "session", { password });
  asking.set(false);
  await begin();
}

export async function logout(): Promise<void> {
  await send("DELETE", "session");
  await begin();
}

/** The session has ended: shows the login. */
export function lock(): void {
  const now = session.value;
  if (now && "scope" in now && now.scope !== null) void begin();
}

/** What the gateway is called. */
export const gatewayOf = (now: Session | { failed: string } | undefined): string => (now && "gateway" in now ? now.gateway : "gateway");

/** Whether orders are accepted. */
export function mayOrder(now: Session | { failed: string } | undefined): boolean {
  return now !== undefined && "scope" in now && now.scope === "control";
}
