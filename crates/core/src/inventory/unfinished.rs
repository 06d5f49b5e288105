//! What has begun and not ended on few connections at a time, in bounded room: a ClientHello, a head of HTTP, a greeting, a DNS message.

use super::flows::{FlowId, Side};
use crate::packet::opening::Opening;
use crate::packet::{quic, tls};
use alloc::collections::VecDeque;

/// So many are kept.
const MOST: usize = 64;
/// So many bytes of them.
const MOST_BYTES: usize = 256 << 10;

/// Messages of which a part has come.
#[derive(Default)]
pub(super) struct Unfinished {
    kept: VecDeque<(FlowId, Side, Beginning)>,
    pub(super) left_out: u64,
}

/// The beginning of a message.
pub(super) enum Beginning {
    Tls(tls::Hello),
    Quic(quic::Hello),
    Words(Opening),
}

impl Beginning {
    fn size(&self) -> usize {
        match self {
            Self::Tls(hello) => hello.size(),
            Self::Quic(hello) => hello.size(),
            Self::Words(opening) => opening.size(),
        }
    }
}

impl Unfinished {
    /// Whatever was kept for a place in the table of flows was another flow's.
    pub(super) fn begin(&mut self, id: FlowId) {
        if !self.kept.is_empty() {
            self.kept.retain(|(known, ..)| *known != id);
        }
    }

    pub(super) fn take(&mut self, id: FlowId, side: Side) -> Option<Beginning> {
        let at = self.kept.iter().position(|(known, of, _)| (*known, *of) == (id, side))?;
        self.kept.remove(at).map(|(.., beginning)| beginning)
    }

    /// Keeps a beginning for its side's next packet; the oldest goes for it.
    pub(super) fn keep(&mut self, id: FlowId, side: Side, beginning: Beginning) {
        self.kept.push_back((id, side, beginning));
        while self.kept.len() > MOST || self.bytes() > MOST_BYTES {
            self.kept.pop_front();
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    fn bytes(&self) -> usize {
        self.kept.iter().map(|(.., beginning)| beginning.size()).fold(0, usize::saturating_add)
    }
}
