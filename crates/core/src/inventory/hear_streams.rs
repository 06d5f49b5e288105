//! The first words of TCP connections and QUIC: whom a client asks for, with which software, and how a server greets.
//!
//! Only the first packets of each side are looked into. A ClientHello may lie in several of them: what has come is kept for few
//! connections at a time, in bounded room.

use super::Inventory;
use super::device::add_mark;
use super::flows::{FlowId, Side};
use super::frames::Context;
use super::names::Source;
use super::ports::{Evidence, Proof, Protocol};
use crate::packet::banner;
use crate::packet::dns;
use crate::packet::frame::Ip;
use crate::packet::http::{Request, Response};
use crate::packet::ja4;
use crate::packet::quic;
use crate::packet::tls::{self, ClientHello, Progress};
use crate::untrusted::Untrusted;
use alloc::collections::VecDeque;

/// So many packets with a payload are looked into on each side; a ClientHello with large keys takes three, out of order more.
const MOST_LOOKS: u8 = 8;
/// A TLS record with a handshake message begins so (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;
/// So many unfinished hellos are kept.
const MOST_HELLOS: usize = 64;
/// So many bytes of them.
const MOST_BYTES: usize = 256 << 10;

/// Hellos of which a part has come.
#[derive(Default)]
pub(super) struct Hellos {
    unfinished: VecDeque<(FlowId, Hello)>,
    pub(super) left_out: u64,
}

/// The beginning of what a client says.
enum Hello {
    Tls(tls::Hello),
    Quic(quic::Hello),
}

impl Hello {
    fn size(&self) -> usize {
        match self {
            Self::Tls(hello) => hello.size(),
            Self::Quic(hello) => hello.size(),
        }
    }
}

impl Hellos {
    /// Whatever was kept for a place in the table of flows was another flow's.
    pub(super) fn begin(&mut self, id: FlowId) {
        if !self.unfinished.is_empty() {
            self.unfinished.retain(|(known, _)| *known != id);
        }
    }

    fn take(&mut self, id: FlowId) -> Option<Hello> {
        let at = self.unfinished.iter().position(|(known, _)| *known == id)?;
        self.unfinished.remove(at).map(|(_, hello)| hello)
    }

    /// Keeps a hello for its next packet; the oldest goes for it.
    fn keep(&mut self, id: FlowId, hello: Hello) {
        self.unfinished.push_back((id, hello));
        while self.unfinished.len() > MOST_HELLOS || self.bytes() > MOST_BYTES {
            self.unfinished.pop_front();
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    fn bytes(&self) -> usize {
        self.unfinished.iter().map(|(_, hello)| hello.size()).fold(0, usize::saturating_add)
    }
}

impl Inventory {
    /// A TCP segment with a payload, one of the first of its side.
    pub(super) fn hear_stream(&mut self, context: &Context<'_>, ip: &Ip, id: FlowId, side: Side, sequence: u32) {
        let Some(flow) = self.flows.get_mut(id) else { return };
        let is_client = flow.client == side;
        let first_byte = *flow.first_byte.get_or_insert(sequence);
        let server_port = flow.end(flow.client.other()).port;
        let half = flow.half_mut(side);
        half.looks = half.looks.saturating_add(1);
        let is_first = half.looks == 1;
        half.is_read = half.looks >= MOST_LOOKS;
        if server_port == 53 {
            if !is_client {
                dns::of_tcp(context.payload).for_each(|message| self.hear_answer(context, &message));
            }
        } else if is_client {
            self.hear_client(context, ip, id, is_first, first_byte, sequence);
        } else {
            self.hear_server(context, ip, id, is_first);
        }
    }

    fn hear_client(
        &mut self,
        context: &Context<'_>,
        ip: &Ip,
        id: FlowId,
        is_first: bool,
        first_byte: u32,
        sequence: u32,
    ) {
        if let Some(request) = Request::read(context.payload) {
            if let Some(agent) = request.user_agent {
                self.mark_agent(context, ip, agent);
            }
            self.name_server(id, request.host.as_ref());
            self.finish(id, true);
            return;
        }
        if is_first && context.payload.starts_with(b"SSH-") {
            // A client says its software in the same words as a server (RFC 4253 section 4.2).
            if let Some(banner) = banner::read(context.payload) {
                self.mark_agent(context, ip, banner.text);
            }
            return self.finish(id, true);
        }
        if sequence == first_byte && context.payload.first() != Some(&HANDSHAKE) {
            return self.finish(id, true);
        }
        let mut hello = match self.hellos.take(id) {
            Some(Hello::Tls(hello)) => hello,
            _ if is_first || sequence == first_byte => tls::Hello::new(first_byte),
            _ => return self.finish(id, true),
        };
        match hello.push(sequence, context.payload) {
            Progress::More => self.hellos.keep(id, Hello::Tls(hello)),
            Progress::Done(hello) => {
                self.hear_hello(ip, id, *hello, ja4::Transport::Tcp);
            }
            Progress::Not => self.finish(id, true),
        }
    }

    /// A datagram of a client that may begin QUIC.
    pub(super) fn hear_quic(&mut self, context: &Context<'_>, ip: &Ip, id: FlowId, side: Side) {
        let Some(flow) = self.flows.get_mut(id) else { return };
        let half = flow.half_mut(side);
        half.looks = half.looks.saturating_add(1);
        half.is_read = half.looks >= MOST_LOOKS;
        let mut hello = match self.hellos.take(id) {
            Some(Hello::Quic(hello)) => hello,
            _ if quic::may_be_initial(context.payload) => quic::Hello::default(),
            _ => return self.finish(id, true),
        };
        match hello.push(context.payload) {
            Progress::More => self.hellos.keep(id, Hello::Quic(hello)),
            Progress::Done(hello) => {
                self.hear_hello(ip, id, *hello, ja4::Transport::Quic);
            }
            Progress::Not => self.finish(id, true),
        }
    }

    fn hear_hello(&mut self, ip: &Ip, id: FlowId, hello: ClientHello, over: ja4::Transport) {
        self.name_server(id, hello.server_name.as_ref());
        self.finish(id, true);
        if let Some(device) = self.owner_of(ip.source).and_then(|slot| self.devices.get_mut(slot)) {
            add_mark(&mut device.fingerprints, ja4::of(hello, over));
        }
    }

    fn hear_server(&mut self, context: &Context<'_>, ip: &Ip, id: FlowId, is_first: bool) {
        if let Some(response) = Response::read(context.payload) {
            self.greet(context, ip, id, response.server);
            let description = response.description.unwrap_or_default();
            let Some(device) = self.owner_of(ip.source).and_then(|slot| self.devices.get_mut(slot)) else { return };
            if let Some(name) = description.friendly_name {
                device.names.hear(name, Source::Ssdp, context.now);
            }
            for model in [description.manufacturer, description.model_name].into_iter().flatten() {
                add_mark(&mut device.models, model);
            }
        } else if is_first {
            self.greet(context, ip, id, banner::read(context.payload).map(|banner| banner.text));
            self.finish(id, false);
        }
    }

    /// A server said which software it is.
    fn greet(&mut self, context: &Context<'_>, ip: &Ip, id: FlowId, banner: Option<Untrusted>) {
        let (Some(banner), Some(flow)) = (banner, self.flows.get(id)) else { return };
        let server = flow.client.other();
        let (port, mac) = (flow.end(server).port, flow.half(server).mac.mac());
        let evidence = Evidence::SynAck;
        let proof = Proof { ip: ip.source, protocol: Protocol::Tcp, port, evidence, at: context.now };
        if let Some(port) = self.port_mut(mac, &proof) {
            port.banner = Some(banner);
        }
    }

    /// A client said which software it is; only of an address that is a device's own it is known whose.
    fn mark_agent(&mut self, context: &Context<'_>, ip: &Ip, agent: Untrusted) {
        let own = self.owner_of(ip.source).filter(|slot| context.sender == Some(*slot));
        if let Some(device) = own.and_then(|slot| self.devices.get_mut(slot)) {
            add_mark(&mut device.user_agents, agent);
        }
    }

    /// A client said whom it wants to talk to.
    fn name_server(&mut self, id: FlowId, name: Option<&Untrusted>) {
        let Some(name) = name else { return };
        let name = self.servers.id(name.raw());
        if name.is_none() {
            self.left_out.names = self.left_out.names.saturating_add(1);
        }
        if let Some(flow) = self.flows.get_mut(id) {
            flow.name = name;
        }
    }

    /// There is nothing more to learn from one side.
    fn finish(&mut self, id: FlowId, is_client: bool) {
        let Some(flow) = self.flows.get_mut(id) else { return };
        let side = if is_client { flow.client } else { flow.client.other() };
        flow.half_mut(side).is_read = true;
    }
}
