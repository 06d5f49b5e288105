//! The first words of TCP connections: whom a client asks for, with which software, and how a server greets.
//!
//! ```text
//! client: request, greeting of SSH, ClientHello        server: response, greeting, DNS answer
//!           ├─ its end is missing ─► unfinished, told as far as it goes ─► next segment ─► told again
//!           ├─ told ─► what either side says next is worth a look
//!           └─ nothing more to tell, or 8 segments in a row that told nothing ─► read
//! ```
//!
//! A ClientHello may come late: after CONNECT, STARTTLS, SOCKS or what else two programs say before they encrypt. A proxy's client
//! asks for many servers on one connection; behind the response to anything but CONNECT no greeting is looked for, for a file may
//! begin like one.

use super::Inventory;
use super::device::add_mark;
use super::flows::{Asked, FlowId, Side};
use super::frames::Context;
use super::names::Source;
use super::ports::{Evidence, Proof, Protocol};
use super::unfinished::Beginning;
use crate::packet::banner::{self, Banner};
use crate::packet::dns;
use crate::packet::frame::Ip;
use crate::packet::http::{self, Request, Response};
use crate::packet::ja4;
use crate::packet::opening::Opening;
use crate::packet::tls::{self, ClientHello, Progress};
use crate::untrusted::Untrusted;
use alloc::vec::Vec;

/// So many packets in a row that tell nothing are looked into on each side: who agrees on encryption first says five at most.
pub(super) const MOST_LOOKS: u8 = 8;
/// A client whose first segment is longer and not understood is not about to agree on encryption.
const LONGEST_PREFACE: usize = 512;

/// A segment with a payload.
#[derive(Clone, Copy)]
struct Segment<'a> {
    context: &'a Context<'a>,
    ip: &'a Ip,
    id: FlowId,
    side: Side,
    sequence: u32,
}

/// What is to be read of a side's stream when a segment has come.
#[derive(Clone, Copy)]
struct Words<'a> {
    segment: Segment<'a>,
    /// They are the first of their side.
    is_first: bool,
    /// So many bytes before these are missing: another segment may come late.
    missing: u32,
    /// The sequence number of the first of these bytes.
    at: u32,
    bytes: &'a [u8],
}

/// What words told.
enum Heard {
    /// Whole messages.
    Told,
    /// Of the message behind so many bytes the end is missing.
    Cut(usize),
    /// The beginning of a ClientHello.
    Encrypts(tls::Hello),
    /// Nothing that is understood.
    Nothing,
    /// This side has nothing more to tell.
    Over,
}

impl Inventory {
    /// A TCP segment with a payload, of a side that may still tell something.
    pub(super) fn hear_stream(&mut self, context: &Context<'_>, ip: &Ip, id: FlowId, side: Side, sequence: u32) {
        let segment = Segment { context, ip, id, side, sequence };
        let opening = match self.unfinished.take(id, side) {
            Some(Beginning::Tls(hello)) => {
                if self.hear_more(&segment, hello) {
                    return;
                }
                None
            }
            Some(Beginning::Words(mut opening)) => opening.push(sequence, context.payload).then_some(opening),
            Some(Beginning::Quic(_)) | None => None,
        };
        let (at, bytes) = opening.as_ref().map_or((sequence, context.payload), |known| (known.first(), known.bytes()));
        // What a capture leaves out never comes: a line ends with what was kept of it.
        let ended = if context.is_cut { [bytes, b"\n"].concat() } else { Vec::new() };
        let heard = self.hear_words(segment, at, if context.is_cut { &ended } else { bytes }, opening.is_some());
        match heard {
            Heard::Told => self.go_on(id),
            Heard::Cut(_) if context.is_cut => self.go_on(id),
            Heard::Cut(told) => {
                let rest = || context.payload.get(told..).unwrap_or_default();
                let begin = || Opening::new(sequence.wrapping_add(told as u32), rest());
                let opening = opening.map_or_else(begin, |opening| opening.behind(told));
                self.wait_for_more(id, side, Beginning::Words(opening));
            }
            Heard::Encrypts(hello) => self.wait_for_more(id, side, Beginning::Tls(hello)),
            Heard::Nothing => {}
            Heard::Over => self.finish(id, side),
        }
    }

    fn hear_words(&mut self, segment: Segment<'_>, at: u32, bytes: &[u8], continues: bool) -> Heard {
        let Segment { id, side, sequence, .. } = segment;
        let Some(flow) = self.flows.get_mut(id) else { return Heard::Over };
        if !flow.is_answered && flow.first_byte.is_none() {
            // Its beginning was not seen.
            flow.client = client_by_words(side, bytes).unwrap_or(flow.client);
        }
        let is_client = flow.client == side;
        let server_port = flow.end(flow.client.other()).port;
        let first_byte = if is_client { *flow.first_byte.get_or_insert(sequence) } else { sequence };
        let half = flow.half_mut(side);
        let is_first = half.looks == 0 || (half.looks == 1 && continues);
        // What goes on with a message is no look of its own: that has a bound itself.
        if !continues {
            half.looks = half.looks.saturating_add(1);
            half.is_read = half.looks >= MOST_LOOKS;
        }
        let missing = if continues { 0 } else { sequence.wrapping_sub(first_byte) };
        let words = Words { segment, is_first, missing, at, bytes };
        match (server_port, is_client) {
            (dns::PORT, true) => Heard::Nothing,
            (dns::PORT, false) => self.hear_answers(&words),
            (_, true) => self.hear_client(&words),
            (_, false) => self.hear_server(&words),
        }
    }

    fn hear_client(&mut self, words: &Words<'_>) -> Heard {
        let mut rest = words.bytes;
        while let Some(request) = Request::read(rest) {
            self.hear_request(words, &request);
            let Some(behind) = http::behind_head(rest) else { return words.cut(rest) };
            rest = behind;
        }
        let told = words.bytes.len().saturating_sub(rest.len());
        if rest.first() == Some(&tls::HANDSHAKE) {
            let at = words.at.wrapping_add(told as u32);
            return self.hear_tls(words, tls::Hello::new(at), at, rest);
        }
        if told > 0 {
            return Heard::Told;
        }
        // A client says its software in the same words as a server (RFC 4253 section 4.2).
        let is_own = |banner: &Banner| banner.protocol == banner::Protocol::Ssh && !self.is_content(words.segment.id);
        if let Some(banner) = banner::read(rest).filter(is_own) {
            if banner::is_unfinished(rest) {
                return words.cut(rest);
            }
            self.mark_agent(words.segment.context, words.segment.ip, banner.text);
            return Heard::Over;
        }
        if words.is_first && words.missing != 0 {
            return self.hear_tls(words, tls::Hello::new(words.at.wrapping_sub(words.missing)), words.at, rest);
        }
        if Request::is_unfinished(rest) {
            return words.cut(rest);
        }
        let is_bulk = words.is_first && rest.len() > LONGEST_PREFACE;
        if is_bulk { Heard::Over } else { self.hear_body(words.segment.id) }
    }

    /// What is not understood behind a request with a host is most likely the body of that or of its response: what the other side
    /// says next will make this one worth a look again. In a tunnel two others talk.
    fn hear_body(&self, id: FlowId) -> Heard {
        let is_body = self.flows.get(id).is_some_and(|flow| flow.name.is_some() && flow.asked != Some(Asked::Tunnel));
        if is_body { Heard::Over } else { Heard::Nothing }
    }

    /// What is no head may be what HTTP carries: a file, not the words of who sends it.
    fn is_content(&self, id: FlowId) -> bool {
        self.flows.get(id).is_some_and(|flow| flow.asked == Some(Asked::Content))
    }

    fn hear_server(&mut self, words: &Words<'_>) -> Heard {
        let mut rest = words.bytes;
        // Most servers encrypt.
        if words.is_first && rest.first() == Some(&tls::HANDSHAKE) {
            return Heard::Over;
        }
        while let Some(response) = Response::read(rest) {
            self.hear_response(words, response);
            let Some(behind) = http::behind_head(rest) else { return words.cut(rest) };
            rest = behind;
        }
        if rest.len() < words.bytes.len() {
            return Heard::Told;
        }
        if Response::is_unfinished(rest) {
            return words.cut(rest);
        }
        let is_cut = banner::is_unfinished(rest);
        let is_own = |banner: &Banner| words.is_first || (may_be_late(banner) && !self.is_content(words.segment.id));
        match banner::read(rest).filter(is_own) {
            Some(banner) => {
                let is_last = !may_be_late(&banner) || banner.protocol == banner::Protocol::Ssh;
                self.greet(words, Some(banner.text), !words.is_first);
                match (is_cut, is_last) {
                    (true, _) => words.cut(rest),
                    (false, true) => Heard::Over,
                    (false, false) => Heard::Nothing,
                }
            }
            None if words.is_first && is_cut => words.cut(rest),
            None if words.is_first => Heard::Over,
            None => self.hear_body(words.segment.id),
        }
    }

    /// A server of DNS answers.
    fn hear_answers(&mut self, words: &Words<'_>) -> Heard {
        let mut messages = dns::of_tcp(words.bytes);
        let mut heard = Heard::Nothing;
        for message in messages.by_ref() {
            self.hear_answer(words.segment.context, &message);
            heard = Heard::Told;
        }
        if messages.rest().is_empty() { heard } else { words.cut(messages.rest()) }
    }

    fn hear_request(&mut self, words: &Words<'_>, request: &Request) {
        if let Some(agent) = &request.user_agent {
            self.mark_agent(words.segment.context, words.segment.ip, agent.clone());
        }
        self.name_server(words.segment.context, words.segment.id, request.host.as_ref());
        let asked = if request.method.raw() == "CONNECT" { Asked::Tunnel } else { Asked::Content };
        if let Some(flow) = self.flows.get_mut(words.segment.id) {
            flow.asked = Some(asked);
        }
    }

    fn hear_response(&mut self, words: &Words<'_>, response: Response) {
        if let Some(flow) = self.flows.get_mut(words.segment.id) {
            // Most requests that were not seen are no CONNECT.
            flow.asked.get_or_insert(Asked::Content);
        }
        self.greet(words, response.server, false);
        let description = response.description.unwrap_or_default();
        let owner = self.owner_of(words.segment.ip.source);
        let Some(device) = owner.and_then(|slot| self.devices.get_mut(slot)) else { return };
        if let Some(name) = description.friendly_name {
            device.names.hear(name, Source::Ssdp, words.segment.context.now);
        }
        for model in [description.manufacturer, description.model_name].into_iter().flatten() {
            add_mark(&mut device.models, model);
        }
    }

    /// A segment may go on with a ClientHello; false if that was none, and the segment may be anything.
    fn hear_more(&mut self, segment: &Segment<'_>, mut hello: tls::Hello) -> bool {
        let Segment { context, ip, id, side, sequence } = *segment;
        match hello.push(sequence, context.payload) {
            Progress::More => self.unfinished.keep(id, side, Beginning::Tls(hello)),
            Progress::Done(hello) => self.hear_hello(context, ip, id, *hello, ja4::Transport::Tcp),
            Progress::Not => return false,
        }
        true
    }

    fn hear_tls(&mut self, words: &Words<'_>, mut hello: tls::Hello, at: u32, bytes: &[u8]) -> Heard {
        match hello.push(at, bytes) {
            Progress::More => Heard::Encrypts(hello),
            Progress::Done(hello) => {
                let Segment { context, ip, id, .. } = words.segment;
                self.hear_hello(context, ip, id, *hello, ja4::Transport::Tcp);
                Heard::Over
            }
            Progress::Not => Heard::Over,
        }
    }

    /// What is encrypted from here on tells nothing more.
    pub(super) fn hear_hello(
        &mut self,
        context: &Context<'_>,
        ip: &Ip,
        id: FlowId,
        hello: ClientHello,
        over: ja4::Transport,
    ) {
        self.name_server(context, id, hello.server_name.as_ref());
        if let Some(client) = self.flows.get(id).map(|flow| flow.client) {
            self.finish(id, client);
        }
        if let Some(device) = self.owner_of(ip.source).and_then(|slot| self.devices.get_mut(slot)) {
            add_mark(&mut device.fingerprints, ja4::of(hello, over, &mut self.hashes));
        }
    }

    /// A server said which software it is.
    fn greet(&mut self, words: &Words<'_>, banner: Option<Untrusted>, is_late: bool) {
        let banner = banner.filter(|banner| !banner.is_empty());
        let (Some(banner), Some(flow)) = (banner, self.flows.get(words.segment.id)) else { return };
        let server = flow.client.other();
        let (port, mac) = (flow.end(server).port, flow.half(server).mac.mac());
        let (ip, evidence, at) = (words.segment.ip.source, Evidence::SynAck, words.segment.context.now);
        if let Some(port) = self.port_mut(mac, &Proof { ip, protocol: Protocol::Tcp, port, evidence, at }) {
            port.greet(banner, is_late);
        }
    }

    /// A client said which software it is; only of an address that is a device's own it is known whose.
    fn mark_agent(&mut self, context: &Context<'_>, ip: &Ip, agent: Untrusted) {
        let own = self.owner_of(ip.source).filter(|slot| context.sender == Some(*slot));
        let Some(device) = own.and_then(|slot| self.devices.get_mut(slot)) else { return };
        if context.is_cut {
            // Of one that is cut in many places the longest is told.
            if device.user_agents.iter().any(|known| known.raw().starts_with(agent.raw())) {
                return;
            }
            device.user_agents.retain(|known| !agent.raw().starts_with(known.raw()));
        }
        add_mark(&mut device.user_agents, agent);
    }

    /// A client said whom it wants to talk to, from this packet on.
    fn name_server(&mut self, context: &Context<'_>, id: FlowId, name: Option<&Untrusted>) {
        let Some(name) = name else { return };
        let name = self.servers.id(name.raw());
        if name.is_none() {
            self.left_out.names = self.left_out.names.saturating_add(1);
        }
        let before = self.flows.get_mut(id).and_then(|flow| flow.rename(name, context.length));
        if let Some(mut before) = before {
            self.account(&mut before);
        }
    }

    /// What was told makes what either side says next worth a look.
    fn go_on(&mut self, id: FlowId) {
        let Some(flow) = self.flows.get_mut(id) else { return };
        for side in [flow.client, flow.client.other()] {
            let half = flow.half_mut(side);
            half.looks = half.looks.min(1);
            half.is_read = false;
        }
    }

    /// There is more to come of a message, if its side is still looked at then.
    pub(super) fn wait_for_more(&mut self, id: FlowId, side: Side, beginning: Beginning) {
        if self.flows.get(id).is_some_and(|flow| !flow.half(side).is_read) {
            self.unfinished.keep(id, side, beginning);
        }
    }

    /// There is nothing more to learn from one side.
    pub(super) fn finish(&mut self, id: FlowId, side: Side) {
        if let Some(flow) = self.flows.get_mut(id) {
            flow.half_mut(side).is_read = true;
        }
    }
}

impl Words<'_> {
    /// Of the message that begins with these last bytes the end is missing.
    const fn cut(&self, rest: &[u8]) -> Heard {
        Heard::Cut(self.bytes.len().saturating_sub(rest.len()))
    }
}

/// Who is the client, where words say so.
fn client_by_words(side: Side, words: &[u8]) -> Option<Side> {
    match words {
        [b'H', b'T', b'T', b'P', b'/', b'1', ..] => Some(side.other()),
        [tls::HANDSHAKE, 3, _, _, _, 1, ..] => Some(side),
        _ => Request::read(words).map(|_| side),
    }
}

/// A greeting that may stand behind other words: of whom a proxy connects to, or the consent to encrypt, which is told like one.
fn may_be_late(banner: &Banner) -> bool {
    use banner::Protocol::{Ftp, FtpOrSmtp, Imap, Nntp, Pop3, Smtp, Ssh, Vnc};
    match banner.protocol {
        Ssh | Ftp | Smtp | FtpOrSmtp => true,
        Pop3 | Imap | Nntp | Vnc => false,
    }
}
