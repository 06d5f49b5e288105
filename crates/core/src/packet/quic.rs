//! The ClientHello within QUIC's first packets, whose keys everybody can derive (RFC 9000, RFC 9001; version 2: RFC 9369).

pub use super::tls::Progress;

/// The beginning of what a client says on one connection, over as many datagrams as it takes: 16 KiB at most.
#[derive(Clone, Debug, Default)]
pub struct Hello {}

impl Hello {
    /// Takes a datagram from client to server. `Not` before anything was understood: it is no QUIC that we can read; no more
    /// datagrams of this pair of ports need be tried.
    pub fn push(&mut self, datagram: &[u8]) -> Progress {
        let _ = datagram;
        Progress::Not
    }

    /// Bytes held.
    pub fn size(&self) -> usize {
        0
    }
}

/// Whether a datagram begins like a client's Initial packet; cheap, asked of every datagram without a known connection.
pub fn may_be_initial(datagram: &[u8]) -> bool {
    let _ = datagram;
    false
}
