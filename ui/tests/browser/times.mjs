// How long one waits for a page: from the address to all that is on it, graphs painted; printed, for a bench to be read.

import { go, painted, settled } from "./visit.mjs";

/** So often each is opened; the middle time counts. */
const TURNS = 5;

export const times = [
  ["the first page, as who comes for the first time sees it", (visit) => timed(visit, "first page, nothing in the browser", () => fresh(visit))],
  ["the first page again", (visit) => timed(visit, "first page, again", () => opened(visit, ""))],
  ["a year of a link", (visit) => timed(visit, "a year of a link", () => turned(visit, `#/links/${visit.facts.link}?range=1y`))],
  ["all devices", (visit) => timed(visit, "all devices", () => turned(visit, "#/devices"))],
];

async function timed(visit, what, open) {
  const took = [];
  for (let turn = 0; turn < TURNS; turn += 1) took.push(await open());
  took.sort((a, b) => a - b);
  console.log(`${what}: ${took[Math.floor(TURNS / 2)]} ms (${took[0]} to ${took[TURNS - 1]})`);
}

/** Nothing is kept from before. */
async function fresh(visit) {
  const session = await visit.page.context().newCDPSession(visit.page);
  await session.send("Network.clearBrowserCache");
  await session.detach();
  return opened(visit, "");
}

async function opened({ page, base }, hash) {
  await page.goto("about:blank");
  const from = Date.now();
  await page.goto(base + hash);
  await page.locator(".tile canvas, .plot canvas").first().waitFor();
  await settled(page);
  const took = Date.now() - from;
  if ((await painted(page)) < 3) throw new Error("the strips are blank");
  return took;
}

/** From the first page to another, as by a click. */
async function turned(visit, hash) {
  await go(visit, "#/setup");
  const from = Date.now();
  await visit.page.evaluate((hash) => (location.hash = hash), hash);
  await settled(visit.page);
  return Date.now() - from;
}
