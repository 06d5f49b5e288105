//! The ring in which the kernel leaves the frames of every interface, block by block and without a system call a frame.
//!
//! `TPACKET_V3` of the kernel's `packet_mmap` documentation. A block belongs to the kernel or to us, and its status word
//! says to whom. What is ready is ours until it is given back; a ring whose blocks all wait for us loses frames, counted.
//! Opening a ring needs `CAP_NET_RAW`; everything else here works without any capability.

use super::options::{Instruction, attach, checked, hear, open, set_option};
use std::io;
use std::mem::{offset_of, size_of, size_of_val, zeroed};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The largest frame that comes whole is a little shorter than this: BIG TCP makes them of half a megabyte. A block this
/// long also holds about a millisecond of 10 Gbit/s, so that a busy reader wakes a thousand times a second at most.
pub(crate) const BLOCK: usize = 1 << 20;

/// Bytes the kernel leaves free in front of each frame: a VLAN tag fits there, and moving the two MACs puts it in place.
pub(crate) const RESERVE: usize = 4;

/// The kernel wants to know, and version 3 does not use it: frames lie one behind the other.
const FRAME: u32 = 2048;

/// How large a ring is and how long a frame waits in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Blocks of [`BLOCK`] bytes.
    pub(crate) blocks: u16,
    /// A block that is not full by then is handed over all the same.
    pub(crate) retire: Duration,
}

/// A packet socket on every interface, and the memory it shares with the kernel.
#[derive(Debug)]
pub(crate) struct Ring {
    fd: OwnedFd,
    memory: Memory,
    /// The block to be read next, and how many there are.
    next: usize,
    blocks: usize,
    statistics: Statistics,
}

/// What the kernel counted since the ring was opened.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Statistics {
    /// Frames that passed the filter, those without room included.
    pub(crate) packets: u64,
    /// Frames for which no block was free.
    pub(crate) drops: u64,
}

impl Ring {
    /// Opens a ring that hears what passes the filter, on all interfaces there are and will be, from its first frame on.
    pub(crate) fn open(settings: Settings, filter: &[Instruction]) -> io::Result<Self> {
        let socket = open(libc::SOCK_RAW)?;
        let fd = socket.as_fd();
        attach(fd, filter)?;
        set_packet_option(fd, libc::PACKET_VERSION, &(libc::tpacket_versions::TPACKET_V3 as libc::c_int))?;
        set_packet_option(fd, libc::PACKET_RESERVE, &(RESERVE as libc::c_uint))?;
        set_packet_option(fd, libc::PACKET_TIMESTAMP, &libc::SOF_TIMESTAMPING_SOFTWARE)?;
        let length = BLOCK * usize::from(settings.blocks);
        set_packet_option(fd, libc::PACKET_RX_RING, &request(settings, length))?;
        let memory = Memory::shared(fd, length)?;
        // Until here its protocol was 0, which hears nothing: no frame went past the filter or the ring.
        hear(fd, libc::ETH_P_ALL as u16, 0)?;
        let blocks = usize::from(settings.blocks);
        Ok(Self { fd: socket, memory, next: 0, blocks, statistics: Statistics::default() })
    }

    /// The oldest block the kernel has handed over; dropping it gives it back. It is readable when poll(2) says so.
    pub(crate) fn next_block(&mut self) -> Option<Block<'_>> {
        // Acquire: what the kernel wrote before it handed the block over is seen after this.
        let ready = self.status().load(Ordering::Acquire) & libc::TP_STATUS_USER != 0;
        // Lazily: a block that is made is given back when it is dropped, be it ours or not.
        ready.then(|| Block { ring: self })
    }

    /// Puts another filter in place of the one before, between two frames.
    pub(crate) fn attach(&self, filter: &[Instruction]) -> io::Result<()> {
        attach(self.as_fd(), filter)
    }

    /// Has an interface pass frames to others up, or no longer; the kernel forgets it with the interface.
    pub(crate) fn set_promiscuous(&self, index: u32, on: bool) -> io::Result<()> {
        let option = if on { libc::PACKET_ADD_MEMBERSHIP } else { libc::PACKET_DROP_MEMBERSHIP };
        // SAFETY: all-zero is a valid packet_mreq.
        let mut request: libc::packet_mreq = unsafe { zeroed() };
        request.mr_ifindex = i32::try_from(index).map_err(io::Error::other)?;
        request.mr_type = libc::PACKET_MR_PROMISC as libc::c_ushort;
        set_packet_option(self.as_fd(), option, &request)
    }

    /// What the kernel counted so far; it forgets what it has told, so this is the one place that asks.
    pub(crate) fn statistics(&mut self) -> io::Result<Statistics> {
        // SAFETY: all-zero is a valid tpacket_stats_v3.
        let mut new: libc::tpacket_stats_v3 = unsafe { zeroed() };
        let mut length = size_of_val(&new) as libc::socklen_t;
        let into = (&raw mut new).cast();
        // SAFETY: `into` points to a live structure of the length given.
        checked(unsafe {
            libc::getsockopt(self.fd.as_raw_fd(), libc::SOL_PACKET, libc::PACKET_STATISTICS, into, &raw mut length)
        })?;
        self.statistics.packets = self.statistics.packets.saturating_add(u64::from(new.tp_packets));
        self.statistics.drops = self.statistics.drops.saturating_add(u64::from(new.tp_drops));
        Ok(self.statistics)
    }

    fn status(&self) -> &AtomicU32 {
        let at = self.next * BLOCK + offset_of!(libc::tpacket_block_desc, hdr);
        // SAFETY: `next` is below the number of blocks, so this lies in the memory, which lives as long as `self`; it is
        // aligned, as blocks are pages; and both sides only ever touch the word atomically.
        unsafe { AtomicU32::from_ptr(self.memory.start.as_ptr().add(at).cast()) }
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A block that is ours: frames with a header each (`struct tpacket3_hdr`), as a chain.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    ring: &'a mut Ring,
}

impl Block<'_> {
    /// All bytes of the block, beginning with its header (`struct tpacket_block_desc`).
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the block lies in the memory, which lives as long as the ring. The kernel writes nothing in a block that
        // is not its own, and this one is given back only when `self`, from which the slice is borrowed, is gone.
        unsafe { std::slice::from_raw_parts_mut(self.ring.memory.start.as_ptr().add(self.ring.next * BLOCK), BLOCK) }
    }
}

impl Drop for Block<'_> {
    fn drop(&mut self) {
        // Release: whatever we read or wrote in the block was done before the kernel may write to it again.
        self.ring.status().store(libc::TP_STATUS_KERNEL, Ordering::Release);
        self.ring.next = (self.ring.next + 1) % self.ring.blocks;
    }
}

fn request(settings: Settings, length: usize) -> libc::tpacket_req3 {
    libc::tpacket_req3 {
        tp_block_size: BLOCK as u32,
        tp_block_nr: u32::from(settings.blocks),
        tp_frame_size: FRAME,
        tp_frame_nr: length as u32 / FRAME,
        tp_retire_blk_tov: settings.retire.as_millis() as u32,
        tp_sizeof_priv: 0,
        tp_feature_req_word: 0,
    }
}

fn set_packet_option<T>(fd: BorrowedFd<'_>, name: libc::c_int, value: &T) -> io::Result<()> {
    set_option(fd, libc::SOL_PACKET, name, value)
}

/// Memory shared with the kernel.
#[derive(Debug)]
struct Memory {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping belongs to the process and to this value alone; no thread is special to it.
unsafe impl Send for Memory {}

impl Memory {
    fn shared(fd: BorrowedFd<'_>, length: usize) -> io::Result<Self> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice touches no memory that anybody has.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), length, access, libc::MAP_SHARED, fd.as_raw_fd(), 0) };
        let start = if start == libc::MAP_FAILED { None } else { NonNull::new(start.cast()) };
        start.map(|start| Self { start, length }).ok_or_else(io::Error::last_os_error)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the mapping was made by `shared` with this length, and nobody borrows from it any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

const _: () = assert!(size_of::<libc::tpacket_block_desc>() == 48, "the kernel's own layout");
