//! Fuzzes `rebootping::fuzzing::inventoried::inventory`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::inventoried::inventory(data));
