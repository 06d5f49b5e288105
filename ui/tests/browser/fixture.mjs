// The looks of run.mjs at the fixture's office, open to all, behind a password, and with a password for changes alone: node tests/browser/fixture.mjs [SHOTS]

import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { HOSTILE } from "../fixture/data.mjs";
import { serve } from "../fixture/serve.mjs";

/** So long the office says nothing when it hangs, in seconds. */
const HANGS = 12;
const home = dirname(fileURLToPath(import.meta.url));
const shots = process.argv[2] ?? join(home, "../../../target/page");
mkdirSync(shots, { recursive: true });

const open = await serve();
let failed = await looked(open, {}, ["--fail"]);
open.stop();
for (const readable of [false, true]) {
  const password = "an office's password";
  const closed = await serve(0, password, readable);
  failed ||= await looked(closed, { password, readable }, ["--pages"]);
  closed.stop();
}
process.exit(failed);

/** Runs the looks, breaks the link when they ask for it, and answers how they ended. */
async function looked({ url, office }, access, more) {
  const hostile = HOSTILE.map((name, at) => ({ mac: office.devices[20 + at].mac, shown: shown(name) }));
  const facts = { link: "wan2", called: "dsl", device: office.devices[3].mac, guarded: office.devices[16].mac, hostile, at: Math.floor(Date.now() / 1000) - 1140, control: true, twins: true, capped: "lte", ...access };
  const file = join(shots, "facts.json");
  writeFileSync(file, JSON.stringify(facts));
  const run = spawn(process.execPath, [join(home, "run.mjs"), "--base", url, "--facts", file, "--shots", shots, ...more], { stdio: ["pipe", "pipe", "inherit"] });
  createInterface({ input: run.stdout }).on("line", (line) => {
    console.log(line);
    if (line.startsWith("break ")) office.break(line.slice("break ".length));
    else if (line === "hang") office.hang(HANGS);
    else return;
    run.stdin.write(`${Date.now()}\n`);
  });
  return new Promise((ended) => run.on("close", ended));
}

/** A part of the name as it must be seen. */
function shown(name) {
  if (name.includes("\u202e")) return "printer\\u{202e}gnp.exe";
  if (name.includes("\u200b")) return "zero\\u{200b}width\\u{2066}hidden";
  if (name.includes("\t")) return "tab\\u{9}here\\u{a}new line\\u{7}bell";
  return [...name].slice(0, 4).join("");
}
