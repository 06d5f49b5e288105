//! Where a body ends (RFC 9112 sections 6 and 7): after so many bytes, with its last chunk, or with the connection.

/// The line before a chunk has at most so many bytes.
const LONGEST_LINE: usize = 1024;

/// How much of a body is to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// All until the connection ends.
    ToEnd,
    /// So many bytes.
    Left(u64),
    /// Chunks, each behind its length.
    Chunked(Chunk),
}

/// Where in the chunks we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// Before a line with a length.
    Length,
    /// Within a chunk, of which so many bytes are to come.
    Within(u64),
    /// Before the line end behind a chunk.
    Behind,
    /// Behind the last chunk: lines, of which the empty one is the end.
    Trailer,
    /// Nothing more.
    Over,
}

/// This is no such body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken;

impl Framing {
    /// Before the first chunk.
    pub(super) const fn chunked() -> Self {
        Self::Chunked(Chunk::Length)
    }

    /// Moves what came of the body from `inbox` to the end of `out`; whether that was the last of it.
    pub(super) fn take(&mut self, inbox: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<bool, Broken> {
        match self {
            Self::ToEnd => {
                out.append(inbox);
                Ok(false)
            }
            Self::Left(left) => {
                pass(left, inbox, out);
                Ok(*left == 0)
            }
            Self::Chunked(chunk) => {
                while chunk.step(inbox, out)? {}
                Ok(*chunk == Chunk::Over)
            }
        }
    }

    /// The connection may end here.
    pub(super) fn may_end(&self) -> bool {
        match self {
            Self::ToEnd => true,
            Self::Left(left) => *left == 0,
            Self::Chunked(chunk) => *chunk == Chunk::Over,
        }
    }
}

impl Chunk {
    /// Goes one step on; false if more must come first, or nothing does.
    fn step(&mut self, inbox: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<bool, Broken> {
        match self {
            Self::Within(left) => {
                pass(left, inbox, out);
                let is_whole = *left == 0;
                if is_whole {
                    *self = Self::Behind;
                }
                return Ok(is_whole);
            }
            Self::Over => return Ok(false),
            Self::Length | Self::Behind | Self::Trailer => {}
        }
        let Some(line) = line(inbox)? else { return Ok(false) };
        *self = match self {
            Self::Length => match length(&line)? {
                0 => Self::Trailer,
                length => Self::Within(length),
            },
            Self::Behind if line.is_empty() => Self::Length,
            Self::Trailer if line.is_empty() => Self::Over,
            Self::Trailer => Self::Trailer,
            Self::Behind | Self::Within(_) | Self::Over => return Err(Broken),
        };
        Ok(true)
    }
}

fn pass(left: &mut u64, inbox: &mut Vec<u8>, out: &mut Vec<u8>) {
    let length = inbox.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
    out.extend(inbox.drain(..length));
    *left -= length as u64;
}

/// The next line without its end, once all of it came.
fn line(inbox: &mut Vec<u8>) -> Result<Option<Vec<u8>>, Broken> {
    let Some(end) = inbox.iter().take(LONGEST_LINE).position(|&byte| byte == b'\n') else {
        return if inbox.len() >= LONGEST_LINE { Err(Broken) } else { Ok(None) };
    };
    let mut line: Vec<u8> = inbox.drain(..=end).collect();
    line.pop();
    if line.pop() == Some(b'\r') { Ok(Some(line)) } else { Err(Broken) }
}

/// A chunk's length in hexadecimal, before extensions that nobody knows (section 7.1.1).
fn length(line: &[u8]) -> Result<u64, Broken> {
    let digits = line.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    let text = std::str::from_utf8(digits).map_err(|_| Broken)?;
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u64::from_str_radix(text, 16).ok().filter(|_| is_number).ok_or(Broken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chunks(body: &[u8], sizes: &[usize]) -> Vec<u8> {
        let (mut rest, mut bytes) = (body, Vec::new());
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, after) = rest.split_at((*size).min(rest.len()));
            bytes.extend([format!("{:X}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
            rest = after;
        }
        [bytes, b"0\r\nX: y\r\n\r\n".to_vec()].concat()
    }

    proptest! {
        #[test]
        fn a_body_comes_out_whole_however_it_was_cut(
            body in proptest::collection::vec(any::<u8>(), 0..300),
            sizes in proptest::collection::vec(1..40_usize, 1..5),
            pieces in 1..60_usize,
        ) {
            let sent = chunks(&body, &sizes);
            let (mut framing, mut inbox, mut out, mut ended) = (Framing::chunked(), Vec::new(), Vec::new(), false);
            for piece in sent.chunks(pieces) {
                prop_assert!(!ended && !framing.may_end());
                inbox.extend_from_slice(piece);
                ended = framing.take(&mut inbox, &mut out).expect("whole chunks");
            }
            prop_assert_eq!((ended, framing.may_end(), out, inbox), (true, true, body, Vec::new()));
        }

        #[test]
        fn no_bytes_panic_and_none_are_invented(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for mut framing in [Framing::chunked(), Framing::Left(100), Framing::ToEnd] {
                let (mut inbox, mut out) = (bytes.clone(), Vec::new());
                let _ = framing.take(&mut inbox, &mut out);
                prop_assert!(out.len() + inbox.len() <= bytes.len());
            }
        }
    }

    #[test]
    fn what_is_no_chunk_is_noticed() {
        for bytes in
            ["x\r\n", "\r\n", "5\n", "+5\r\n", "ffffffffffffffffff\r\n", "1\r\nab\r\n", &"1".repeat(LONGEST_LINE)]
        {
            let (mut framing, mut inbox) = (Framing::chunked(), bytes.as_bytes().to_vec());
            assert_eq!(framing.take(&mut inbox, &mut Vec::new()), Err(Broken), "{bytes}");
        }
    }
}
