//! What frames say: bytes to values and back, one protocol a file. Nothing here panics, remembers, or trusts a length field.

pub mod arp;
pub mod banner;
pub mod cdp;
pub mod dhcp4;
pub mod dhcp6;
pub mod dns;
pub mod dnssd;
pub mod frame;
pub mod http;
pub mod icmp;
pub mod ja4;
pub mod llc;
pub mod lldp;
pub mod ndp;
pub mod neighbour;
pub mod netbios;
pub mod opening;
mod pieces;
pub mod quic;
mod reader;
pub mod ssdp;
pub mod tls;

/// The ones' complement sum of 16-bit words over all parts, each part starting on an even byte (RFC 1071).
fn checksum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2)).map(|word| match word {
        [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
        [high] => u32::from(u16::from_be_bytes([*high, 0])),
        _ => 0,
    });
    let sum = words.fold(0_u32, u32::saturating_add);
    let folded = (sum & 0xffff).saturating_add(sum >> 16);
    !((folded & 0xffff).saturating_add(folded >> 16) as u16)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    /// The bytes of a text of hexadecimal digits.
    pub(super) fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }
}
