//! Everything rebootping decides: pure machines that are told what happened and what time it is, and answer with values.
//!
//! There is no standard library here, so there can be no clock, file, socket, thread, environment or log: `now` is always an
//! argument, and whatever should happen is returned to the program, which does it. Machines share three verbs:
//! `handle_*(input, now)`, `poll_output()` and `next_deadline()`.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod alerts;
mod coder;
pub mod commit;
pub mod control;
pub mod engine;
pub mod history;
pub mod inventory;
pub mod keep;
pub mod link;
pub mod metrics;
pub mod packet;
pub mod time;
pub mod untrusted;
