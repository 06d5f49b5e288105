//! Fuzzes `rebootping::fuzzing::ipc`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::ipc(data));
