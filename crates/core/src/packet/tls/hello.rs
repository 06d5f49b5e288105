//! The ClientHello of one TCP connection, from segments that may come in any order, and records that may end anywhere.

use super::ClientHello;
use crate::packet::pieces::Pieces;
use alloc::boxed::Box;

/// The beginning of what a client says on one connection: 16 KiB at most.
#[derive(Clone, Debug)]
pub struct Hello {
    first: u32,
    pieces: Pieces,
}

/// How far reading a ClientHello has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Progress {
    /// It has not ended yet.
    More,
    /// Here it is.
    Done(Box<ClientHello>),
    /// It is none, or too long.
    Not,
}

impl Hello {
    /// Waits for the bytes from this sequence number on: the one after the client's SYN, or that of its first segment with data.
    pub fn new(first: u32) -> Self {
        Self { first, pieces: Pieces::default() }
    }

    /// Takes the payload of a segment with its sequence number. After `Done` or `Not` there is nothing more to tell.
    pub fn push(&mut self, sequence: u32, bytes: &[u8]) -> Progress {
        let _ = (sequence, bytes, self.first, &self.pieces);
        Progress::Not
    }

    /// Bytes held.
    pub fn size(&self) -> usize {
        0
    }
}
