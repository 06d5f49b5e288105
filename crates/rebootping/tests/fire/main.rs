//! The daemon under fire: sick company, forged answers, a kernel in motion, crashes and lost power.
//!
//! What takes long is done fewer times unless `REBOOTPING_LONG` is set.

mod admin;
mod beat;
mod clock;
mod company;
mod crash;
mod disk;
mod files;
mod forged;
mod forger;
mod injected;
mod power;
#[path = "../lab/slow_disk.rs"]
#[expect(dead_code, reason = "the tests of the lab ask it more")]
mod slow_disk;
#[path = "../lab/support.rs"]
mod support;
mod wrapper;
mod zoo;

/// So often is done what `make test` does `short` times and `make test-long` `long` times.
fn times(short: usize, long: usize) -> usize {
    if std::env::var_os("REBOOTPING_LONG").is_some() { long } else { short }
}
