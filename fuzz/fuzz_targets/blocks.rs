//! Fuzzes `rebootping::fuzzing::blocks::blocks`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::blocks::blocks(data));
