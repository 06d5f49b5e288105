//! Fuzzes `rebootping::fuzzing::overheard::quic`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::overheard::quic(data));
