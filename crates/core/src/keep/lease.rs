//! Whom a DHCP server has just given an address: the client of a DHCPACK, the receiver of a DHCPv6 Reply.
//!
//! Only what a proof needs is read here, in place and from its fixed position.

use crate::packet::frame::{Packet, Transport};
use crate::packet::neighbour::Mac;

const SERVER: u16 = 67;
const CLIENT: u16 = 68;
const SERVER6: u16 = 547;
const CLIENT6: u16 = 546;

/// A server's message, Ethernet, six bytes of address (RFC 2131 section 2).
const REPLY_TO_ETHERNET: [u8; 3] = [2, 1, 6];
/// Where the client's hardware address stands.
const CLIENT_ADDRESS: usize = 28;
/// Where options begin, with these four bytes (RFC 2131 section 3).
const COOKIE_AT: usize = 236;
const COOKIE: [u8; 4] = [99, 130, 83, 99];
const PAD: u8 = 0;
const END: u8 = 255;
/// The message's type, and its value in an acknowledgement (RFC 2132 section 9.6).
const MESSAGE_TYPE: u8 = 53;
const ACKNOWLEDGEMENT: u8 = 5;
/// DHCPv6's message type of a Reply (RFC 8415 section 7.3).
const REPLY6: u8 = 7;

/// The MAC that this packet, if it is a DHCP server's, gives an address.
#[inline]
pub(super) fn client(frame: &[u8], packet: &Packet) -> Option<Mac> {
    let Transport::Udp { source, destination } = packet.transport else { return None };
    match (source, destination) {
        (SERVER, CLIENT) => acknowledged(frame.get(packet.payload.clone())?),
        (SERVER6, CLIENT6) => {
            let kind = frame.get(packet.payload.clone())?.first()?;
            packet.ether.filter(|_| *kind == REPLY6).map(|ether| ether.destination)
        }
        _ => None,
    }
}

fn acknowledged(message: &[u8]) -> Option<Mac> {
    let options = message.get(COOKIE_AT..)?.strip_prefix(&COOKIE)?;
    let is_acknowledgement = message.starts_with(&REPLY_TO_ETHERNET) && message_type(options)? == ACKNOWLEDGEMENT;
    message.get(CLIENT_ADDRESS..)?.first_chunk().copied().filter(|_| is_acknowledgement)
}

fn message_type(mut options: &[u8]) -> Option<u8> {
    loop {
        options = match options {
            [PAD, rest @ ..] => rest,
            [END, ..] => return None,
            [MESSAGE_TYPE, 1, kind, ..] => return Some(*kind),
            [_, length, rest @ ..] => rest.get(usize::from(*length)..)?,
            _ => return None,
        };
    }
}
