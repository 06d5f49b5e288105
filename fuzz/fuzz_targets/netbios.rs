//! Fuzzes `rebootping::fuzzing::announced::netbios`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::announced::netbios(data));
