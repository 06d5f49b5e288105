//! How soon whoever follows a device has a packet: from before it is sent until `rebootping pcap --follow` has printed it.

use crate::followed::Followed;
use crate::support::{GATEWAY, KEEP_ALL, device, prove, start};
use crate::{verdict, yard};
use rebootping_lab::{Flood, udp_frame};
use std::time::{Duration, Instant};

/// What this is called among the loads.
pub(crate) const NAME: &str = "follow";
/// The most it may take.
const PROMISED: Duration = Duration::from_secs(1);
/// Each falls on another moment between two looks of those who take part.
const PACKETS: u16 = 40;

/// Measures it; whether every packet was there in time.
pub(crate) fn measure() -> bool {
    println!("\nfollowed: {PACKETS} packets of a device, one after the other");
    let yard = yard("bench");
    let daemon = start(&yard, KEEP_ALL);
    prove(&yard, &daemon, &[device(1)]);
    let mut followed = Followed::start(&yard, &daemon);
    followed.wait_for(2);
    let mut took: Vec<Duration> = (0..PACKETS)
        .map(|number| {
            let sent = Instant::now();
            Flood::of(vec![udp_frame(device(1), GATEWAY, number, 60)]).send_in(yard.street(), "lan0");
            followed.wait_for(3 + usize::from(number));
            sent.elapsed()
        })
        .collect();
    took.sort();
    let (median, longest) = (took[took.len() / 2], took[took.len() - 1]);
    let held = longest <= PROMISED;
    println!("  {}: median {median:.0?}, longest {longest:.0?}, at most {PROMISED:?}", verdict(held));
    held
}
