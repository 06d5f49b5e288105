//! Fuzzes `rebootping::fuzzing::overheard::lldp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::overheard::lldp(data));
