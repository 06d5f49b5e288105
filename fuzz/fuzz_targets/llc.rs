//! Fuzzes `rebootping::fuzzing::overheard::llc`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::overheard::llc(data));
