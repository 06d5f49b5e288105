// What else a person does: order something of a link, ask what the keyboard does.

import { accessible, go } from "./visit.mjs";

export const acts = (facts) => [...(facts.control ? [["a link is pinned and given back", pin]] : []), ["the keyboard's help opens and closes", help]];

async function pin(visit) {
  const { page, facts } = visit;
  await go(visit, `#/links/${facts.link}`);
  await page.getByLabel("for").selectOption("10m");
  await page.getByRole("button", { name: "Use only this" }).click();
  await page.getByText("Pinned by you").first().waitFor();
  await page.getByRole("button", { name: "Back to the rule" }).click();
  await page.waitForFunction(() => !document.body.textContent?.includes("Pinned by you"));
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
