//! A web server that takes a note of all it is sent.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What a web server was sent.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    /// The first line and the headers.
    pub(crate) head: String,
    pub(crate) body: Value,
}

/// All of it, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<Post>>>);

impl Notes {
    /// Serves for as long as the test runs.
    pub(crate) fn of(listener: TcpListener) -> Self {
        let notes = Self::default();
        let taken = notes.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Who goes away is no note.
                if let Some(post) = take_note(&stream) {
                    taken.0.lock().expect("no panic while it is held").push(post);
                }
            }
        });
        notes
    }

    pub(crate) fn posts(&self) -> Vec<Post> {
        self.0.lock().expect("no panic while it is held").clone()
    }

    /// Of which kind each message was.
    pub(crate) fn kinds(&self) -> Vec<String> {
        self.posts().iter().map(|post| post.body["kind"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The messages of a kind, in order.
    pub(crate) fn of_kind(&self, kind: &str) -> Vec<Value> {
        self.posts().into_iter().map(|post| post.body).filter(|body| body["kind"] == kind).collect()
    }
}

fn take_note(mut stream: &TcpStream) -> Option<Post> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "))?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok()?;
    Some(Post { head, body: serde_json::from_slice(&body).expect("JSON") })
}
