// Pictures of every page for the eye: light, dark, on a phone, on a wide screen; none is wider than its screen.

import { accessible, fits, go, picture } from "./visit.mjs";

const SCREENS = { desk: [1440, 900], phone: [360, 780], tablet: [768, 1024], wide: [2200, 1200] };

const views = (facts) => ({
  overview: "#/",
  links: "#/links",
  link: `#/links/${facts.link}`,
  why: `#/links/${facts.link}?range=1h&at=${facts.at}`,
  year: `#/links/${facts.link}?range=1y`,
  outages: "#/outages",
  devices: "#/devices",
  device: `#/devices/${facts.device}`,
  events: "#/events",
  setup: "#/setup",
});

export const looks = [
  ["before anybody has logged in", entrance],
  ["light on a desk", (visit) => all(visit, "light", "desk")],
  ["dark on a desk", (visit) => all(visit, "dark", "desk")],
  ["light on a phone", (visit) => all(visit, "light", "phone")],
  ["dark on a phone", (visit) => all(visit, "dark", "phone", ["overview", "devices", "device", "link"])],
  ["light on a wide screen", (visit) => all(visit, "light", "wide", ["overview", "links", "link", "devices", "device"])],
  ["light on a tablet", (visit) => all(visit, "light", "tablet", ["overview", "devices"])],
];

/** The login as it is seen first, and on a phone at night. */
async function entrance(visit) {
  const { page, facts, context } = visit;
  if (!facts.password) return;
  const cookies = await context.cookies();
  await context.clearCookies();
  for (const [screen, colorScheme] of [["desk", "light"], ["phone", "dark"], ["wide", "light"]]) {
    const [width, height] = SCREENS[screen];
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.goto(`${visit.base}#/`);
    await page.reload();
    if (facts.readable) await page.getByRole("button", { name: "Log in" }).click();
    await page.getByLabel("Password").waitFor();
    await picture(visit, `login-${screen}-${colorScheme}`);
    await fits(visit, `the login on a ${screen}`);
    await accessible(visit, `the login, ${colorScheme}, ${screen}`);
  }
  await context.addCookies(cookies);
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
  await page.reload();
}

async function all(visit, colorScheme, screen, only) {
  const { page, facts } = visit;
  const [width, height] = SCREENS[screen];
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
  for (const [name, hash] of Object.entries(views(facts)).filter(([name]) => !only || only.includes(name))) {
    await go(visit, hash);
    await picture(visit, `${name}-${screen}-${colorScheme}`);
    await fits(visit, `${name} on a ${screen}`);
    await accessible(visit, `${name}, ${colorScheme}, ${screen}`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
}
