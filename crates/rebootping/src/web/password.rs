//! The page's password, of which only an argon2id hash lies on the disk.
//!
//! The file holds one line: `argon2id MEMORY PASSES LANES SALT HASH`, memory in KiB, salt and hash in hexadecimal.

use super::digest::{Digest, digest, hex, unhex};
use argon2::{Algorithm, Argon2, Params, Version};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What OWASP's password storage cheat sheet asks for at least: 19 MiB, two passes, one lane.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// Nobody who may write the file can make a login take more, in KiB and passes.
const DEAREST: (u32, u32) = (256 * 1024, 16);
const SALT: usize = 16;
const HASH: usize = 32;

/// A shorter password is guessed too soon.
pub(super) const SHORTEST: usize = 8;
/// A longer one is refused before it is hashed.
pub(super) const LONGEST: usize = 1024;

/// Where the password's hash lies in the folder of secrets.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("password")
}

/// A stored password.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stored {
    cost: (u32, u32, u32),
    salt: Vec<u8>,
    hash: Vec<u8>,
    /// By which sessions know that it is still the one they began with.
    pub(super) mark: Digest,
}

impl Stored {
    /// The password that is set; none if none is.
    pub(super) fn read(folder: &Path) -> io::Result<Option<Self>> {
        let text = match fs::read_to_string(path(folder)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let damaged = || io::Error::other("the file of the password is damaged; set it anew with `rebootping passwd`");
        Self::parse(&text).map(Some).ok_or_else(damaged)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        if words.next()? != "argon2id" {
            return None;
        }
        let mut number = || words.next()?.parse::<u32>().ok();
        let cost = (number()?, number()?, number()?);
        let (salt, hash) = (unhex(words.next()?)?, unhex(words.next()?)?);
        let is_bearable = cost.0 <= DEAREST.0 && cost.1 <= DEAREST.1 && hash.len() == HASH;
        is_bearable.then(|| Self { cost, salt, hash, mark: digest(text.as_bytes()) })
    }

    /// Whether this is the password. Takes some ten milliseconds and the memory of its cost.
    pub(super) fn is(&self, password: &str) -> bool {
        let Some(hash) = hash(password, &self.salt, self.cost) else { return false };
        // Not ended early, so that the time it takes tells nothing.
        let difference = hash.iter().zip(&self.hash).fold(0, |sum, (one, other)| sum | (one ^ other));
        password.len() <= LONGEST && difference == 0
    }
}

/// What is stored of a password.
pub(super) fn line(password: &str, salt: [u8; SALT]) -> io::Result<String> {
    let hash = hash(password, &salt, COST).ok_or_else(|| io::Error::other("the password could not be hashed"))?;
    let (memory, passes, lanes) = COST;
    Ok(format!("argon2id {memory} {passes} {lanes} {} {}\n", hex(&salt), hex(&hash)))
}

fn hash(password: &str, salt: &[u8], (memory, passes, lanes): (u32, u32, u32)) -> Option<[u8; HASH]> {
    let params = Params::new(memory, passes, lanes, Some(HASH)).ok()?;
    let mut hash = [0; HASH];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into(password.as_bytes(), salt, &mut hash).ok()?;
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_itself_and_no_other() {
        let line = line("correct horse", [7; SALT]).unwrap();
        let stored = Stored::parse(&line).unwrap();
        assert!(stored.is("correct horse"));
        assert!(!stored.is("correct hors") && !stored.is("") && !stored.is(&"x".repeat(LONGEST + 1)));
        assert!(!line.contains("correct"));
    }

    #[test]
    fn the_hash_is_that_of_the_reference_program() {
        // `printf password | argon2 somesalt -id -v 13 -k 256 -t 2 -p 1 -l 32`, of the package argon2.
        let hash = hash("password", b"somesalt", (256, 2, 1)).unwrap();
        assert_eq!(hex(&hash), "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe");
    }

    #[test]
    fn a_damaged_file_is_no_password() {
        for text in ["", "argon2i 8 1 1 00 00", "argon2id 8 1 1 0 00", "argon2id 99999999 2 1 00 00", "argon2id x"] {
            assert_eq!(Stored::parse(text), None, "{text:?}");
        }
    }
}
