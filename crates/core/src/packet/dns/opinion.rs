//! A second opinion: another library's writer and reader of messages agree with ours.

use super::data::Data;
use super::name::Name;
use super::written::message;
use super::{Message, Record};
use proptest::prelude::*;
use simple_dns::rdata::{self, RData};
use simple_dns::{CLASS, CharacterString, Label, Packet, QCLASS, QTYPE, Question, ResourceRecord, TYPE};
use std::string::String;
use std::vec::Vec;

type Labels = Vec<Vec<u8>>;

/// Names from few labels, so that there is something to compress.
fn names() -> impl Strategy<Value = Labels> {
    let labels = ["local", "_tcp", "_ipp", "a.b", "Küche 2", "x", ""].map(|label| label.as_bytes().to_vec());
    proptest::collection::vec(proptest::sample::select(labels.to_vec()), 0..5)
        .prop_map(|labels| labels.into_iter().filter(|label| !label.is_empty()).collect())
}

fn written(labels: &Labels) -> simple_dns::Name<'static> {
    let labels: Vec<_> = labels.iter().map(|label| Label::new_unchecked(label.clone())).collect();
    simple_dns::Name::new_with_labels(&labels)
}

fn data() -> impl Strategy<Value = RData<'static>> {
    prop_oneof![
        any::<u32>().prop_map(|address| RData::A(rdata::A { address })),
        any::<u128>().prop_map(|address| RData::AAAA(rdata::AAAA { address })),
        names().prop_map(|name| RData::CNAME(written(&name).into())),
        names().prop_map(|name| RData::PTR(written(&name).into())),
        (any::<[u16; 3]>(), names()).prop_map(|([priority, weight, port], name)| {
            RData::SRV(rdata::SRV { priority, weight, port, target: written(&name) })
        }),
        proptest::collection::vec("[a-c]{0,2}(=[a-z=]{0,9})?", 1..4).prop_map(|strings| {
            let strings = strings.into_iter().map(|string| CharacterString::try_from(string).unwrap());
            RData::TXT(strings.fold(rdata::TXT::new(), rdata::TXT::with_char_string))
        }),
        (any::<u16>(), names(), any::<[u32; 2]>(), any::<[u128; 2]>()).prop_map(|(priority, name, v4, v6)| {
            let mut svcb = rdata::SVCB::new(priority, written(&name));
            svcb.set_port(443);
            svcb.set_ipv4hint(&v4);
            svcb.set_ipv6hint(&v6);
            RData::HTTPS(svcb.into())
        }),
    ]
}

fn packets() -> impl Strategy<Value = Vec<u8>> {
    let questions = proptest::collection::vec((names(), any::<bool>()), 0..3);
    let records = proptest::collection::vec((names(), data(), any::<u32>(), any::<bool>(), 0..3), 0..6);
    (questions, records).prop_map(|(questions, records)| {
        let mut packet = Packet::new_reply(7);
        for (name, unicast) in questions {
            packet.questions.push(Question::new(written(&name), QTYPE::ANY, QCLASS::CLASS(CLASS::IN), unicast));
        }
        for (name, data, ttl, flush, section) in records {
            let record = ResourceRecord::new(written(&name), CLASS::IN, ttl, data).with_cache_flush(flush);
            match section {
                0 => packet.answers.push(record),
                1 => packet.name_servers.push(record),
                _ => packet.additional_records.push(record),
            }
        }
        packet.build_bytes_vec_compressed().unwrap()
    })
}

fn ours(name: &Name<'_>) -> Labels {
    name.labels().map(<[u8]>::to_vec).collect()
}

fn theirs(name: &simple_dns::Name<'_>) -> Labels {
    name.as_bytes().map(<[u8]>::to_vec).collect()
}

fn our_data(data: &Data<'_>) -> Option<String> {
    Some(match data {
        Data::A(address) => std::format!("{address}"),
        Data::Aaaa(address) => std::format!("{address}"),
        Data::Cname(name) | Data::Ptr(name) => std::format!("{:?}", ours(name)),
        Data::Srv(srv) => std::format!("{} {} {} {:?}", srv.priority, srv.weight, srv.port, ours(&srv.target)),
        Data::Txt(txt) => std::format!("{:?}", txt.pairs().collect::<Vec<_>>()),
        Data::Svcb(svcb) => {
            let hints = (svcb.ipv4_hints().collect::<Vec<_>>(), svcb.ipv6_hints().collect::<Vec<_>>());
            std::format!("{} {:?} {hints:?}", svcb.priority, ours(&svcb.target))
        }
        Data::Other => return None,
    })
}

fn their_data(data: &RData<'_>) -> Option<String> {
    use std::net::{Ipv4Addr, Ipv6Addr};
    let svcb = |svcb: &rdata::SVCB<'_>| {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for parameter in svcb.iter_params() {
            match parameter {
                rdata::SVCParam::Ipv4Hint(hints) => v4.extend(hints.iter().map(|&bits| Ipv4Addr::from_bits(bits))),
                rdata::SVCParam::Ipv6Hint(hints) => v6.extend(hints.iter().map(|&bits| Ipv6Addr::from_bits(bits))),
                _ => {}
            }
        }
        std::format!("{} {:?} {:?}", svcb.priority, theirs(&svcb.target), (v4, v6))
    };
    Some(match data {
        RData::A(a) => std::format!("{}", Ipv4Addr::from_bits(a.address)),
        RData::AAAA(aaaa) => std::format!("{}", Ipv6Addr::from_bits(aaaa.address)),
        RData::CNAME(name) => std::format!("{:?}", theirs(name)),
        RData::PTR(name) => std::format!("{:?}", theirs(name)),
        RData::SRV(srv) => std::format!("{} {} {} {:?}", srv.priority, srv.weight, srv.port, theirs(&srv.target)),
        RData::TXT(txt) => {
            std::format!("{:?}", txt.iter_raw().filter(|(key, _)| !key.is_empty()).collect::<Vec<_>>())
        }
        RData::SVCB(record) => svcb(record),
        RData::HTTPS(record) => svcb(record),
        _ => return None,
    })
}

/// What both read of a message; in a damaged one we may be stricter about the data, and stop at a name that could run in circles.
fn agree(bytes: &[u8], is_damaged: bool) -> Result<(), TestCaseError> {
    let Ok(packet) = Packet::parse(bytes) else { return Ok(()) };
    let read = Message::read(bytes).expect("they could read it");
    let asked: Vec<_> = read.questions().map(|question| (ours(&question.name), question.wants_unicast)).collect();
    let expected: Vec<_> = packet.questions.iter().map(|q| (theirs(&q.qname), q.unicast_response)).collect();
    prop_assert_eq!(asked, expected);
    let sections = [&packet.answers, &packet.name_servers, &packet.additional_records];
    let expected: Vec<_> =
        sections.into_iter().flatten().filter(|record| !is_opt(u16::from(record.rdata.type_code()))).collect();
    let records: Vec<Record<'_>> = read.records().filter(|record| !is_opt(record.kind)).collect();
    let stops_before_a_circle = || could_circle(bytes, end_of(bytes, read.questions().count(), read.records().count()));
    prop_assert!(
        records.len() == expected.len() || (is_damaged && records.len() < expected.len() && stops_before_a_circle())
    );
    for (record, expected) in records.iter().zip(expected) {
        prop_assert_eq!(ours(&record.name), theirs(&expected.name));
        prop_assert_eq!((record.kind, record.ttl), (expected.rdata.type_code().into(), expected.ttl));
        prop_assert_eq!((record.class, record.flushes_cache), (expected.class as u16, expected.cache_flush));
        let data = our_data(&record.data);
        prop_assert!(
            is_damaged && data.is_none()
                || matches!(expected.rdata, RData::Empty(_))
                || data == their_data(&expected.rdata)
        );
    }
    Ok(())
}

/// Where so many questions and records end.
fn end_of(bytes: &[u8], questions: usize, records: usize) -> usize {
    let behind_name = |mut at: usize| {
        while (1..64).contains(&bytes[at]) {
            at += 1 + usize::from(bytes[at]);
        }
        at + if bytes[at] == 0 { 1 } else { 2 }
    };
    let questions_end = (0..questions).fold(12, |at, _| behind_name(at) + 4);
    (0..records).fold(questions_end, |at, _| {
        let fields = behind_name(at);
        fields + 10 + usize::from(u16::from_be_bytes([bytes[fields + 8], bytes[fields + 9]]))
    })
}

/// A pointer of the name there does not lead to before the labels it ends: we go no further (RFC 9267 section 2).
fn could_circle(bytes: &[u8], mut at: usize) -> bool {
    let mut begin = at;
    while let Some(&length) = bytes.get(at).filter(|length| **length != 0) {
        if length < 64 {
            at += 1 + usize::from(length);
            continue;
        }
        at = usize::from(u16::from_be_bytes([length & 0x3f, bytes[at + 1]]));
        if at >= begin {
            return true;
        }
        begin = at;
    }
    false
}

/// They keep EDNS apart from the records.
fn is_opt(kind: u16) -> bool {
    kind == u16::from(TYPE::OPT)
}

proptest! {
    #[test]
    fn what_they_write_we_read(bytes in packets()) {
        prop_assert!(Packet::parse(&bytes).is_ok());
        agree(&bytes, false)?;
    }

    #[test]
    fn damage_is_read_alike(bytes in packets(), changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut bytes = bytes;
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        agree(&bytes, true)?;
    }

    #[test]
    fn noise_is_read_alike(counts in [0_u16..3, 0..3, 0..2, 0..2], body in proptest::collection::vec(prop_oneof![Just(0_u8), Just(0xc0), 0_u8..20, any::<u8>()], 0..120)) {
        agree(&message(0x8400, counts, &[&body]), true)?;
    }
}
