// How long one waits for a page: from the address to all that is on it, graphs painted; printed, for a bench to be read.

import { go, painted, settled } from "./visit.mjs";

/** So often each is opened; the middle time counts. */
const TURNS = 7;
const DAY = 86_400;

export const times = [
  ["the first page, by who comes for the first time", (visit) => timed(visit, () => fresh(visit, `#/${stretch(visit, 1)}`))],
  ["the first page again", (visit) => timed(visit, () => opened(visit, `#/${stretch(visit, 1)}`))],
  ["the first page, with thirty days", (visit) => timed(visit, () => opened(visit, `#/${stretch(visit, 30)}`))],
  ["from another page to a link's year", (visit) => timed(visit, () => turned(visit, `#/links/${visit.facts.link}${stretch(visit, 365)}`))],
  ["from another page to all devices", (visit) => timed(visit, () => turned(visit, "#/devices"))],
];

async function timed(visit, open) {
  const took = [];
  for (let turn = 0; turn < TURNS; turn += 1) took.push(await open());
  took.sort((a, b) => a - b);
  console.log(`${String(took[Math.floor(TURNS / 2)]).padStart(6)} ms (${took[0]} to ${took[TURNS - 1]})`);
}

/** The query of so many days, up to when the history of the facts ends. */
const stretch = ({ facts }, days) => `?from=${facts.until - days * DAY}&to=${facts.until}`;

/** Nothing is kept from before. */
async function fresh(visit, hash) {
  const session = await visit.page.context().newCDPSession(visit.page);
  await session.send("Network.clearBrowserCache");
  await session.detach();
  return opened(visit, hash);
}

async function opened({ page, base }, hash) {
  await page.goto("about:blank");
  const from = Date.now();
  await page.goto(base + hash);
  await page.locator(".plot canvas").first().waitFor();
  await settled(page);
  const took = Date.now() - from;
  if ((await painted(page)) < 3) throw new Error("the strips are blank");
  return took;
}

/** From a page without graphs to another, as by a click. */
async function turned(visit, hash) {
  await go(visit, "#/events");
  const from = Date.now();
  await visit.page.evaluate((hash) => (location.hash = hash), hash);
  // What was there before has gone when the first of the new has come.
  await visit.page.locator(".plot canvas, table.devices").first().waitFor();
  await settled(visit.page);
  return Date.now() - from;
}
