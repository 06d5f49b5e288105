// What fails while one looks, and is seen without anybody touching the page: a link in time, the page's own server.

import { createInterface } from "node:readline/promises";
import { accessible, assert, go, picture } from "./visit.mjs";

/** From the fault to the eye, in milliseconds, where the facts do not say otherwise. */
const WITHIN = 2000;
/** A server that hangs is started anew after some seconds, by whoever looks after it. */
const BACK_WITHIN = 60_000;

export const failures = [
  ["a broken link is seen within two seconds", broken],
  ["a gateway that falls silent is said to be, and comes back by itself", silent],
];

async function broken(visit) {
  const { page, facts } = visit;
  const { link, called } = facts.breaks ?? facts;
  await go(visit, "#/");
  const tile = page.locator(".tile", { has: page.getByRole("heading", { name: called }) });
  const before = await tile.locator(".standing").first().innerText();
  const seen = page.waitForFunction(
    ([called, before]) => {
      const tiles = [...document.querySelectorAll(".tile")];
      const standing = tiles.find((tile) => tile.querySelector("h2")?.textContent === called)?.querySelector(".standing")?.textContent ?? "";
      const failing = /failing|absent|out/.test(standing) && standing.trim() !== before.trim();
      return failing ? Date.now() : false;
    },
    [called, before],
    { timeout: 30_000, polling: 50 },
  );
  const moment = await fault(`break ${link}`);
  const took = (await (await seen).jsonValue()) - moment;
  console.log(`        the fault was seen after ${took} ms`);
  assert(took <= (facts.within ?? WITHIN), `it took ${took} ms`);
  await picture(visit, "broken-desk-light");
}

async function silent(visit) {
  const { page, guard } = visit;
  // Questions that are on their way are given up, and a server that is started anew knows no session.
  for (const provoked of ["ERR_", 401]) guard.expected.add(provoked);
  await go(visit, "#/");
  await page.waitForFunction(() => document.querySelector(".clock")?.textContent?.includes("live"));
  await fault("hang");
  await page.locator(".lost").waitFor();
  await accessible(visit, "a page that is old");
  await picture(visit, "silent-desk-light");
  await page.locator(".lost").waitFor({ state: "detached", timeout: BACK_WITHIN });
  await page.waitForFunction(() => document.querySelector(".clock")?.textContent?.includes("live"));
}

/** Has somebody make it fail; when it did, in milliseconds of Unix time. */
async function fault(what) {
  const lines = createInterface({ input: process.stdin });
  console.log(what);
  const [line] = await new Promise((heard) => lines.once("line", (...line) => heard(line)));
  lines.close();
  return Number(line);
}
