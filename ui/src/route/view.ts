// The address of a view: all of it stands behind the `#`, so it works below any path and is never sent anywhere.

import type { TITLES } from "../words/page.ts";

export type Page = keyof typeof TITLES;

/** A page, the link or device it is about, and how it is looked at. */
export interface View {
  page: Page;
  about: string | null;
  query: Readonly<Record<string, string>>;
}

const PAGES: readonly string[] = ["overview", "links", "outages", "devices", "events", "setup"];

/** Reads what stands behind the `#`; what is no page is the overview. */
export function parse(hash: string): View {
  const [path = "", query = ""] = split(hash.replace(/^#\/?/, ""), "?");
  const [page = "", ...about] = path.split("/");
  const name = decoded(about.join("/"));
  if (!PAGES.includes(page)) return { page: "overview", about: null, query: pairs(query) };
  return { page: page as Page, about: name === "" ? null : name, query: pairs(query) };
}

/** The address, without what is empty. */
export function format(view: View): string {
  const path = view.page === "overview" ? "" : view.page;
  const about = view.about === null ? "" : `/${encodeURIComponent(view.about).replace(/%3A/g, ":")}`;
  const words = Object.entries(view.query)
    .filter(([, value]) => value !== "")
    .map(([key, value]) => `${key}=${encodeURIComponent(value).replace(/%3A/g, ":")}`);
  return `#/${path}${about}${words.length > 0 ? `?${words.join("&")}` : ""}`;
}

/** The address of a page. */
export const to = (page: Page, about: string | null = null, query: Record<string, string> = {}): string =>
  format({ page, about, query });

function pairs(query: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const word of query.split("&").filter((word) => word !== "")) {
    const [key = "", value = ""] = split(word, "=");
    found[decoded(key)] = decoded(value.replace(/\+/g, " "));
  }
  return found;
}

function split(text: string, at: string): [string, string] {
  const place = text.indexOf(at);
  return place < 0 ? [text, ""] : [text.slice(0, place), text.slice(place + 1)];
}

/** Somebody may have cut the address in the middle of a character. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
