//! Fuzzes `rebootping::fuzzing::dhcp_server`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rebootping::fuzzing::dhcp_server(data));
