//! What was: the record of all that was decided on, and what can be read from it later.

pub mod journal;
pub mod relay;
pub mod replay;

#[cfg(test)]
mod drawn;
