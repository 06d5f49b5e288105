//! Keeps a gateway's new connections on the Internet links that work: probes each, chooses, and commits to Shorewall.

use std::process::ExitCode;

fn main() -> ExitCode {
    rebootping::main()
}
