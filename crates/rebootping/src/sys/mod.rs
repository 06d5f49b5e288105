//! The raw system calls that no safe wrapper offers: the only `unsafe` code of the program.
#![expect(unsafe_code, reason = "packet sockets, rings, control messages and allocators have no safe interface")]

#[cfg(test)]
pub(crate) mod attempt;
pub(crate) mod heap;
mod options;
pub(crate) mod packet_socket;
pub(crate) mod ring;

pub(crate) use options::{Instruction, branch, step};

use std::io;

/// Lets this process run before others when the machine is busy (setpriority(2)); needs root.
pub(crate) fn run_first(nice: libc::c_int) -> io::Result<()> {
    // SAFETY: plain system call without pointers.
    options::checked(unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) }).map(drop)
}
