// Names that want to be more than names are text, on every page that shows them.

import { assert, go, settled } from "./visit.mjs";

export const hostile = (facts) => (facts.hostile?.length > 0 ? [["names that are markup, scripts or tricks stay text", everywhere]] : []);

async function everywhere(visit) {
  const { page, facts, guard } = visit;
  for (const { mac, shown } of facts.hostile) {
    await go(visit, "#/devices");
    await page.getByRole("searchbox").fill(mac);
    await page.locator("tbody tr:not(.room)").first().waitFor();
    const rows = await page.locator("tbody tr:not(.room)").count();
    assert(rows === 1, `${rows} devices for ${mac}`);
    await guard.check();
    await go(visit, `#/devices/${mac}`);
    const heading = await page.locator("h1").innerText();
    assert(heading.includes(shown), `${JSON.stringify(heading)} and not ${JSON.stringify(shown)}`);
    await guard.check();
  }
  for (const hash of ["#/", "#/events", "#/outages"]) {
    await go(visit, hash);
    await settled(page);
    await guard.check();
  }
}
