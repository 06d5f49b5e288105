//! The classic format: one header, then packets, each behind its stamp and lengths (draft-ietf-opsawg-pcap).

use super::pcapng::Order;
use super::stop::Stop;
use super::window::Window;
use super::{Found, Interface, LONGEST_FRAME};
use rebootping_core::packet::frame::InterfaceId;
use rebootping_core::untrusted::Untrusted;
use std::io::Read;

const HEADER: usize = 24;
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
/// Alexey Kuznetsov's format of 1999: each packet's header goes on with interface, protocol and type.
const MODIFIED: u32 = 0xa1b2_cd34;

/// What the header of a classic file says.
pub(super) struct Classic {
    order: Order,
    /// Nanoseconds of a stamp's smaller unit.
    fraction: u64,
    /// Bytes of each packet's header.
    header: usize,
    interface: [Interface; 1],
}

impl Classic {
    /// Reads the header behind one of its magic numbers.
    pub(super) fn detect<R: Read>(magic: [u8; 4], window: &mut Window<R>) -> Result<Self, Stop> {
        let known = [Order::Little, Order::Big].into_iter().find_map(|order| match order.u32(magic) {
            MICROSECONDS => Some((order, 1_000, 16)),
            NANOSECONDS => Some((order, 1, 16)),
            MODIFIED => Some((order, 1_000, 24)),
            _ => None,
        });
        let Some((order, fraction, header)) = known else { return Err(Stop::NoCapture) };
        let Some(&[_, _, _, _, v, e, r, s, .., l0, l1, l2, l3]) =
            window.ahead(HEADER)?.and_then(|bytes| bytes.first_chunk::<HEADER>())
        else {
            return Err(Stop::Within);
        };
        // Major and minor stand in one word; which half is which depends on the order of bytes.
        let version = order.u32([v, e, r, s]);
        let major = match order {
            Order::Little => version & 0xffff,
            Order::Big => version >> 16,
        };
        if major != 2 {
            return Err(Stop::Damaged(format!("pcap of version {major} is unknown")));
        }
        // The upper half holds the length of the frame check sequence.
        let link = order.u32([l0, l1, l2, l3]) & 0xffff;
        window.take(HEADER);
        Ok(Self { order, fraction, header, interface: [Interface { name: Untrusted::new(b""), link }] })
    }

    pub(super) const fn interfaces(&self) -> &[Interface] {
        &self.interface
    }

    /// The next packet.
    pub(super) fn find<R: Read>(&self, window: &mut Window<R>, found: &mut Found) -> Result<(), Stop> {
        let Some(header) = window.peek::<16>()? else {
            return Err(if window.is_empty() { Stop::End } else { Stop::Within });
        };
        let [seconds, fraction, captured, original] = self.words(header);
        if captured > LONGEST_FRAME {
            return Err(Stop::Damaged(format!("a packet claims {captured} bytes")));
        }
        let whole = self.header + captured as usize;
        if window.ahead(whole)?.is_none() {
            return Err(Stop::Within);
        }
        let place = window.take(whole);
        *found = Found {
            interface: InterfaceId(0),
            link: self.interface[0].link,
            stamp: u64::from(seconds) * 1_000_000_000 + u64::from(fraction) * self.fraction,
            // No fewer bytes were on the wire than were captured there.
            original: original.max(captured),
            direction: None,
            remark: 0..0,
            bytes: place.start + self.header..place.end,
        };
        Ok(())
    }

    fn words(&self, header: [u8; 16]) -> [u32; 4] {
        [0, 4, 8, 12].map(|at| header.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |word| self.order.u32(*word)))
    }
}
