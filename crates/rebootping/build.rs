//! Packs the page, which `make build` builds in `ui/dist`, into the program.

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::{env, fs, process};

/// What to do where there is no page.
const REMEDY: &str = "the page is not built (ui/dist/index.html is missing): run `make build`, or build without it by `cargo build --no-default-features`";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let files = if env::var_os("CARGO_FEATURE_UI").is_some() { page() } else { Ok(Vec::new()) };
    let written = files.and_then(|files| write(&files));
    if let Err(error) = written {
        println!("cargo::error={error}");
        process::exit(1);
    }
}

/// The files of the page by their names below `ui/dist`, sorted.
fn page() -> io::Result<Vec<(String, PathBuf)>> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../ui/dist");
    println!("cargo::rerun-if-changed={}", root.display());
    if !root.join("index.html").is_file() {
        return Err(io::Error::other(REMEDY));
    }
    let mut files = Vec::new();
    gather(&root, "", &mut files)?;
    files.sort();
    Ok(files)
}

fn gather(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            gather(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push((name, entry.path()));
        }
    }
    Ok(())
}

/// Writes the packed files, and the table that includes them.
fn write(files: &[(String, PathBuf)]) -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut table = String::from("static FILES: &[File] = &[\n");
    for (number, (name, path)) in files.iter().enumerate() {
        let content = fs::read(path)?;
        let packed = out.join(format!("page-{number}.gz"));
        let mut encoder = GzEncoder::new(fs::File::create(&packed)?, Compression::best());
        encoder.write_all(&content)?;
        encoder.finish()?;
        let tag = Sha256::digest(&content).iter().take(12).fold(String::new(), |tag, byte| format!("{tag}{byte:02x}"));
        let kind =
            kind(name).ok_or_else(|| io::Error::other(format!("ui/dist/{name}: no kind of file the page has")))?;
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "    File {{ name: {name:?}, kind: {kind:?}, is_hashed: {}, tag: \"\\\"{tag}\\\"\", packed: include_bytes!({:?}) }},",
            is_hashed(name),
            packed.to_string_lossy(),
        );
    }
    table.push_str("];\n");
    fs::write(out.join("page.rs"), table)
}

/// Whether a name holds a digest, as esbuild writes it: `main-4GQ2XV5A.js`.
fn is_hashed(name: &str) -> bool {
    let stem = name.rsplit('/').next().and_then(|file| file.split('.').next()).unwrap_or_default();
    let is_digest = |part: &str| part.len() == 8 && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    stem.rsplit_once('-').is_some_and(|(_, digest)| is_digest(digest))
}

fn kind(name: &str) -> Option<&'static str> {
    Some(match name.rsplit('.').next()? {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        "json" => "application/json",
        _ => return None,
    })
}
