//! The program.
#![allow(missing_docs)]
fn main() {}
