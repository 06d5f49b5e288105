// Makes ui/dist: one page, one program, one style sheet and one icon, each with its hash in its name, and nothing beside.

import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const home = dirname(fileURLToPath(import.meta.url));
const dist = join(home, "dist");

const made = await build({
  entryPoints: [join(home, "src/main.tsx")],
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  charset: "utf8",
  outdir: dist,
  write: false,
  metafile: true,
});
const bundled = (ending) => made.outputFiles.find((file) => file.path.endsWith(ending)).contents;

const program = Buffer.concat([Buffer.from(await licences()), Buffer.from(bundled(".js"))]);
const files = {
  CSS: named("style", "css", bundled(".css")),
  JS: named("page", "js", program),
  ICON: named("icon", "svg", await readFile(join(home, "src/icon.svg"))),
};

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
let page = await readFile(join(home, "src/index.html"), "utf8");
for (const [word, { name, content }] of Object.entries(files)) {
  page = page.replace(`%${word}%`, name);
  await writeFile(join(dist, name), content);
}
await writeFile(join(dist, "index.html"), page);

/** A file whose name changes with its content, so that a browser may keep it for ever. */
function named(name, ending, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
  return { name: `${name}-${hash}.${ending}`, content };
}

/** The licences of what is bundled ask to be carried along. */
async function licences() {
  const packages = new Set(
    Object.keys(made.metafile.inputs).flatMap((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? []),
  );
  const texts = [...packages].sort().map(async (name) => {
    const text = await readFile(join(home, "node_modules", name, "LICENSE"), "utf8");
    return `${name}\n${text.trim()}`;
  });
  return `/*!\n${(await Promise.all(texts)).join("\n\n")}\n*/\n`;
}
