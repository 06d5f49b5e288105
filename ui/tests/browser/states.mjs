// What is empty, broken or late is said to be, and mends itself.

import { accessible, assert, go, settled } from "./visit.mjs";

export const states = [
  ["an answer that fails says what and what to do, and can be asked again", broken],
  ["a house without devices is no error", empty],
  ["what is waited for has a shape", waiting],
  ["a stream that does not come is said, and comes back by itself", silent],
];

const LIST = /\/api\/v1\/devices$/;
const STREAM = /\/api\/v1\/events$/;

async function broken(visit) {
  const { page, guard } = visit;
  guard.expected.add(503);
  await go(visit, "#/setup");
  await page.route(LIST, (route) => route.fulfill({ status: 503, json: { schema: 1, error: "The observer does not answer; try again in a moment." } }));
  await page.evaluate(() => (location.hash = "#/devices"));
  await page.getByText("The observer does not answer").waitFor();
  await accessible(visit, "a failed answer");
  await page.unroute(LIST);
  await page.getByRole("button", { name: "Ask again" }).click();
  await page.locator("table.devices").waitFor();
  await guard.check();
  guard.expected.delete(503);
}

async function empty(visit) {
  const { page } = visit;
  await go(visit, "#/setup");
  await page.route(LIST, (route) => route.fulfill({ json: { schema: 1, devices: [] } }));
  await page.evaluate(() => (location.hash = "#/devices"));
  await page.getByText("No device yet").waitFor();
  await page.unroute(LIST);
}

async function waiting(visit) {
  const { page } = visit;
  await go(visit, "#/setup");
  let answer;
  const asked = new Promise((asked) => page.route(LIST, (route) => asked((answer = () => route.continue()))));
  await page.evaluate(() => (location.hash = "#/devices"));
  await asked;
  assert((await page.locator(".waiting").count()) > 0, "nothing says that it loads");
  await answer();
  await settled(page);
  await page.unroute(LIST);
}

async function silent(visit) {
  const { page, base, guard } = visit;
  guard.expected.add("ERR_FAILED");
  await page.route(STREAM, (route) => route.abort());
  await page.goto(`${base}#/setup`);
  await page.reload();
  await page.getByText("connecting").waitFor();
  await page.unroute(STREAM);
  await page.waitForFunction(() => document.querySelector(".clock")?.textContent?.includes("live"));
  await guard.check();
  guard.expected.delete("ERR_FAILED");
}
