//! Fuzzes `rebootping::fuzzing::providers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::providers(data));
