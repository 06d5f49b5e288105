//! Fuzzes `opinion::agree`: what we and etherparse read of a frame.
#![no_main]

#[path = "../opinion.rs"]
mod opinion;

libfuzzer_sys::fuzz_target!(|data: &[u8]| opinion::agree(data));
