//! Fuzzes `rebootping::fuzzing::announced::dns`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::announced::dns(data));
