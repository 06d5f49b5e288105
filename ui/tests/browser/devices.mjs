// What a person does with devices: find one among thousands, name it, note something, restrict it, have its packets.

import { accessible, assert, capture, go, hash, picture } from "./visit.mjs";

export const devices = (facts) => [
  ["thousands of devices: few rows are in the page, all can be reached", many],
  ["a search is found from anywhere by one key", search],
  ["the list can be sorted", sort],
  ["the list can be filtered", filter],
  ["lines for Wireshark can be copied", lines],
  ...(facts.control ? orders(facts) : []),
];

const orders = (facts) => [
  ["a name is changed in place, kept by Enter, left by Escape, refused in words, and taken back", rename],
  ["an address is kept for a device that has a name, and given free", fixed],
  ["something is noted of a device, and taken back", note],
  ["how much of its packets is kept is changed, and taken back", keep],
  ...(facts.twins ? [["devices that are probably one are named, merged, and apart again", twins]] : []),
  ["a device is paused for a while, and allowed again", pause],
  ...(facts.guarded ? [["what the gateway objects to is told, and can be insisted on", insist]] : []),
  ["a range of a capture can be downloaded", download],
];

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

async function filter(visit) {
  const { page } = visit;
  for (const name of ["new", "unknown", "listening", "restricted", "all"]) {
    await go(visit, "#/devices");
    const button = page.getByRole("group", { name: "Show" }).getByRole("button", { name: new RegExp(`^${name}`) });
    const promised = Number((await button.innerText()).replace(/\D/g, ""));
    await button.click();
    await page.waitForFunction((name) => document.querySelector("[aria-label=Show] [aria-pressed=true]")?.textContent?.startsWith(name), name);
    const shown = promised === 0 ? 0 : Number(await page.locator("table.devices").getAttribute("aria-rowcount")) - 1;
    assert(shown === promised, `${name} promises ${promised} and shows ${shown}`);
    assert(name === "all" || (await hash(page)).includes(`filter=${name}`), "the address does not hold the filter");
  }
}

async function lines(visit) {
  const { page, facts } = visit;
  await go(visit, `#/devices/${facts.device}`);
  const line = await page.getByText(`rebootping pcap ${facts.device} --follow | wireshark -k -i -`).innerText();
  assert(line.startsWith("ssh root@"), line);
  await page.getByRole("button", { name: "Copy the line" }).first().click();
  await page.locator(".captures").getByRole("link", { name: "Wireshark profile" }).waitFor();
}

async function rename(visit) {
  const { page, facts, guard } = visit;
  await go(visit, `#/devices/${facts.device}`);
  const name = page.locator("h1 button.name");
  const before = await name.innerText();
  const type = async (text, key) => {
    await name.click();
    await page.keyboard.press("Control+a");
    await page.keyboard.type(text);
    await page.keyboard.press(key);
  };
  await type("never-kept", "Escape");
  assert((await name.innerText()) === before, "Escape changed the name");
  guard.expected.add(400);
  await type("<b>no name</b>", "Enter");
  await page.locator(".notice.wrong").getByText("this is no name").waitFor();
  await page.locator(".notice.wrong").getByRole("button", { name: "Close" }).click();
  await guard.check();
  guard.expected.delete(400);
  assert((await name.innerText()) === before, "a name that was refused is shown");
  await type("renamed-by-a-test", "Enter");
  await page.waitForFunction(() => document.querySelector("h1 .name")?.textContent?.includes("renamed-by-a-test"));
  await page.getByRole("button", { name: "Undo" }).click();
  await page.waitForFunction((before) => document.querySelector("h1 .name")?.textContent === before, before);
}

async function fixed(visit) {
  const { page, facts } = visit;
  await go(visit, `#/devices/${facts.device}`);
  const name = page.locator("h1 button.name");
  const before = await name.innerText();
  const call = async (text) => {
    await name.click();
    await page.keyboard.press("Control+a");
    await page.keyboard.type(text);
    await page.keyboard.press("Enter");
  };
  await call("kept-by-a-test");
  const kept = page.locator(".addresses").getByRole("button", { pressed: true });
  await page.locator(".addresses").getByRole("button", { name: "always this" }).first().click();
  await kept.waitFor();
  await kept.click();
  await kept.waitFor({ state: "detached" });
  await page.locator("h1").getByText("kept-by-a-test").waitFor();
  await name.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  await page.keyboard.press("Enter");
  await page.waitForFunction((before) => document.querySelector("h1 .name")?.textContent === before, before);
  await page.reload();
}

async function note(visit) {
  const { page, facts } = visit;
  await go(visit, `#/devices/${facts.device}`);
  const field = page.getByRole("textbox", { name: "Note" });
  const before = await field.inputValue();
  await field.fill("A test was here, <i>once</i>.");
  await page.getByRole("button", { name: "Save" }).click();
  // The field has an undo of its own, until the note is kept.
  const notice = page.locator(".notice").getByRole("button", { name: "Undo" });
  await notice.waitFor();
  await page.waitForFunction(() => document.querySelector("textarea")?.value.startsWith("A test was here"));
  await notice.click();
  await page.waitForFunction((before) => document.querySelector("textarea")?.value === before, before);
}

async function keep(visit) {
  const { page, facts } = visit;
  await go(visit, `#/devices/${facts.device}`);
  const is = (mode) => page.waitForFunction((mode) => document.querySelector("#mode")?.value === mode, mode);
  const done = page.locator(".notice", { hasText: "from now on" });
  const choose = async (mode) => {
    await page.getByLabel("from now on keep").selectOption(mode);
    await done.last().waitFor();
  };
  await is("auto");
  await choose("headers");
  await page.reload();
  await is("headers");
  await choose("off");
  await done.getByRole("button", { name: "Undo" }).click();
  await is("headers");
  await page.reload();
  await is("headers");
  await choose("auto");
  await page.reload();
  await is("auto");
}

async function twins(visit) {
  const { page } = visit;
  await go(visit, "#/devices");
  const named = page.getByRole("region", { name: "Probably one device" });
  await named.getByText("both told their DHCP server that they are").waitFor();
  await picture(visit, "twins-desk-light");
  await named.getByRole("button", { name: /^Merge into / }).click();
  await named.waitFor({ state: "detached" });
  await page.locator(".notice").getByRole("button", { name: "Undo" }).click();
  await named.waitFor();
}

async function pause(visit) {
  const { page, facts } = visit;
  await go(visit, `#/devices/${facts.device}`);
  await page.getByRole("button", { name: "Pause" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("for").selectOption("10m");
  await dialog.getByLabel("only at").fill("daily 00:00-24:00");
  await dialog.getByText(/^until \d/).waitFor();
  await accessible(visit, "the question before a restriction");
  await picture(visit, "asked-desk-light");
  await dialog.getByRole("button", { name: "Pause" }).click();
  await page.getByText(/It is paused daily 00:00-24:00 for \d+ (min|s) more/).waitFor();
  await page.getByRole("button", { name: "Allow again" }).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
}

async function insist(visit) {
  const { page, facts, guard } = visit;
  await go(visit, `#/devices/${facts.guarded}`);
  guard.expected.add(409);
  await page.getByRole("button", { name: "Block" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Block" }).click();
  await dialog.getByRole("alert").waitFor();
  await accessible(visit, "an objection");
  assert((await dialog.getByLabel("for").inputValue()) !== "", "what cuts off others has no end");
  await picture(visit, "objection-desk-light");
  await dialog.getByRole("button", { name: "Do it all the same" }).click();
  await page.getByText(/It is blocked for \d+ (min|h) more/).waitFor();
  await guard.check();
  guard.expected.delete(409);
  await page.getByRole("button", { name: "Allow again" }).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
}

async function download(visit) {
  const { page, facts } = visit;
  await go(visit, `#/devices/${facts.device}`);
  const link = page.getByRole("link", { name: "Download" });
  await page.getByLabel("Packets of").selectOption("what the graph shows");
  const range = new URLSearchParams((await link.getAttribute("href")).split("?")[1]);
  const shown = await page.getByRole("group", { name: "Length" }).locator("[aria-pressed=true]").innerText();
  const length = Date.parse(range.get("until")) - Date.parse(range.get("since"));
  assert(length === { "1h": 3_600_000, "24h": 86_400_000 }[shown], `${range} is not the ${shown} that are shown`);
  await page.getByLabel("Packets of").selectOption("everything kept");
  const href = await link.getAttribute("href");
  assert(/^api\/v1\/devices\/[^/]+\/pcap$/.test(href), `${href} is no path below the page`);
  await capture(visit, href);
}
