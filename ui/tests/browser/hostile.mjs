// Names that want to be more than names are text, on every page that shows them.

import { assert, go } from "./visit.mjs";

export const hostile = (facts) => (facts.hostile?.length > 0 ? [["names that are markup, scripts or tricks stay text", everywhere]] : []);

/** Each stands in the list; so many have their own page looked at as well. */
const OWN_PAGES = 12;

async function everywhere(visit) {
  const { page, facts, guard } = visit;
  await go(visit, "#/devices");
  for (const { mac, shown } of facts.hostile) {
    await page.getByRole("searchbox").fill(mac);
    await page.waitForFunction((mac) => document.querySelector("tbody a[href]")?.getAttribute("href")?.endsWith(mac) && document.querySelectorAll("tbody tr:not(.room)").length === 1, mac);
    const name = await page.locator("tbody .of-name").innerText();
    assert(name.includes(shown), `${JSON.stringify(name)} and not ${JSON.stringify(shown)}`);
    await guard.check();
  }
  for (const { mac, shown } of spread(facts.hostile)) {
    await go(visit, `#/devices/${mac}`);
    const heading = await page.locator("h1").innerText();
    assert(heading.includes(shown), `${JSON.stringify(heading)} and not ${JSON.stringify(shown)}`);
    await guard.check();
  }
  for (const hash of ["#/", "#/events", "#/outages"]) {
    await go(visit, hash);
    await guard.check();
  }
}

/** Some of them, from all parts of the list. */
function spread(all) {
  const apart = Math.max(1, Math.floor(all.length / OWN_PAGES));
  return all.filter((_, at) => at % apart === 0);
}
