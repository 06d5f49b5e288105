//! The true times of echoes, as the wire they passed knows them.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

/// At the daemon's defaults these are 45 minutes of one link.
const ECHO_LIMIT: usize = 65_536;

/// One echo request that left the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// Whom it asked.
    pub target: IpAddr,
    /// ICMP identifier.
    pub identifier: u16,
    /// ICMP sequence number.
    pub sequence: u16,
    /// When the request reached the wire, `CLOCK_REALTIME`, stamped by the kernel.
    pub request_at: Duration,
    /// When the wire handed the first reply to the gateway, `CLOCK_REALTIME`, read just before.
    pub reply_at: Option<Duration>,
    /// The same, read just after: in between the gateway's kernel had it.
    pub reply_done_at: Option<Duration>,
}

impl Echo {
    /// The round trip as it was outside the gateway.
    pub fn round_trip(&self) -> Option<Duration> {
        self.reply_at?.checked_sub(self.request_at)
    }

    /// By how much the round trip may have been longer than that.
    pub fn uncertainty(&self) -> Option<Duration> {
        self.reply_done_at?.checked_sub(self.reply_at?)
    }
}

/// The newest echoes.
#[derive(Debug, Default)]
pub(crate) struct EchoLog(VecDeque<Echo>);

impl EchoLog {
    pub(crate) fn all(&self) -> VecDeque<Echo> {
        self.0.clone()
    }

    /// Records a frame from the gateway, where it is an echo request.
    pub(crate) fn request(&mut self, frame: &[u8], request_at: Duration) {
        let Some((Kind::Request, target, identifier, sequence)) = echo_of(frame) else { return };
        if self.0.len() == ECHO_LIMIT {
            self.0.pop_front();
        }
        self.0.push_back(Echo { target, identifier, sequence, request_at, reply_at: None, reply_done_at: None });
    }

    /// Records a frame to the gateway, where it answers a request; a second answer changes nothing.
    pub(crate) fn reply(&mut self, frame: &[u8], (reply_at, reply_done_at): (Duration, Duration)) {
        let Some((Kind::Reply, target, identifier, sequence)) = echo_of(frame) else { return };
        let same = |echo: &&mut Echo| (echo.target, echo.identifier, echo.sequence) == (target, identifier, sequence);
        if let Some(echo) = self.0.iter_mut().rev().find(same).filter(|echo| echo.reply_at.is_none()) {
            (echo.reply_at, echo.reply_done_at) = (Some(reply_at), Some(reply_done_at));
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Request,
    Reply,
}

/// Kind, the far side's address, identifier and sequence of an echo in an Ethernet frame without VLAN tag.
fn echo_of(frame: &[u8]) -> Option<(Kind, IpAddr, u16, u16)> {
    let (ethernet, packet) = frame.split_at_checked(14)?;
    let (message, from, to): (&[u8], IpAddr, IpAddr) = match [ethernet[12], ethernet[13]] {
        [0x08, 0x00] if *packet.get(9)? == 1 => {
            let header = usize::from(packet[0] & 15) * 4;
            let address = |at| Some(IpAddr::from(<[u8; 4]>::try_from(packet.get(at..at + 4)?).ok()?));
            (packet.get(header..)?, address(12)?, address(16)?)
        }
        [0x86, 0xdd] if *packet.get(6)? == 58 => {
            let address = |at| Some(IpAddr::from(<[u8; 16]>::try_from(packet.get(at..at + 16)?).ok()?));
            (packet.get(40..)?, address(8)?, address(24)?)
        }
        _ => return None,
    };
    let (kind, far) = match message.first()? {
        8 | 128 => (Kind::Request, to),
        0 | 129 => (Kind::Reply, from),
        _ => return None,
    };
    let word = |at: usize| Some(u16::from_be_bytes([*message.get(at)?, *message.get(at + 1)?]));
    Some((kind, far, word(4)?, word(6)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo_frame(kind: u8) -> Vec<u8> {
        let mut frame = vec![0; 14 + 20 + 8];
        frame[12..14].copy_from_slice(&[0x08, 0x00]);
        frame[14] = 0x45;
        frame[14 + 9] = 1;
        let far = if kind == 8 { 14 + 16 } else { 14 + 12 };
        frame[far..far + 4].copy_from_slice(&[192, 0, 2, 1]);
        frame[34] = kind;
        frame[38..42].copy_from_slice(&[0, 7, 0, 9]);
        frame
    }

    #[test]
    fn the_first_reply_gives_an_echo_its_round_trip() {
        let mut log = EchoLog::default();
        log.request(&echo_frame(8), Duration::from_millis(10));
        log.reply(&echo_frame(0), (Duration::from_millis(35), Duration::from_millis(36)));
        log.reply(&echo_frame(0), (Duration::from_millis(50), Duration::from_millis(52)));
        let echoes = log.all();
        assert_eq!((echoes[0].identifier, echoes[0].sequence), (7, 9));
        assert_eq!(echoes[0].round_trip(), Some(Duration::from_millis(25)));
        assert_eq!(echoes[0].uncertainty(), Some(Duration::from_millis(1)));
    }

    #[test]
    fn a_cut_frame_is_no_echo() {
        let whole = echo_frame(8);
        assert!((0..whole.len()).all(|length| echo_of(&whole[..length]).is_none()));
    }
}
