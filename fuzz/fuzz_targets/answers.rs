//! Fuzzes `rebootping::fuzzing::answered::answers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::answered::answers(data));
