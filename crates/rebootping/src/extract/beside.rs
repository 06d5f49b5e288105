//! What belongs beside packets that are handed over, as whoever asked for them tells it over the same connection.
//!
//! The process that hands them over asks nobody; whoever asked for them may.

use super::asking::Heard;
use crate::ipc::observer::Beside;
use crate::ipc::read_frame;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// So much can be said before the first packet: names of [`super::told`] come a hundred at a time.
const MOST: usize = 4_096;
/// As much news waits for a reader that takes its time; then whoever tells it does.
const WAITING: usize = 64;

/// Reads what is to be said before the first packet.
pub(super) fn first(stream: &mut UnixStream) -> io::Result<Vec<Heard>> {
    let mut first = Vec::new();
    while let Beside::News(news) = read_frame(stream)? {
        if first.len() == MOST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        first.push(Heard::News(news));
    }
    Ok(first)
}

/// Goes on reading in a thread of its own, which ends with the connection.
pub(super) fn later(mut stream: UnixStream) -> io::Result<Receiver<Heard>> {
    let (hear, heard) = sync_channel(WAITING);
    thread::Builder::new().name("beside".into()).spawn(move || while hear_one(&mut stream, &hear) {})?;
    Ok(heard)
}

fn hear_one(stream: &mut UnixStream, hear: &SyncSender<Heard>) -> bool {
    match read_frame(stream) {
        Ok(Beside::News(news)) => hear.send(Heard::News(news)).is_ok(),
        Ok(Beside::Begin) => true,
        Err(_) => false,
    }
}
