//! Seeded links, targets and faults in virtual time around the real core.
//!
//! ```text
//! setup ─► world ─► judge (real engine) ──Send──► line ──replies──┐
//!            ▲        │  └─ told the same: shadow ► tally, naive  │
//!            │        ├──Note────► record ► relay, journal, decided again
//!            │        ├──Choose──► gate (real reconciler) ► shorewall, disk
//!            │        └──Keep──► disk                             │
//!          fault      invariant: engine, shadow, files and kernel agree
//! ```
//!
//! A run is decided by its seed: `cargo run --release -p rebootping-sim -- --seed N --verbose` shows it again.

pub mod campaign;
pub mod disk;
pub mod docs;
pub mod fault;
pub mod gate;
mod invariant;
mod judge;
pub mod line;
pub mod log;
pub mod naive;
pub mod record;
pub mod rivals;
pub mod rng;
pub mod setup;
pub mod shadow;
pub mod shorewall;
pub mod switches;
pub mod tally;
pub mod weather;
pub mod world;
