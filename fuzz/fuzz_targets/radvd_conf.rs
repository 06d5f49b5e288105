//! Fuzzes `rebootping::fuzzing::radvd_conf`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::radvd_conf(data));
