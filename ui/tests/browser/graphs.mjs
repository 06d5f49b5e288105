// What a person does with graphs: zoom by mouse and keyboard, one cursor on all, the reason at a moment, the table behind.

import { accessible, assert, go, hash, settled } from "./visit.mjs";

export const graphs = [
  ["dragging over a graph zooms, and the browser's way back leads back", drag],
  ["a graph can be used without a mouse", keyboard],
  ["the cursor stands on all strips at once", shared],
  ["a click on a graph tells why", why],
  ["each graph has a table behind", table],
  ["an event leads to its graph at that moment", event],
];

const plot = (page, at = 0) => page.locator(".plot").nth(at);

async function drag(visit) {
  const { page } = visit;
  await go(visit, "#/?range=24h");
  const before = await hash(page);
  const box = await plot(page).locator(".u-over").boundingBox();
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2, { steps: 5 });
  await page.mouse.up();
  await page.waitForFunction(() => location.hash.includes("from="));
  await settled(page);
  const query = new URLSearchParams((await hash(page)).split("?")[1]);
  const length = (Date.parse(query.get("to")) - Date.parse(query.get("from"))) / 1000;
  assert(Math.abs(length - 0.2 * 86400) < 900, `a fifth of a day is not ${length} s`);
  await page.goBack();
  await page.waitForFunction((before) => location.hash === before, before);
}

async function keyboard(visit) {
  const { page } = visit;
  await page.mouse.move(0, 0);
  await go(visit, "#/?range=1h");
  await plot(page).focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Shift+ArrowLeft");
  const said = await page.locator(".readout").first().innerText();
  assert(said.includes(" · "), `the cursor says ${said}`);
  await page.keyboard.press("+");
  await page.waitForFunction(() => location.hash.includes("from="));
  await settled(page);
  const near = await hash(page);
  await plot(page).focus();
  await page.keyboard.press("PageUp");
  await page.waitForFunction((near) => location.hash !== near, near);
  await settled(page);
  const earlier = await hash(page);
  await plot(page).focus();
  await page.keyboard.press("PageDown");
  await page.waitForFunction((earlier) => location.hash !== earlier, earlier);
  await settled(page);
  // The newest column that has an answer.
  await plot(page).focus();
  await page.keyboard.press("Escape");
  for (let tries = 0; tries < 20 && !(await page.locator(".readout").first().innerText()).includes(" loss"); tries += 1) await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.hash.includes("at="));
}

async function shared(visit) {
  const { page } = visit;
  await go(visit, "#/");
  const box = await plot(page).locator(".u-over").boundingBox();
  await page.mouse.move(box.x + box.width * 0.3, box.y + box.height / 2);
  await page.mouse.move(box.x + box.width * 0.31, box.y + box.height / 2);
  const said = await page.locator(".strip").locator(".readout").allInnerTexts();
  assert(said.every((text) => text.includes(" · ")), `not all say something: ${JSON.stringify(said)}`);
}

async function why(visit) {
  const { page, facts } = visit;
  await go(visit, `#/links/${facts.link}?from=${facts.at - 10}&to=${facts.at + 50}`);
  const box = await plot(page).locator(".u-over").boundingBox();
  await page.mouse.click(box.x + box.width * 0.7, box.y + box.height / 2);
  await page.getByRole("region", { name: "Why" }).getByText("What was counted").waitFor();
  await settled(page);
  await accessible(visit, "the reason");
  await page.getByRole("region", { name: "Why" }).getByRole("button", { name: "Table" }).click();
  const rows = await page.getByRole("region", { name: "Why" }).locator(".numbers tbody tr").count();
  assert(rows > 4, `${rows} pings`);
  await page.getByRole("region", { name: "Why" }).getByRole("button", { name: "Close" }).click();
  await page.waitForFunction(() => !location.hash.includes("at="));
}

async function table(visit) {
  const { page } = visit;
  await go(visit, "#/");
  await page.getByRole("button", { name: "Table" }).first().click();
  const rows = await page.locator(".numbers tbody tr").count();
  assert(rows > 0 && rows < 100, `${rows} rows`);
}

async function event(visit) {
  const { page } = visit;
  await go(visit, "#/events?about=links");
  await page.getByRole("link", { name: "graph" }).first().click();
  await page.getByRole("region", { name: "Why" }).getByText("What was counted").waitFor();
  await settled(page);
  const query = new URLSearchParams((await hash(page)).split("?")[1]);
  const [from, at, to] = [Date.parse(query.get("from")) / 1000, Number(query.get("at")), Date.parse(query.get("to")) / 1000];
  assert(from < at && at < to, `${at} is not between ${from} and ${to}`);
}
