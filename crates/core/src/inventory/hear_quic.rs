//! The first words of QUIC: whom a client asks for.

use super::Inventory;
use super::flows::{FlowId, Side};
use super::frames::Context;
use super::hear_streams::MOST_LOOKS;
use super::unfinished::Beginning;
use crate::packet::frame::Ip;
use crate::packet::ja4;
use crate::packet::quic::{self, Progress};

impl Inventory {
    /// A datagram of a client that may begin QUIC.
    pub(super) fn hear_quic(&mut self, context: &Context<'_>, ip: &Ip, id: FlowId, side: Side) {
        let Some(flow) = self.flows.get_mut(id) else { return };
        let half = flow.half_mut(side);
        half.looks = half.looks.saturating_add(1);
        half.is_read = half.looks >= MOST_LOOKS;
        let mut hello = match self.unfinished.take(id, side) {
            Some(Beginning::Quic(hello)) => hello,
            _ if quic::may_be_initial(context.payload) => quic::Hello::default(),
            // A question to a STUN server, or the end of another connection, may come before.
            _ => return,
        };
        match hello.push(context.payload) {
            Progress::More => self.wait_for_more(id, side, Beginning::Quic(hello)),
            Progress::Done(hello) => self.hear_hello(context, ip, id, *hello, ja4::Transport::Quic),
            Progress::Not => {}
        }
    }
}
