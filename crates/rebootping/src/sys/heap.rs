//! How much memory this process has from its allocators: what it holds on to, without what they keep for later.

/// Bytes the C library has handed out (mallinfo(3)); zero where it does not tell.
pub(crate) fn handed_out() -> u64 {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: plain call without arguments.
        let info = unsafe { libc::mallinfo2() };
        info.uordblks.saturating_add(info.hblkhd) as u64
    }
    #[cfg(not(target_env = "gnu"))]
    0
}

/// Bytes of them that SQLite has, its caches included.
pub(crate) fn of_sqlite() -> u64 {
    // SAFETY: plain call without arguments.
    u64::try_from(unsafe { rusqlite::ffi::sqlite3_memory_used() }).unwrap_or(0)
}
