// How a look goes to a page and what it may ask of it.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Goes to a view and waits until everything it asked for is there. */
export async function go({ page, base }, hash) {
  await page.goto(`${base}#/`);
  await page.evaluate((hash) => (location.hash = hash), hash);
  await settled(page);
}

/** Nothing loads any more. */
export async function settled(page) {
  await page.waitForFunction(() => document.querySelector("main") && !document.querySelector(".waiting"));
  // Graphs are painted in the frame after their data came.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** The view, as the address has it. */
export const hash = (page) => page.evaluate(() => location.hash);

export function assert(holds, what) {
  if (!holds) throw new Error(what);
}

/** Serious findings about accessibility; axe comes by the debugger, so the page's policy stays as it is. */
export async function accessible({ page }, where) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id, nodes }) => `${id} at ${nodes.slice(0, 3).map((node) => `${node.target.join(" ")} (${node.any[0]?.message ?? ""})`).join(", ")}`);
  });
  assert(found.length === 0, `${where} is hard to use for some: ${found.join("; ")}`);
}

/** The first bytes of every pcapng file (section 4.1). */
const PCAPNG = [0x0a, 0x0d, 0x0d, 0x0a];

/** What is handed out there is a capture. */
export async function capture({ page }, href) {
  const begin = await page.evaluate(async (href) => [...new Uint8Array(await (await fetch(href)).arrayBuffer()).slice(0, 4)], href);
  assert(begin.join() === PCAPNG.join(), `a capture that begins with ${begin}`);
}

/** More of a long list says nothing new. */
const SCREENS = 4;

/** Keeps a picture for the eye. */
export async function picture({ page, shots }, name) {
  await page.evaluate(() => scrollTo(0, 0));
  const { width, height } = page.viewportSize();
  const whole = await page.evaluate(() => document.documentElement.scrollHeight);
  const clip = { x: 0, y: 0, width, height: Math.min(whole, SCREENS * height) };
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true, clip });
}

/** Nothing is wider than the screen. */
export async function fits({ page }, where) {
  const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert(inner <= outer, `${where} is ${inner} pixels wide on a screen of ${outer}`);
}

/** Whether a graph has been painted: it holds more than one colour. */
export const painted = (page) =>
  page.evaluate(() => {
    const canvas = document.querySelector(".plot canvas");
    const pixels = canvas?.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    const colours = new Set();
    for (let at = 0; at < pixels.length; at += 4) if (pixels[at + 3] > 0) colours.add((pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2]);
    return colours.size;
  });
