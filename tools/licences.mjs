// Writes what is owed to the authors of all that the program is built from: licences.mjs FOLDER makes FOLDER/copyright, in Debian's
// machine-readable form, and FOLDER/licences, every package's own licence files to the letter.
//
// Packages of Rust are those cargo names, packages of the page those whose licence stands at the head of its program. The same lock
// files give the same words.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const tree = join(dirname(fileURLToPath(import.meta.url)), "..");
const read = (...path) => readFileSync(join(tree, ...path), "utf8");

// Debian's names for licences (copyright-format/1.0, section 7.1) where they are not SPDX's.
const DEBIAN = { "MIT": "Expat", "BSD-3-Clause": "BSD-3-clause" };
const WHOLE = "The text, with the lines of each package that is under it, is in /usr/share/doc/rebootping/licences.gz.";

const packages = [...ofRust(), ...ofThePage()].sort((a, b) => (a.name < b.name ? -1 : 1));
writeFileSync(join(process.argv[2], "copyright"), copyright());
writeFileSync(join(process.argv[2], "licences"), licences());

/** What cargo says is in the program: names and versions, where their files are, and who wrote them. */
function ofRust() {
  const cargo = (...words) => execFileSync(join(tree, "tools/cargo"), words, { cwd: tree, encoding: "utf8", maxBuffer: 1 << 28 });
  const lock = ["--locked", "--offline"];
  const host = cargo("--version", "--verbose").match(/^host: (.*)$/m)[1];
  const known = new Map();
  for (const it of JSON.parse(cargo("metadata", ...lock, "--format-version=1", "--filter-platform", host)).packages) {
    known.set(`${it.name} v${it.version}`, it);
  }
  const lines = cargo("tree", ...lock, "--package=rebootping", "--edges=normal", "--prefix=none", "--format={p}").split("\n");
  const names = new Set(lines.map((line) => line.split(" ").slice(0, 2).join(" ")));
  const strangers = [...names].map((name) => known.get(name)).filter((it) => it?.source);
  return strangers.map((it) => described(`${it.name}-${it.version}`, dirname(it.manifest_path), it.license, it.authors));
}

/** What the page says it is made of. */
function ofThePage() {
  const page = readdirSync(join(tree, "ui/dist")).find((file) => /^page-.*\.js$/.test(file));
  const head = read("ui/dist", page).split("*/")[0].split("\n");
  const names = Object.keys(JSON.parse(read("ui/package.json")).dependencies).filter((name) => head.includes(name));
  return names.map((name) => {
    const folder = join(tree, "ui/node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return described(`${name}-${version}`, folder, license, []);
  });
}

function described(name, folder, licence, authors) {
  const isLicence = (file) => /^(licen[cs]e|copying|copyright|notice|unlicense)/i.test(file);
  const files = readdirSync(folder, { withFileTypes: true }).filter((file) => file.isFile() && isLicence(file.name)).map((file) => file.name);
  if (files.length === 0) {
    throw new Error(`${name} has no licence file: what it is under must be carried along, so find its text or another package`);
  }
  const texts = files.sort().map((file) => ({ file, text: readFileSync(join(folder, file), "utf8").replace(/\s+$/, "") }));
  const lines = texts.flatMap(({ text }) => text.split("\n")).map((line) => line.trim());
  // Not the words about them, nor the form that is to be filled in.
  const claims = lines.filter((line) => /^copyright\b/i.test(line) && !/licen[cs]e|notice|holder|owner|[[{<]y|^copyright[\s:]*$/i.test(line));
  const owners = [...new Set(claims.map((line) => line.replace(/^copyright[\s:]*/i, "")))];
  return { name, licence: named(licence), texts, owners: owners.length > 0 ? owners : [authors.join(", ") || `the authors of ${name}`] };
}

/** An expression of SPDX as Debian writes it: a comma where SPDX has brackets (copyright-format/1.0, section 7.2). */
function named(expression) {
  const spaced = expression.replaceAll("/", " OR ").replace(/^\((.*)\) AND /, "$1, AND ").replaceAll(" WITH ", "-with-");
  return spaced.replace(/[^ ,]+/g, (word) => (/^(OR|AND)$/.test(word) ? word.toLowerCase() : (DEBIAN[word] ?? word)));
}

function copyright() {
  const own = read("LICENSE-MIT").trim().split("\n").map((line) => ` ${line || "."}`).join("\n");
  const stanzas = [
    `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: rebootping
Comment: The program is built from the packages below too, each with its files in a folder of its name.`,
    `Files: *\nCopyright: 2026 The rebootping authors\nLicense: Expat or Apache-2.0`,
    ...packages.map(({ name, owners, licence }) => `Files: ${name}/*\nCopyright: ${owners.join("\n ")}\nLicense: ${licence}`),
    `Files: library/*\nCopyright: The Rust Project contributors\nLicense: Expat or Apache-2.0\nComment: Rust's standard library.`,
    `Files: sqlite3/*
Copyright: none
License: public-domain
 The authors of SQLite disclaim copyright to its source code.`,
    `License: Expat\n${own}`,
    `License: Apache-2.0\n On Debian systems the full text is in /usr/share/common-licenses/Apache-2.0.`,
  ];
  const told = new Set(["Expat", "Apache-2.0"]);
  const others = new Set(packages.flatMap(({ licence }) => licence.split(/,? (?:or|and) /)).filter((name) => !told.has(name)));
  return [...stanzas, ...[...others].sort().map((name) => `License: ${name}\n ${WHOLE}`)].join("\n\n") + "\n";
}

/** Every text once, under the names of all that carry it. */
function licences() {
  const carriers = new Map();
  for (const { name, texts } of packages) {
    for (const { file, text } of texts) {
      carriers.set(text, [...(carriers.get(text) ?? []), `${name}/${file}`]);
    }
  }
  return [...carriers].map(([text, names]) => `${"=".repeat(80)}\n${names.join("\n")}\n${"=".repeat(80)}\n\n${text}\n`).join("\n");
}
