//! Fuzzes `rebootping::fuzzing::requested::web`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::requested::web(data));
