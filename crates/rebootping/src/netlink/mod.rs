//! Asks the kernel about links, addresses, routes, neighbours and rules, and hears of every change to them.
//!
//! Written here because a library that refuses a whole message for one attribute of a newer kernel loses links: this
//! room skips what it does not know, counts what is too short, and never fails over the content of a message.
//!
//! ```text
//! kernel ─ datagram ─► socket ─► wire (headers, attributes) ─► decode ─► Message ─► snapshot
//!                        ▲                                                            │
//!                        └──────────────── watch (dumps, and again after an overrun) ─┘
//! committer ─► change, conntrack, nftables, lifetimes, translation ─► exchange ─► kernel
//! ```

pub(crate) mod change;
pub(crate) mod conntrack;
pub(crate) mod decode;
mod exchange;
pub(crate) mod lifetimes;
pub(crate) mod message;
pub(crate) mod nftables;
pub(crate) mod snapshot;
pub(crate) mod socket;
pub(crate) mod translation;
mod uapi;
pub(crate) mod watch;
pub(crate) mod way;
mod wire;

#[cfg(test)]
mod tests;
