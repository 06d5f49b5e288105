// Asks the daemon, by paths relative to the page, so that the page works below any proxy's path.

const ROOT = "api/v1/";

/** An answer that says no, in a sentence for the reader. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

type Query = Record<string, string | number | undefined>;

/** Asks for a value. `signal` gives the question up. */
export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return read<T>(await ask(address(path, query), signal ? { signal } : {}));
}

/** Orders something. */
export async function send<T>(method: "POST" | "DELETE", path: string, body?: unknown): Promise<T> {
  const options: RequestInit = { method };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  return read<T>(await ask(address(path), options));
}

/** The relative URL of a resource; each part of a path that is not ours goes through [`part`]. */
export function address(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  const words = given.map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return ROOT + path + (words.length > 0 ? `?${words.join("&")}` : "");
}

/** A name as one part of a path, in which a colon may stand as it is (RFC 3986 section 3.3). */
export const part = (name: string): string => encodeURIComponent(name).replace(/%3A/g, ":");

async function ask(url: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { credentials: "same-origin", cache: "no-store", ...options });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused(0, "The gateway does not answer. Is this device still on its network, and does rebootping run?");
  }
}

async function read<T>(response: Response): Promise<T> {
  const body: unknown = await response.json().catch(() => null);
  // Every answer is an object: anything else was cut off on its way.
  if (response.ok && body !== null) return body as T;
  if (response.ok) throw new Refused(0, "The gateway's answer broke off; ask again.");
  const said = (body as { error?: unknown } | null)?.error;
  throw new Refused(response.status, typeof said === "string" ? said : `The gateway answered ${response.status}.`);
}
