//! Fuzzes `rebootping::fuzzing::leases`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::leases(data));
