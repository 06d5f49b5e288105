//! Fuzzes `rebootping::fuzzing::overheard::neighbours`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::overheard::neighbours(data));
