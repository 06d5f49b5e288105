//! Fuzzes `rebootping::fuzzing::announced::dhcp6`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::announced::dhcp6(data));
