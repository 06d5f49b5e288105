//! What the traffic of 200 devices takes in a year: minutes for thirty days, quarters of an hour for the year.
//!
//! A device is busy in stretches, half an hour long on average, a third of the time; while it is, a minute's bytes are log-normal
//! around a level of the stretch, from background to video. What it sends is a tenth of that, more or less, and a packet has 200
//! to 1,200 bytes.

use super::round_trips::Random;
use rebootping_core::history::traffic::{self, Moved};

const DEVICES: usize = 200;
/// So many are made up; the rest are like them.
const MADE_UP: u64 = 10;
const MINUTES: usize = 24 * 60;
const DAYS_OF_MINUTES: usize = 30;
const DAYS_OF_QUARTERS: usize = 365;
/// A row of a day, and one of a month, each with its key.
const ROW: usize = 40;

/// Prints the bytes of each tier; all of them together.
pub(crate) fn measure() -> usize {
    let (mut minutes, mut quarters) = (0, 0);
    for device in 0..MADE_UP {
        let mut device = Device::new(device);
        for day in 0..DAYS_OF_QUARTERS {
            let spans: Vec<Moved> = (0..MINUTES).map(|_| device.minute()).collect();
            let longer: Vec<Moved> = spans.chunks(15).map(sum).collect();
            quarters += traffic::encode(&longer).len();
            if day < DAYS_OF_MINUTES {
                minutes += spans.chunks(60).map(|hour| traffic::encode(hour).len()).sum::<usize>();
            }
        }
    }
    let of_all = |bytes: usize| bytes * DEVICES / MADE_UP as usize;
    let (minutes, quarters) = (of_all(minutes), of_all(quarters));
    let rows = DEVICES * (DAYS_OF_QUARTERS + 12) * ROW;
    let total = minutes + quarters + rows;
    let mega = |bytes: usize| bytes as f64 / 1e6;
    println!(
        "traffic of {DEVICES} devices in a year: {:.1} MB of minutes, {:.1} of quarters, {:.1} of days and months, {:.1} in all",
        mega(minutes),
        mega(quarters),
        mega(rows),
        mega(total)
    );
    total
}

struct Device {
    random: Random,
    level: Option<f64>,
}

impl Device {
    fn new(seed: u64) -> Self {
        Self { random: Random(seed), level: None }
    }

    fn minute(&mut self) -> Moved {
        let random = &mut self.random;
        if random.within(if self.level.is_some() { 1.0 / 30.0 } else { 1.0 / 60.0 }) {
            self.level = if self.level.is_some() { None } else { Some(2e4 * (2.5 * random.normal()).exp()) };
        }
        let Some(level) = self.level else { return Moved::default() };
        let received = level * (0.6 * random.normal()).exp();
        let sent = received * 0.1 * (0.5 * random.normal()).exp();
        let (large, small) = (600.0 + 600.0 * random.even(), 200.0 + 200.0 * random.even());
        Moved {
            sent: sent as u64,
            received: received as u64,
            sent_packets: (sent / small).ceil() as u64,
            received_packets: (received / large).ceil() as u64,
        }
    }
}

fn sum(spans: &[Moved]) -> Moved {
    let mut sum = Moved::default();
    for span in spans {
        sum.add(span);
    }
    sum
}
