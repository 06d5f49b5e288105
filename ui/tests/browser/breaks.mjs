// A link that breaks is seen on the open page within two seconds, without anybody touching it.

import { createInterface } from "node:readline/promises";
import { assert, go, picture } from "./visit.mjs";

/** From the fault to the eye, in milliseconds, where the facts do not say otherwise. */
const WITHIN = 2000;

export const breaks = [["a broken link is seen within two seconds", broken]];

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
  const lines = createInterface({ input: process.stdin });
  console.log(`break ${link}`);
  const [line] = await new Promise((heard) => lines.once("line", (...line) => heard(line)));
  lines.close();
  const took = (await (await seen).jsonValue()) - Number(line);
  console.log(`        the fault was seen after ${took} ms`);
  assert(took <= (facts.within ?? WITHIN), `it took ${took} ms`);
  await picture(visit, "broken-desk-light");
}
