//! What was: the record of all that was decided on, round trips and traffic, and what can be read from them later.

mod bits;
pub mod columns;
pub mod journal;
pub mod outages;
mod range;
pub mod relay;
pub mod replay;
pub mod rollup;
pub mod samples;
pub mod traffic;

#[cfg(test)]
mod drawn;
