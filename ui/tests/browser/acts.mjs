// What a person does on the page works, by mouse and by keyboard, and can be taken back.

import { accessible, assert, go, settled } from "./visit.mjs";

export const acts = (facts) => [
  ["dragging over a graph zooms, and the browser's way back leads back", drag],
  ["a graph can be used without a mouse", keyboard],
  ["the cursor stands on all strips at once", shared],
  ["a click on a graph tells why", why],
  ["each graph has a table behind", table],
  ["thousands of devices: few rows are in the page, all can be reached", many],
  ["a search is found from anywhere by one key", search],
  ["the list can be sorted", sort],
  ...(facts.control ? [["a name is changed in place, kept by Enter, left by Escape, and taken back", rename], ["a link is pinned and given back", pin]] : []),
  ["a capture can be downloaded and its line copied", captures],
  ["the keyboard's help opens and closes", help],
];

const hash = (page) => page.evaluate(() => location.hash);
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
  await go(visit, "#/?range=24h");
  await plot(page).focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Shift+ArrowLeft");
  const said = await page.locator(".readout").first().innerText();
  assert(said.length > 0, "the cursor says nothing");
  await page.keyboard.press("+");
  await page.waitForFunction(() => location.hash.includes("from="));
  await settled(page);
  const near = await hash(page);
  await plot(page).focus();
  await page.keyboard.press("PageUp");
  await page.waitForFunction((near) => location.hash !== near, near);
  await settled(page);
  await plot(page).focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.hash.includes("at="));
}

async function shared(visit) {
  const { page, facts } = visit;
  await go(visit, "#/");
  const box = await plot(page).locator(".u-over").boundingBox();
  await page.mouse.move(box.x + box.width * 0.3, box.y + box.height / 2);
  await page.mouse.move(box.x + box.width * 0.31, box.y + box.height / 2);
  const said = await page.locator(".strip").locator(".readout").allInnerTexts();
  assert(!facts.history || said.every((text) => text.length > 0), `not all say something: ${JSON.stringify(said)}`);
}

async function why(visit) {
  const { page, facts } = visit;
  await go(visit, `#/links/${facts.link}?range=1h`);
  const box = await plot(page).locator(".u-over").boundingBox();
  await page.mouse.click(box.x + box.width * 0.7, box.y + box.height / 2);
  await page.getByRole("region", { name: "Why" }).getByText("What was counted").waitFor();
  await settled(page);
  await accessible(visit, "the reason");
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

async function many(visit) {
  const { page } = visit;
  await go(visit, "#/devices");
  const all = Number(await page.locator("table.devices").getAttribute("aria-rowcount")) - 1;
  const inside = await page.locator("tbody tr:not(.room)").count();
  assert(inside <= Math.min(all, 80), `${inside} rows of ${all} are in the page`);
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await page.waitForFunction((last) => document.querySelector(`tr[aria-rowindex="${last}"]`), all + 1);
}

async function search(visit) {
  const { page, facts } = visit;
  await go(visit, "#/setup");
  await page.keyboard.press("/");
  await page.waitForFunction(() => document.activeElement?.getAttribute("type") === "search");
  await page.keyboard.type(facts.device);
  await page.waitForFunction(() => document.querySelectorAll("tbody tr:not(.room)").length === 1);
  assert((await hash(page)).includes("q="), "the address does not hold the search");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !location.hash.includes("q="));
}

async function sort(visit) {
  const { page } = visit;
  await go(visit, "#/devices");
  await page.getByRole("button", { name: "Month" }).click();
  await page.waitForFunction(() => document.querySelector("th[aria-sort=descending]")?.textContent?.includes("Month"));
  await page.getByRole("button", { name: "Month" }).click();
  await page.waitForFunction(() => document.querySelector("th[aria-sort=ascending]")?.textContent?.includes("Month"));
}

async function rename(visit) {
  const { page, facts } = visit;
  await go(visit, `#/devices/${facts.device}`);
  const name = page.locator("h1 button.name");
  const before = await name.innerText();
  await name.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("never kept");
  await page.keyboard.press("Escape");
  assert((await name.innerText()) === before, "Escape changed the name");
  await name.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("Renamed <b>by a test</b>");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("h1 .name")?.textContent?.includes("Renamed <b>by a test</b>"));
  await page.getByRole("button", { name: "Undo" }).click();
  await page.waitForFunction((before) => document.querySelector("h1 .name")?.textContent === before, before);
}

async function pin(visit) {
  const { page, facts } = visit;
  await go(visit, `#/links/${facts.link}`);
  await page.getByLabel("for").selectOption("10m");
  await page.getByRole("button", { name: "Use only this" }).click();
  await page.getByText("Pinned by you").first().waitFor();
  await page.getByRole("button", { name: "Back to the rule" }).click();
  await page.waitForFunction(() => !document.body.textContent?.includes("Pinned by you"));
}

async function captures(visit) {
  const { page, facts } = visit;
  await go(visit, `#/devices/${facts.device}`);
  const line = await page.getByText(`rebootping pcap ${facts.device} --follow | wireshark -k -i -`).innerText();
  assert(line.startsWith("ssh root@"), line);
  await page.getByRole("button", { name: "Copy the line" }).click();
  if (!facts.control) return;
  const link = await page.getByRole("link", { name: "Download" }).getAttribute("href");
  assert(/^api\/v1\/devices\/[^/]+\/pcap/.test(link), `${link} is no path below the page`);
}

async function help(visit) {
  const { page } = visit;
  await go(visit, "#/events");
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await accessible(visit, "the keyboard's help");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector("dialog"));
}
