//! A system call by its number, for tests of what a sandbox forbids: few of these calls have a safe wrapper, and none another use here.

use std::io;

/// Makes a call with these arguments and zeros, and says how it went.
pub(crate) fn call(number: libc::c_long, arguments: [libc::c_long; 4]) -> io::Result<()> {
    let [first, second, third, fourth] = arguments;
    let nothing: libc::c_long = 0;
    // SAFETY: every pointer is null, so that the kernel touches no memory of ours; new mappings are where nothing is.
    let result = unsafe { libc::syscall(number, first, second, third, fourth, nothing, nothing) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
