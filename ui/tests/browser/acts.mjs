// What else a person does: order something of a link, ask what the keyboard does.

import { accessible, assert, capture, go } from "./visit.mjs";

export const acts = (facts) => [...(facts.control ? orders : []), ["the keyboard's help opens and closes", help]];

const orders = [
  ["a link is pinned and given back", pin],
  ["a link's packets can be downloaded", packets],
];

async function pin(visit) {
  const { page, facts } = visit;
  await go(visit, `#/links/${facts.link}`);
  await page.getByLabel("for").selectOption("10m");
  await page.getByRole("button", { name: "Use only this" }).click();
  await page.getByText("Pinned by you").first().waitFor();
  await page.getByRole("button", { name: "Back to the rule" }).click();
  await page.waitForFunction(() => !document.body.textContent?.includes("Pinned by you"));
}

async function packets(visit) {
  const { page, facts } = visit;
  await go(visit, `#/links/${facts.link}`);
  const link = page.locator(".captures").getByRole("link", { name: "Download" });
  await page.getByLabel("Packets of").selectOption("the last 10 minutes");
  const href = await link.getAttribute("href");
  assert(/^api\/v1\/links\/[^/]+\/pcap\?since=10m$/.test(href), `${href} is not what was chosen`);
  await capture(visit, href);
  await page.getByText(`rebootping pcap ${facts.link} --follow | wireshark -k -i -`).waitFor();
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
