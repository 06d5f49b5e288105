//! Doors to what is overheard of conversations, and of neighbours who introduce themselves.

use rebootping_core::packet::http::{Description, Request, Response, behind_head};
use rebootping_core::packet::llc::{self, Llc};
use rebootping_core::packet::ndp::{MOST, Ndp};
use rebootping_core::packet::opening::Opening;
use rebootping_core::packet::tls::{self, ClientHello, Progress};
use rebootping_core::packet::{arp, banner, cdp, ja4, lldp, neighbour, quic};
use rebootping_core::untrusted::Untrusted;

/// The longest beginning of a stream that is kept.
const STREAM: usize = 16 * 1024;

/// What a TLS client says first: as one message, as one segment, and as two in either order.
pub fn tls(data: &[u8]) {
    if let Some(hello) = ClientHello::read(data) {
        fingerprint(&hello);
    }
    let whole = tls::Hello::new(0).push(0, data);
    let Progress::Done(hello) = &whole else { return };
    fingerprint(hello);
    if data.len() > STREAM {
        return;
    }
    let (one, two) = data.split_at(data.len() / 2);
    let middle = u32::try_from(one.len()).expect("it is short");
    let mut late = tls::Hello::new(0);
    assert_eq!((late.push(middle, two), late.push(0, one)), (Progress::More, whole.clone()));
    let mut early = tls::Hello::new(0);
    match early.push(0, one) {
        Progress::More => assert_eq!(early.push(middle, two), whole),
        told => assert_eq!(told, whole),
    }
}

fn fingerprint(hello: &ClientHello) {
    let ja4 = ja4::of(hello.clone(), ja4::Transport::Tcp, &mut ja4::Hashes::default());
    let text = ja4.as_str();
    assert!(text.len() == 36 && text.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()), "{text}");
    assert!(hello.server_name.as_ref().is_none_or(|name| !name.is_empty()));
}

/// A datagram that may be a QUIC client's first, again and again.
pub fn quic(data: &[u8]) {
    let mut hello = quic::Hello::default();
    let first = hello.push(data);
    if first == Progress::Not {
        return;
    }
    assert!(quic::may_be_initial(data) && hello.size() <= 2 * STREAM);
    // Up to the number of packets that are opened, the same bytes say the same.
    let again = hello.push(data);
    assert!(again == first || again == Progress::Not);
}

/// What either side of a TCP connection says first.
pub fn http(data: &[u8]) {
    let (request, response, greeting) = (Request::read(data), Response::read(data), banner::read(data));
    assert!(usize::from(request.is_some()) + usize::from(response.is_some()) + usize::from(greeting.is_some()) <= 1);
    let description = Description::read(data);
    let described = [response.as_ref().and_then(|response| response.description.as_ref()), description.as_ref()];
    for description in described.into_iter().flatten() {
        sound(&[&description.friendly_name, &description.manufacturer, &description.model_name]);
    }
    if let Some(request) = &request {
        assert!(request.method.raw().len() <= 17);
        sound(&[&request.host, &request.user_agent]);
    }
    if let Some(response) = &response {
        assert!((100..600).contains(&response.status));
        sound(&[&response.server]);
    }
    let is_unfinished = Request::is_unfinished(data) || Response::is_unfinished(data);
    assert!(behind_head(data).is_none_or(|rest| !is_unfinished && rest.len() < data.len()), "its end has come");
    continued(data);
}

/// What is put together of two segments, of which the first comes twice, is the whole.
fn continued(data: &[u8]) {
    let (one, two) = data.split_at(data.len() / 2);
    let middle = u32::try_from(one.len()).expect("it is short");
    let mut opening = Opening::new(0, one);
    if opening.push(0, one) && opening.push(middle, two) {
        assert!(opening.bytes() == data && opening.size() <= 2 * STREAM);
    } else {
        assert!(data.len() > STREAM, "there is room");
    }
}

/// What LLDP says of a neighbour; a cut frame says no more than a whole one.
pub fn lldp(data: &[u8]) {
    let whole = lldp::Lldp::read(data);
    if let Some(read) = &whole {
        sound(&[&read.port_description, &read.system_name, &read.system_description]);
    }
    let cut = data.split_last().and_then(|(_, before)| lldp::Lldp::read(before));
    assert!(cut.is_none() || whole.is_some());
}

/// Frames with a length for an `EtherType`, and CDP in them or by itself.
pub fn llc(data: &[u8]) {
    let inner = match llc::read(data) {
        Some(Llc::Cdp(inner)) => inner,
        Some(Llc::Ethertype(_, inner)) => {
            assert!(inner.len() + 8 == data.len());
            return;
        }
        Some(Llc::Bpdu(_) | Llc::TopologyChange | Llc::Ipx | Llc::NetBeui | Llc::Osi) | None => data,
    };
    let Some(read) = cdp::Cdp::read(inner) else { return };
    assert!(read.addresses.len() <= cdp::MOST);
    sound(&[&read.device, &read.platform, &read.version, &read.port]);
}

/// ARP, and the body of every message of neighbour discovery.
pub fn neighbours(data: &[u8]) {
    let arp = arp::Arp::read(data);
    assert!(neighbour::arp_reply(data).is_none_or(|answer| arp.is_some_and(|arp| answer.address == arp.sender)));
    for kind in 133..=136 {
        assert_eq!(Ndp::read(kind, 0, 64, data), None, "it came through a router");
        if let Some(Ndp::RouterAdvertisement(router)) = Ndp::read(kind, 0, 255, data) {
            assert!(router.prefixes.len() <= MOST && router.dns_servers.len() <= MOST);
            assert!(router.prefixes.iter().all(|prefix| prefix.length <= 128));
        }
    }
}

/// A text that is told says something.
fn sound(texts: &[&Option<Untrusted>]) {
    assert!(texts.iter().all(|text| text.as_ref().is_none_or(|text| !text.is_empty())));
}
