//! Fuzzes `rebootping::fuzzing::recorded::history`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::recorded::history(data));
