//! Fuzzes `rebootping::fuzzing::status_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::status_file(data));
