//! `rebootping web`: who may see the page.

use clap::{Subcommand, ValueEnum};
use std::net::IpAddr;

/// What is changed about the page.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum WebOrder {
    /// Serve it on the LAN too, set its password if there is none, and print where it is.
    Enable {
        /// An address to serve it on; without any, all of the LAN's. An Internet link's is refused.
        #[arg(long = "address", value_name = "ADDRESS")]
        addresses: Vec<IpAddr>,
        /// The port.
        #[arg(long, value_name = "PORT", default_value_t = 8067, value_parser = clap::value_parser!(u16).range(1..))]
        port: u16,
    },
    /// Make, list and revoke tokens for scripts.
    #[command(subcommand)]
    Token(TokenOrder),
}

/// What is done with tokens.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum TokenOrder {
    /// Make a token and print it; it is not shown again.
    Add {
        /// What to call it.
        #[arg(value_name = "NAME", value_parser = word)]
        name: String,
        /// What it allows.
        #[arg(long, value_name = "SCOPE", default_value = "read")]
        scope: TokenScope,
    },
    /// List the names and scopes of all tokens.
    List,
    /// Have a token not be valid any more.
    Revoke {
        /// The token.
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenScope {
    /// To look at everything but packets.
    Read,
    /// To change things too, and to have packets.
    Control,
}

/// The name of a token.
fn word(text: &str) -> Result<String, String> {
    let is_word = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if is_word && (1..=32).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    Err("write up to 32 letters, digits, -, _ and .".to_owned())
}
