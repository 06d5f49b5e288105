//! Fuzzes `rebootping::fuzzing::captured::capture`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::captured::capture(data));
