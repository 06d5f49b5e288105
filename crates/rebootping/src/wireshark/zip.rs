//! A zip archive of a few small files, which are stored and not compressed (PKWARE's APPNOTE.TXT 6.3, in which the numbers below are).

use flate2::Crc;

/// Read by whatever reads zip at all: version 1.0.
const VERSION: u16 = 10;
/// The same, made on Unix: permissions mean something.
const MADE_BY: u16 = 3 << 8 | VERSION;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
/// The first of January 1980, where dates begin: the same files make the same archive.
const DATE: u16 = 1 << 5 | 1;
/// A plain file that its owner may write and all may read.
const PERMISSIONS: u32 = 0o100_644 << 16;

/// The archive of files with these names and contents.
pub(super) fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let begins = out.len() as u32;
        let about = about(name, content);
        // Section 4.3.7: local file header.
        out.extend(0x0403_4b50_u32.to_le_bytes());
        out.extend(&about);
        out.extend(name.as_bytes());
        out.extend(content);
        // Section 4.3.12: its entry in the central directory.
        directory.extend(0x0201_4b50_u32.to_le_bytes());
        directory.extend(MADE_BY.to_le_bytes());
        directory.extend(&about);
        // No comment, on the first disk, text or not is not said.
        directory.extend([0; 6]);
        directory.extend(PERMISSIONS.to_le_bytes());
        directory.extend(begins.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (begins, length, count) = (out.len() as u32, directory.len() as u32, files.len() as u16);
    out.extend(directory);
    // Section 4.3.16: end of central directory, which is all on this one disk.
    out.extend(0x0605_4b50_u32.to_le_bytes());
    out.extend([0; 4]);
    out.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    out.extend([length.to_le_bytes(), begins.to_le_bytes()].concat());
    out.extend([0; 2]);
    out
}

/// What both headers say of a file alike.
fn about(name: &str, content: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(content);
    let length = content.len() as u32;
    // Stored, at midnight; nothing follows the name.
    let words = [VERSION, FLAGS, 0, 0, DATE].map(u16::to_le_bytes).concat();
    let sums = [crc.sum(), length, length].map(u32::to_le_bytes).concat();
    let lengths = [name.len() as u16, 0].map(u16::to_le_bytes).concat();
    [words, sums, lengths].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_laid_out_as_the_note_says() {
        let zip = archive(&[("a/b".to_owned(), b"abc".to_vec()), ("a/c".to_owned(), Vec::new())]);
        let local = [
            &b"PK\x03\x04\x0a\0\0\x08\0\0\0\0\x21\0"[..],
            &[0xc2, 0x41, 0x24, 0x35, 3, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0],
            b"a/babc",
        ];
        assert!(zip.starts_with(&local.concat()));
        let (first, second) = (local.concat().len(), 33);
        let (begins, length) = (first + second, 2 * 49);
        let end = [&b"PK\x05\x06\0\0\0\0\x02\0\x02\0"[..], &[length as u8, 0, 0, 0, begins as u8, 0, 0, 0, 0, 0]];
        assert_eq!(zip[begins + length..], end.concat());
        assert!(zip[begins..].starts_with(b"PK\x01\x02\x0a\x03\x0a\0\0\x08"));
        assert_eq!(zip[begins + 49 + 42..begins + 49 + 46], (first as u32).to_le_bytes(), "where the second begins");
    }
}
