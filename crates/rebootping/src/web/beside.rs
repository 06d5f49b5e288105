//! What belongs beside packets that are handed over: names, verdicts, what devices did, what was lost. The observer asks nobody, so
//! it is told here, over the connection the packets come on.

use super::site::Site;
use super::source::Devices;
use crate::clock;
use crate::daemon::Request;
use crate::extract::folders::INTERFACE;
use crate::extract::{News, Told};
use crate::ipc::frame;
use crate::ipc::observer::{Beside, Of, Packets};
use rebootping_core::time::Time;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::OwnedWriteHalf;
use tokio::time::interval;

/// Verdicts come once a second.
const STATUS_EVERY: Duration = Duration::from_secs(1);
/// Names seldom change.
const DEVICES_EVERY: Duration = Duration::from_secs(15);
/// How long packets are written at once for whoever follows, and how often that is asked for.
const FOLLOWED: Duration = Duration::from_secs(30);
const FOLLOW_EVERY: Duration = Duration::from_secs(10);
/// So many names of at most 255 bytes stay below a frame's limit.
const NAMES_AT_ONCE: usize = 100;

/// What one download is told, and what it was told already.
pub(super) struct Telling {
    told: Told,
    /// What belongs before the first packet.
    first: Vec<News>,
    devices_at: Time,
    follow_at: Time,
}

impl Telling {
    /// Finds out what belongs before the first packet; a daemon that does not answer leaves packets without it.
    pub(super) async fn new(site: &Site, asked: &Packets) -> Self {
        let devices = site.source.devices().await.ok();
        let told = Told::new(asked.since, folders(&asked.of, devices.as_deref()));
        let now = clock::now();
        let mut telling = Self { told, first: Vec::new(), devices_at: now + DEVICES_EVERY, follow_at: now };
        telling.first.extend(devices.iter().flat_map(|devices| telling.told.devices(devices)));
        if let Ok(status) = site.source.status().await {
            telling.first.extend(telling.told.status(&status));
        }
        telling
    }

    /// What belongs before the first packet, as the observer reads it.
    pub(super) fn first(&mut self) -> Vec<u8> {
        let mut frames = frames(std::mem::take(&mut self.first));
        frames.extend(frame(&Beside::Begin).unwrap_or_default());
        frames
    }

    /// Tells what is new for as long as the observer listens, and then waits for ever.
    pub(super) async fn go_on(mut self, mut to: OwnedWriteHalf, site: &Site) {
        let mut tick = interval(STATUS_EVERY);
        loop {
            tick.tick().await;
            let news = self.news(site).await;
            if to.write_all(&frames(news)).await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    async fn news(&mut self, site: &Site) -> Vec<News> {
        let now = clock::now();
        if now >= self.follow_at {
            self.follow_at = now + FOLLOW_EVERY;
            // Not heard, they come half a second later.
            drop(site.source.ask(Request::Follow { lasting: FOLLOWED }).await);
        }
        let mut news = Vec::new();
        if now >= self.devices_at {
            self.devices_at = now + DEVICES_EVERY;
            if let Ok(devices) = site.source.devices().await {
                news.extend(self.told.devices(&devices));
            }
        }
        if let Ok(status) = site.source.status().await {
            news.extend(self.told.status(&status));
        }
        news
    }
}

/// The folders that packets come from, by which is known what whose devices did is told.
fn folders(of: &Of, devices: Option<&Devices>) -> BTreeSet<String> {
    match of {
        Of::Device(macs) => macs.iter().map(ToString::to_string).collect(),
        Of::Interface(name) => {
            let devices = devices.iter().flat_map(|known| &known.devices);
            let on_it = devices.filter(|device| device.interfaces.contains(name)).map(|device| device.mac.to_string());
            on_it.chain([format!("{INTERFACE}{name}")]).collect()
        }
    }
}

/// News in the form of the observer's questions. What is too long for that is left out.
fn frames(news: Vec<News>) -> Vec<u8> {
    let one = |news: News| frame(&Beside::News(news)).unwrap_or_default();
    let all = news.into_iter().flat_map(|news| match news {
        News::Names(names) => names.chunks(NAMES_AT_ONCE).flat_map(|some| one(News::Names(some.to_vec()))).collect(),
        News::Remark(_) | News::Lost(_) => one(news),
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipc::take_frames;
    use std::net::{IpAddr, Ipv4Addr};

    #[test]
    fn any_number_of_the_longest_names_is_told_and_nothing_too_long_for_a_frame() {
        let name = |at: u32| (IpAddr::from(Ipv4Addr::from_bits(at)), "\"".repeat(255));
        let names: Vec<(IpAddr, String)> = (0..1_001).map(name).collect();
        let mut inbox = frames(vec![News::Names(names.clone()), News::Lost(3)]);
        let told: Vec<Beside> = take_frames(&mut inbox).expect("whole frames");
        assert_eq!(told.last(), Some(&Beside::News(News::Lost(3))));
        let of_names = |told: &Beside| match told {
            Beside::News(News::Names(names)) => names.clone(),
            Beside::News(_) | Beside::Begin => Vec::new(),
        };
        assert_eq!(told.iter().flat_map(of_names).collect::<Vec<_>>(), names);
    }
}
