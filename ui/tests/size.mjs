// The whole page, packed, is at most 80 kB: it also has to come over a link that is failing.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const MOST = 80_000;
const dist = join(dirname(fileURLToPath(import.meta.url)), "../dist");
const sizes = readdirSync(dist).map((name) => [name, gzipSync(readFileSync(join(dist, name)), { level: 9 }).length]);
const total = sizes.reduce((sum, [, size]) => sum + size, 0);
for (const [name, size] of sizes) console.log(`${String(size).padStart(6)}  ${name}`);
console.log(`${String(total).padStart(6)}  in all, of at most ${MOST} bytes packed`);
process.exit(total <= MOST ? 0 : 1);
