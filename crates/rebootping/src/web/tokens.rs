//! Tokens for scripts: each has a name and a scope, and only its digest lies on the disk.
//!
//! The file holds a line for each: `NAME SCOPE SHA256 CREATED`.

use super::access::Scope;
use super::digest::{digest, hex};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// All tokens begin so, by which scanners of leaked secrets find them.
const PREFIX: &str = "rebootping_";
/// So many there are at most.
pub(super) const MOST: usize = 64;

/// Where tokens lie in the folder of secrets.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("tokens")
}

/// A token without its secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Token {
    pub(super) name: String,
    pub(super) scope: Scope,
    digest: String,
    pub(super) created: String,
}

impl Token {
    /// A new token and its secret, which is known only now.
    pub(super) fn new(name: &str, scope: Scope, random: [u8; 32], created: &str) -> (Self, String) {
        let secret = format!("{PREFIX}{}", hex(&random));
        let digest = hex(&digest(secret.as_bytes()));
        (Self { name: name.to_owned(), scope, digest, created: created.to_owned() }, secret)
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let (name, scope, digest, created) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let scope = Scope::from_name(scope)?;
        Some(Self { name: name.to_owned(), scope, digest: digest.to_owned(), created: created.to_owned() })
    }

    fn line(&self) -> String {
        format!("{} {} {} {}\n", self.name, self.scope.name(), self.digest, self.created)
    }
}

/// All tokens there are, in the order they were made.
pub(super) fn all(folder: &Path) -> io::Result<Vec<Token>> {
    match fs::read_to_string(path(folder)) {
        Ok(text) => Ok(text.lines().filter_map(Token::parse).take(MOST).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// What the file of these tokens holds.
pub(super) fn file(tokens: &[Token]) -> String {
    tokens.iter().map(Token::line).collect()
}

/// The token that has this secret.
pub(super) fn find(tokens: Vec<Token>, secret: &str) -> Option<Token> {
    let wanted = hex(&digest(secret.as_bytes()));
    tokens.into_iter().find(|token| token.digest == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_by_its_secret_alone() {
        let (token, secret) = Token::new("grafana", Scope::Read, [3; 32], "2026-11-22T10:00:00Z");
        let text = file(std::slice::from_ref(&token));
        assert!(!text.contains(&secret));
        let tokens: Vec<Token> = text.lines().filter_map(Token::parse).collect();
        assert_eq!(find(tokens.clone(), &secret), Some(token));
        assert_eq!(find(tokens, &format!("{secret}0")), None);
    }
}
