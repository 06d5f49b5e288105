//! Fuzzes `rebootping::fuzzing::announced::ssdp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::announced::ssdp(data));
