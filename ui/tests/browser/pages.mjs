// Every page is there, says what it should, and can be used by everybody.

import { accessible, assert, go, painted, settled } from "./visit.mjs";

export const pages = [
  ["the first page", first],
  ["what is left of a link's cap", capped],
  ["links", ({ facts, ...visit }) => seen({ facts, ...visit }, "#/links", facts.called)],
  ["one link", ({ facts, ...visit }) => seen({ facts, ...visit }, `#/links/${facts.link}`, facts.called)],
  ["outages", (visit) => seen(visit, "#/outages", "Outages")],
  ["devices", (visit) => seen(visit, "#/devices", "devices")],
  ["one device", (visit) => seen(visit, `#/devices/${visit.facts.device}`, visit.facts.device)],
  ["events", (visit) => seen(visit, "#/events", "Events")],
  ["setup", (visit) => seen(visit, "#/setup", "Look again")],
  ["an address that is none", (visit) => seen(visit, "#/nowhere/%E0%A4%A", visit.facts.called)],
];

/** Logs in where one must; then all of the first page, with how long it took. */
async function first(visit) {
  const { page, base, facts } = visit;
  if (facts.password) await login(visit);
  const from = Date.now();
  await page.goto(base);
  await page.locator(".tile").first().waitFor();
  await settled(page);
  const took = Date.now() - from;
  console.log(`        the first page took ${took} ms`);
  await page.getByText(facts.called, { exact: true }).first().waitFor();
  assert((await painted(page)) > 4, "the strips are blank");
  await page.waitForFunction(() => document.querySelector(".clock")?.textContent?.includes("live"));
  await accessible(visit, "the first page");
}

async function capped(visit) {
  const { page, facts } = visit;
  if (!facts.capped) return;
  await go(visit, "#/");
  const tile = page.locator(".tile", { has: page.getByRole("heading", { name: facts.capped }) });
  await tile.getByText(/ of 10.GB used, .* left until \d+ [A-Z]/).waitFor();
}

async function login(visit) {
  const { page, base, facts, guard } = visit;
  await page.goto(base);
  await ask(visit);
  await accessible(visit, "the login");
  guard.expected.add(401);
  await page.getByLabel("Password").fill("not it");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").waitFor();
  await guard.check();
  guard.expected.delete(401);
  await page.getByLabel("Password").fill(facts.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Log out" }).click();
  await ask(visit);
  await page.getByLabel("Password").fill(facts.password);
  await page.keyboard.press("Enter");
  await page.locator(".tile").first().waitFor();
}

/** Where one may look without a password, the login waits to be asked for. */
async function ask({ page, facts }) {
  if (facts.readable) await page.getByRole("button", { name: "Log in" }).click();
  await page.getByLabel("Password").waitFor();
}

async function seen(visit, hash, text) {
  const { page, guard } = visit;
  await go(visit, hash);
  await page.locator("main").getByText(text).first().waitFor();
  assert(!(await page.locator(".trouble").count()), `trouble: ${await page.locator(".trouble").allTextContents()}`);
  await guard.check();
  await accessible(visit, hash);
}
