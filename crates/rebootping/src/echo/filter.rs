//! What the judge's sockets let by, so that of all packets of a link it is woken for its own echoes and for next hops alone
//! (classic BPF, bpf(4)).
//!
//! A socket hears whole IP packets from their network header on, of every protocol: one that asks for IPv4 alone has the kernel
//! copy the head of every IPv4 packet, for IPv4 itself comes first then and wants a packet of its own.

use super::BUFFER;
use crate::sys::{Instruction, branch, step};

const LOAD_BYTE: u16 = (libc::BPF_LD | libc::BPF_B | libc::BPF_ABS) as u16;
const LOAD_HALF: u16 = (libc::BPF_LD | libc::BPF_H | libc::BPF_ABS) as u16;
const LOAD_WORD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const LOAD_BYTE_AT_X: u16 = (libc::BPF_LD | libc::BPF_B | libc::BPF_IND) as u16;
const LOAD_HALF_AT_X: u16 = (libc::BPF_LD | libc::BPF_H | libc::BPF_IND) as u16;
const X_IS_HEADER_LENGTH: u16 = (libc::BPF_LDX | libc::BPF_B | libc::BPF_MSH) as u16;
const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const IF_ANY_BIT: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

/// Where a load finds what the kernel knows of a packet instead of its bytes.
const KIND: u32 = (libc::SKF_AD_OFF + libc::SKF_AD_PKTTYPE) as u32;
const PROTOCOL: u32 = (libc::SKF_AD_OFF + libc::SKF_AD_PROTOCOL) as u32;
const TAG: u32 = (libc::SKF_AD_OFF + libc::SKF_AD_VLAN_TAG) as u32;
/// The number of the VLAN in a tag; one without is the link's own, with a priority.
const VLAN: u32 = 0x0fff;

const PASS: Instruction = step(RETURN, BUFFER as u32);
const DROP: Instruction = step(RETURN, 0);

/// Lets by what is to this host, in no VLAN of its own interface, and an echo reply with our identifier or a next hop's answer.
pub(super) fn ours(identifier: u16) -> Vec<Instruction> {
    let (ipv4, ipv6, arp) = (echo_replies_v4(identifier), echo_replies_and_advertisements(identifier), arp_replies());
    let (to_ipv6, to_arp) = (ipv4.len() as u8, (ipv4.len() + ipv6.len()) as u8);
    let to_drop = to_arp + arp.len() as u8 - 1;
    let mut program = vec![
        step(LOAD_WORD, KIND),
        branch(IF_EQUAL, u32::from(libc::PACKET_HOST), 0, to_drop + 6),
        step(LOAD_WORD, TAG),
        branch(IF_ANY_BIT, VLAN, to_drop + 4, 0),
        step(LOAD_WORD, PROTOCOL),
        branch(IF_EQUAL, libc::ETH_P_IP as u32, 2, 0),
        branch(IF_EQUAL, libc::ETH_P_IPV6 as u32, to_ipv6 + 1, 0),
        branch(IF_EQUAL, libc::ETH_P_ARP as u32, to_arp, to_drop),
    ];
    program.extend(ipv4);
    program.extend(ipv6);
    program.extend(arp);
    program
}

/// ICMP, no fragment, echo reply, our identifier.
fn echo_replies_v4(identifier: u16) -> [Instruction; 11] {
    [
        step(LOAD_BYTE, 9),
        branch(IF_EQUAL, 1, 0, 8),
        step(LOAD_HALF, 6),
        branch(IF_ANY_BIT, 0x3fff, 6, 0),
        step(X_IS_HEADER_LENGTH, 0),
        step(LOAD_BYTE_AT_X, 0),
        branch(IF_EQUAL, 0, 0, 3),
        step(LOAD_HALF_AT_X, 4),
        branch(IF_EQUAL, u32::from(identifier), 0, 1),
        PASS,
        DROP,
    ]
}

/// `ICMPv6`: echo reply with our identifier, or neighbour advertisement.
fn echo_replies_and_advertisements(identifier: u16) -> [Instruction; 9] {
    [
        step(LOAD_BYTE, 6),
        branch(IF_EQUAL, 58, 0, 6),
        step(LOAD_BYTE, 40),
        branch(IF_EQUAL, 136, 3, 0),
        branch(IF_EQUAL, 129, 0, 3),
        step(LOAD_HALF, 44),
        branch(IF_EQUAL, u32::from(identifier), 0, 1),
        PASS,
        DROP,
    ]
}

/// ARP replies.
fn arp_replies() -> [Instruction; 4] {
    [step(LOAD_HALF, 6), branch(IF_EQUAL, 2, 0, 1), PASS, DROP]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rebootping_core::packet::{icmp, neighbour};

    const OURS: u16 = 0xbeef;

    /// What the kernel knows of a packet.
    #[derive(Clone, Copy)]
    struct Known {
        kind: u8,
        tag: u32,
        protocol: i32,
    }

    const IPV4: Known = Known { kind: libc::PACKET_HOST, tag: 0, protocol: libc::ETH_P_IP };
    const IPV6: Known = Known { protocol: libc::ETH_P_IPV6, ..IPV4 };
    const ARP: Known = Known { protocol: libc::ETH_P_ARP, ..IPV4 };

    /// Runs the program as the kernel would; a load beyond the packet's end drops it.
    fn lets_by(known: Known, packet: &[u8]) -> bool {
        let program = ours(OURS);
        let byte = |at: usize| packet.get(at).map(|&byte| u32::from(byte));
        let half = |at: usize| Some(byte(at)? << 8 | byte(at + 1)?);
        let (mut at, mut a, mut x) = (0, 0, 0);
        loop {
            let Instruction { code, jt, jf, k } = *program.get(at).expect("a program ends with a return");
            at += 1;
            let loaded = match (code, k) {
                (RETURN, _) => return k > 0,
                (LOAD_WORD, KIND) => Some(u32::from(known.kind)),
                (LOAD_WORD, TAG) => Some(known.tag),
                (LOAD_WORD, PROTOCOL) => Some(known.protocol as u32),
                (LOAD_BYTE, _) => byte(k as usize),
                (LOAD_HALF, _) => half(k as usize),
                (LOAD_BYTE_AT_X, _) => byte(x + k as usize),
                (LOAD_HALF_AT_X, _) => half(x + k as usize),
                (X_IS_HEADER_LENGTH, _) => {
                    x = 4 * (packet[k as usize] & 15) as usize;
                    Some(a)
                }
                (IF_EQUAL | IF_ANY_BIT, _) => {
                    let holds = if code == IF_EQUAL { a == k } else { a & k != 0 };
                    at += usize::from(if holds { jt } else { jf });
                    Some(a)
                }
                other => panic!("{other:?} is not among the instructions"),
            };
            match loaded {
                Some(value) => a = value,
                None => return false,
            }
        }
    }

    fn reply(source: &str, destination: &str, identifier: u16) -> Vec<u8> {
        let [source, destination] = [source, destination].map(|text| text.parse().expect("an address"));
        let echo = icmp::Echo { source, destination, identifier, sequence: 1, token: 2 };
        let mut packet = icmp::request(&echo).expect("one family").bytes().to_vec();
        let (kind, value) = if source.is_ipv4() { (20, 0) } else { (40, 129) };
        packet[kind] = value;
        packet
    }

    #[test]
    fn our_replies_and_answers_of_next_hops_pass_and_nothing_else_does() {
        let ipv4 = reply("192.0.2.1", "192.0.2.2", OURS);
        let ipv6 = reply("2001:db8::1", "2001:db8::2", OURS);
        let mut fragment = ipv4.clone();
        fragment[7] = 1;
        let mut request = ipv4.clone();
        request[20] = 8;
        let mut advertisement = ipv6.clone();
        advertisement[40] = 136;
        let question = neighbour::arp_request([2; 6], [192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let mut answer = question.to_vec();
        answer[7] = 2;
        for (what, known, packet, passes) in [
            ("a reply", IPV4, &ipv4, true),
            ("a reply with a priority", Known { tag: 0x6000, ..IPV4 }, &ipv4, true),
            ("a reply in a VLAN", Known { tag: 0x6007, ..IPV4 }, &ipv4, false),
            ("a reply to somebody else", Known { kind: libc::PACKET_OTHERHOST, ..IPV4 }, &ipv4, false),
            ("another's reply", IPV4, &reply("192.0.2.1", "192.0.2.2", 7), false),
            ("a fragment", IPV4, &fragment, false),
            ("a request", IPV4, &request, false),
            ("a reply of IPv6", IPV6, &ipv6, true),
            ("another's reply of IPv6", IPV6, &reply("2001:db8::1", "2001:db8::2", 7), false),
            ("an advertisement", IPV6, &advertisement, true),
            ("an ARP reply", ARP, &answer, true),
            ("an ARP question", ARP, &question.to_vec(), false),
            ("something cut short", IPV4, &ipv4[..21].to_vec(), false),
            ("another protocol", Known { protocol: 0x8863, ..IPV4 }, &ipv4, false),
        ] {
            assert_eq!(lets_by(known, packet), passes, "{what}");
        }
    }
}
