// Looks at the page in a real browser, as a person would: node tests/browser/run.mjs --base URL --facts FILE --shots FOLDER [--fail] [--pages] [--measure]
//
// FACTS is JSON: `link` (a link's name as the API has it), `called` (as the page shows it), `device` (a MAC that may be restricted), `guarded` (a MAC whose restriction the
// gateway objects to; optional), `twins` (whether two devices are probably one), `capped` (what a link with a cap of 10 GB is called; optional), `password` (optional), `readable` (one may look without it), `hostile` (names that must be seen as text; may be empty), `at` (unix seconds
// of a switch of that link), `control` (whether orders may be given), `within` (milliseconds in which a broken link is seen; two seconds unless said), `breaks` (another link, by `link` and `called`,
// to be broken at the end; optional), `until` (unix seconds at which the history ends; for --measure).
//
// With --fail it says `break NAME`, later `hang`, on a line of its own and waits for a line on its input that holds the moment of the fault in milliseconds of Unix time: that
// link is broken then, or the page's server says nothing for a while. --pages leaves it at a look at every page, --measure at how long the first page takes.
//
// Says `ok` or `FAILED` for each look, and ends with 1 if one failed. CHROMIUM names another browser than Debian's.

import { chromium } from "playwright-core";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { acts } from "./acts.mjs";
import { devices } from "./devices.mjs";
import { graphs } from "./graphs.mjs";
import { failures } from "./failures.mjs";
import { Guard } from "./guard.mjs";
import { hostile } from "./hostile.mjs";
import { looks } from "./looks.mjs";
import { pages } from "./pages.mjs";
import { states } from "./states.mjs";
import { times } from "./times.mjs";

const { values: asked } = parseArgs({
  options: { base: { type: "string" }, facts: { type: "string" }, shots: { type: "string" }, fail: { type: "boolean" }, pages: { type: "boolean" }, measure: { type: "boolean" } },
});
if (!asked.base || !asked.facts || !asked.shots) {
  console.error("usage: run.mjs --base URL --facts FILE --shots FOLDER [--fail] [--pages] [--measure]");
  process.exit(2);
}

const profile = mkdtempSync(join(tmpdir(), "rebootping-page-"));
mkdirSync(asked.shots, { recursive: true });
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  viewport: { width: 1440, height: 900 },
  acceptDownloads: true,
});

const page = context.pages()[0] ?? (await context.newPage());
const facts = JSON.parse(readFileSync(asked.facts, "utf8"));
const guard = new Guard(page, asked.base);
await guard.begin();
const visit = { page, context, base: asked.base, facts, shots: asked.shots, guard };

let failed = 0;
/** One look: it fails by what it throws, and by what the guard heard meanwhile. */
async function look(name, see) {
  const from = Date.now();
  try {
    await see(visit);
    await guard.check();
    console.log(`ok      ${name} (${Date.now() - from} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${error.message}`);
    await page.screenshot({ path: join(asked.shots, `failed-${failed}.png`) }).catch(() => undefined);
    guard.forget();
  }
}

const whole = [...pages, ...hostile(facts), ...looks, ...graphs, ...devices(facts), ...acts(facts), ...states, ...(asked.fail ? failures : [])];
const all = asked.measure ? times : asked.pages ? pages : whole;
for (const [name, see] of all) await look(name, see);

await context.close();
rmSync(profile, { recursive: true, force: true });
console.log(`${all.length - failed} passed, ${failed} failed; pictures are in ${asked.shots}`);
process.exit(failed === 0 ? 0 : 1);
