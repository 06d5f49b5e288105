//! Fuzzes `rebootping::fuzzing::overheard::http`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::overheard::http(data));
