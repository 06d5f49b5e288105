//! Fuzzes `rebootping::fuzzing::overheard::tls`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::overheard::tls(data));
