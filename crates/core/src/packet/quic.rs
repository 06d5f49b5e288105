//! The ClientHello within a QUIC client's first packets, whose keys everybody can derive (RFC 9000, RFC 9001; version 2: RFC 9369).

mod frames;
mod initial;
mod keys;

pub use super::tls::Progress;

use super::pieces::Pieces;
use super::tls::progress;
use alloc::vec::Vec;
use initial::{Initial, Initials};
use keys::Keys;

/// A client pads each datagram with an Initial packet to so many bytes (RFC 9000 section 14.1).
const LEAST: usize = 1200;
/// So many Initial packets of one connection are opened: 16 KiB in datagrams of the least length are fourteen.
const MOST_PACKETS: u8 = 32;
/// So often keys are derived, which costs more than all else: for a connection, and for another or the same after a Retry.
const MOST_KEYS: u8 = 2;

/// The beginning of what a client says on one connection, over as many datagrams as it takes: 16 KiB at most.
#[derive(Clone, Debug, Default)]
pub struct Hello {
    keys: Option<Keys>,
    derived: u8,
    packets: u8,
    pieces: Pieces,
}

impl Hello {
    /// Takes a datagram from client to server. `Not`: it is no QUIC we can read, or too long; no more datagrams between these ports
    /// need be tried. After `Done` or `Not` there is nothing more to tell.
    pub fn push(&mut self, datagram: &[u8]) -> Progress {
        if may_be_initial(datagram) {
            for (place, initial) in Initials::of_one_connection(datagram).enumerate() {
                if self.packets == MOST_PACKETS {
                    return Progress::Not;
                }
                self.packets = self.packets.saturating_add(1);
                let payload = self.open(&initial, place == 0).unwrap_or_default();
                for (at, piece) in frames::crypto(&payload) {
                    self.pieces.put(at, piece);
                }
            }
        }
        if self.keys.is_none() {
            return Progress::Not;
        }
        progress(self.pieces.beginning())
    }

    /// Opens a packet with the keys of the client's first identifier for the server, which stay when the server chooses another.
    /// The first of a datagram may be of a new connection.
    fn open(&mut self, initial: &Initial<'_>, may_be_new: bool) -> Option<Vec<u8>> {
        if let Some(payload) = self.keys.as_ref().and_then(|keys| keys.open(initial)) {
            return Some(payload);
        }
        if !may_be_new || self.derived == MOST_KEYS {
            return None;
        }
        self.derived = self.derived.saturating_add(1);
        let keys = Keys::of(initial.version, initial.destination);
        let payload = keys.open(initial)?;
        // Another connection, or the same after a Retry: it begins anew.
        self.keys = Some(keys);
        self.pieces = Pieces::default();
        Some(payload)
    }

    /// Bytes of memory held beside the value itself.
    pub fn size(&self) -> usize {
        self.pieces.size()
    }
}

/// Whether a datagram begins as a client's first does; cheap, to be asked of every datagram between ports not yet known.
pub fn may_be_initial(datagram: &[u8]) -> bool {
    datagram.len() >= LEAST && Initials::of(datagram).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::super::tests::hex;
    use super::super::tls::ClientHello;
    use super::super::tls::tests::browser;
    use super::initial::Version;
    use super::*;
    use proptest::prelude::*;

    const CLIENT: &[u8] = &[0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];
    /// The CRYPTO frame of RFC 9001 appendix A.2.
    const CRYPTO: &str = "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302\
        010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e00050005010000\
        0000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e0403\
        050306030203080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ffff07048000ffff08011001048000\
        75300901100f088394c8f03e51570806048000ffff";

    fn frame(at: usize, data: &[u8]) -> Vec<u8> {
        let [offset, length] = [at, data.len()].map(|value| (value as u16 | 0x4000).to_be_bytes());
        [&[6][..], &offset, &length, data].concat()
    }

    /// An Initial packet with these frames, sealed under the keys of `client` and sent to `destination`.
    fn sealed(version: Version, client: &[u8], destination: &[u8], frames: &[u8], number: u32) -> Vec<u8> {
        let (first, name) = match version {
            Version::One => (0xc3, [0, 0, 0, 1]),
            Version::Two => (0xd3, [0x6b, 0x33, 0x43, 0xcf]),
            Version::Draft21 => (0xc3, [0xff, 0, 0, 22]),
            Version::Draft23 => (0xc3, [0xff, 0, 0, 27]),
            Version::Draft29 => (0xc3, [0xff, 0, 0, 29]),
        };
        let length = (frames.len() + 20) as u16 | 0x4000;
        let head = [&[first][..], &name, &[destination.len() as u8], destination, &[0, 0], &length.to_be_bytes()];
        Keys::of(version, client).seal(&head.concat(), number, frames)
    }

    fn padded(mut frames: Vec<u8>) -> Vec<u8> {
        frames.resize(frames.len().max(LEAST), 0);
        frames
    }

    #[track_caller]
    fn check_vector(version: Version, head: &str, sample: &str, tag: &str) {
        let packet = sealed(version, CLIENT, CLIENT, &[hex(CRYPTO), std::vec![0; 917]].concat(), 2);
        assert_eq!((packet.len(), &packet[..22], &packet[22..38]), (1200, &hex(head)[..], &hex(sample)[..]));
        assert_eq!(packet[1184..], hex(tag));
        let Progress::Done(hello) = Hello::default().push(&packet) else { panic!("it is whole") };
        assert_eq!(hello.server_name, Some("example.com".into()));
        assert_eq!(hello.alpn_ends, Some(*b"an"));
    }

    #[test]
    fn the_vectors_of_both_versions_open() {
        let head = "c000000001088394c8f03e5157080000449e7b9aec34";
        check_vector(Version::One, head, "d1b1c98dd7689fb8ec11d242b123dc9b", "e221af44860018ab0856972e194cd934");
        let head = "d76b3343cf088394c8f03e5157080000449ea0c95e82";
        check_vector(Version::Two, head, "ffe67b6abcdb4298b485dd04de806071", "a18b2faa745b6fe189cf772a9f84cbfc");
    }

    #[test]
    fn drafts_open_with_their_own_salts() {
        let handshake = browser(1);
        for version in [Version::Draft21, Version::Draft23, Version::Draft29] {
            let packet = sealed(version, CLIENT, CLIENT, &padded(frame(0, &handshake)), 0);
            assert_eq!(Hello::default().push(&packet), done(&handshake), "{version:?}");
            let other = [&[0xc3, 0, 0, 0, 1], &packet[5..]].concat();
            assert_eq!(Hello::default().push(&other), Progress::Not, "{version:?} is another");
        }
    }

    fn done(handshake: &[u8]) -> Progress {
        Progress::Done(ClientHello::read(handshake).unwrap().into())
    }

    #[test]
    fn a_shuffled_hello_over_three_datagrams_is_put_together() {
        let handshake = browser(900);
        let pieces: Vec<Vec<u8>> =
            handshake.chunks(150).enumerate().map(|(index, piece)| frame(index * 150, piece)).collect();
        let datagram = |first: usize, number| {
            let ping_and_ack = [1, 0, 0, 2, 5, 0, 1, 0, 1, 1];
            let frames = pieces.iter().skip(first).step_by(3).rev().flatten().copied();
            sealed(Version::One, CLIENT, CLIENT, &padded(ping_and_ack.into_iter().chain(frames).collect()), number)
        };
        let mut hello = Hello::default();
        assert_eq!(hello.push(&datagram(2, 0)), Progress::More);
        assert_eq!(hello.push(&datagram(0, 1)), Progress::More);
        assert_eq!(hello.push(&datagram(0, 1)), Progress::More, "sent again");
        assert_eq!(hello.push(b"something else"), Progress::More);
        assert_eq!(hello.push(&datagram(1, 70_000)), done(&handshake));
    }

    #[test]
    fn keys_stay_when_the_server_names_itself_and_change_after_a_retry() {
        let handshake = browser(20);
        let (one, two) = handshake.split_at(80);
        let packet =
            |client, destination, at, piece| sealed(Version::Two, client, destination, &padded(frame(at, piece)), 1);
        let mut hello = Hello::default();
        assert_eq!(hello.push(&packet(CLIENT, CLIENT, 0, one)), Progress::More);
        assert_eq!(hello.clone().push(&packet(CLIENT, b"server", 80, two)), done(&handshake));
        assert_eq!(hello.push(&packet(b"retried", b"retried", 80, two)), Progress::More, "it begins anew");
        assert_eq!(hello.push(&packet(b"retried", b"retried", 0, one)), done(&handshake));
    }

    #[test]
    fn packets_of_one_datagram_are_all_opened() {
        let handshake = browser(1);
        let (one, two) = handshake.split_at(50);
        let first = sealed(Version::One, CLIENT, CLIENT, &frame(50, two), 0);
        let early = [&[0xd0, 0, 0, 0, 1, 1, 9, 0, 3][..], b"0rt"].concat();
        let second = sealed(Version::One, CLIENT, CLIENT, &padded(frame(0, one)), 1);
        assert_eq!(Hello::default().push(&[first, early, second].concat()), done(&handshake));
    }

    #[test]
    fn keys_are_derived_for_the_first_packet_of_a_datagram_and_twice_at_most() {
        let handshake = browser(1);
        let packet = |client| sealed(Version::One, client, client, &padded(frame(0, &handshake)), 0);
        let nothing = |client| sealed(Version::One, b"other", client, &[0; 20], 0);
        for client in [CLIENT, b"none"] {
            let mut hello = Hello::default();
            assert_eq!(
                hello.push(&[nothing(client), packet(CLIENT)].concat()),
                Progress::Not,
                "behind one of {client:?}"
            );
            assert_eq!(hello.derived, 1);
        }
        let begin = sealed(Version::One, CLIENT, CLIENT, &padded(frame(0, &handshake[..9])), 0);
        let mut hello = Hello::default();
        for datagram in [&begin, &padded(nothing(b"none")), &packet(b"third")] {
            assert_eq!(hello.push(datagram), Progress::More);
        }
        assert_eq!(hello.push(&packet(CLIENT)), done(&handshake));
    }

    #[test]
    fn random_and_foreign_datagrams_are_not_taken_for_quic() {
        let whole = sealed(Version::One, CLIENT, CLIENT, &[hex(CRYPTO), std::vec![0; 917]].concat(), 2);
        assert!(may_be_initial(&whole) && !may_be_initial(&whole[..1199]));
        for at in [0, 1, 5, 6, 20, 22, 300, 1199] {
            let mut other = whole.clone();
            other[at] ^= 0x80;
            assert_eq!(Hello::default().push(&other), Progress::Not, "byte {at}");
        }
        let server_hello = frame(0, &[2, 0, 0, 9]);
        assert_eq!(
            Hello::default().push(&sealed(Version::One, CLIENT, CLIENT, &padded(server_hello), 0)),
            Progress::Not
        );
    }

    #[test]
    fn a_client_that_never_ends_is_given_up() {
        let packet = sealed(Version::One, CLIENT, CLIENT, &padded(frame(9, b"x")), 0);
        let mut hello = Hello::default();
        assert!((0..MOST_PACKETS).all(|_| hello.push(&packet) == Progress::More));
        assert_eq!(hello.push(&packet), Progress::Not);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_bytes_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            frames in proptest::collection::vec(any::<u8>(), 0..200),
            at in 0..30_usize,
        ) {
            let mut hello = Hello::default();
            let mut datagram = sealed(Version::One, CLIENT, CLIENT, &padded(frames), 0);
            let _ = hello.push(&datagram);
            datagram.splice(at..at + bytes.len(), bytes);
            let _ = hello.push(&datagram);
        }
    }
}
