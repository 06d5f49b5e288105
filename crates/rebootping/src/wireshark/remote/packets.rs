//! The packets of a device or a link of a gateway elsewhere, block by block into Wireshark's pipe.

use super::blocks::{Blocks, Strange};
use super::http::Answer;
use super::{Connection, Gateway, part};
use crate::clock;
use crate::duration::{When, format_duration};
use crate::extract::{Destination, Stop};
use std::io::{ErrorKind, Write as _};
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

/// How often is looked whether to stop, while nothing comes.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Which packets are asked for, and where they go.
pub(crate) struct Wanted<'a> {
    /// A device by MAC or name, or an interface.
    pub(crate) word: &'a str,
    pub(crate) since: When,
    pub(crate) until: Option<When>,
    pub(crate) hosts: Vec<IpAddr>,
    pub(crate) snap: u32,
    pub(crate) to: Option<&'a Path>,
}

impl Gateway {
    /// Copies them until it is done or SIGTERM comes.
    pub(crate) fn copy(&self, wanted: &Wanted<'_>) -> Result<(), String> {
        let stop = Stop::listen().map_err(|error| format!("cannot listen for signals: {error}"))?;
        let is_past = wanted.until.is_some_and(|until| until.resolve(clock::wall()) <= clock::wall());
        let path = format!("/api/v1/{}/pcap?{}", self.meant(wanted.word)?, query(wanted, !is_past));
        let answer = self.get(&path)?;
        let to = Destination::open(wanted.to)?;
        let patient = answer.connection().stream().set_read_timeout(Some(LOOK_EVERY));
        patient.map_err(|error| self.broken(&error))?;
        self.pass_on(answer, to, wanted.until.is_some(), &stop)
    }

    /// A device or a link as the API names it.
    fn meant(&self, word: &str) -> Result<String, String> {
        Ok(match self.mac_of(word)? {
            Some(mac) => format!("devices/{mac}"),
            None => format!("links/{}", part(word)),
        })
    }

    fn pass_on(
        &self,
        mut answer: Answer<Connection>,
        mut to: Destination,
        ends: bool,
        stop: &Stop,
    ) -> Result<(), String> {
        let mut blocks = Blocks::default();
        while !stop.is_asked() {
            let failed = |error: std::io::Error| match error.kind() {
                // Whoever read it has seen enough.
                ErrorKind::BrokenPipe => Ok(()),
                _ => Err(format!("{}: {error}", to.name)),
            };
            match answer.take(blocks.inbox()) {
                Ok(true) => {}
                Ok(false) if ends && blocks.is_empty() => return Ok(()),
                Ok(false) => return Err(self.ended()),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    match to.is_given_up() {
                        Ok(false) => continue,
                        Ok(true) => return Ok(()),
                        Err(error) => return failed(error),
                    }
                }
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(self.ended()),
                Err(error) => return Err(self.broken(&error)),
            }
            let whole = blocks.take().map_err(|Strange| format!("what {} sends is no pcapng of ours", self.address))?;
            if let Err(error) = to.to.write_all(&whole) {
                return failed(error);
            }
        }
        Ok(())
    }

    fn ended(&self) -> String {
        format!("{} ended the capture: its daemon was stopped, or started anew; begin again", self.address)
    }
}

/// The query. Ages stay ages: the gateway's clock is the one its packets are stamped by.
fn query(wanted: &Wanted<'_>, follow: bool) -> String {
    let time = |when: When| match when {
        When::At(time) => time.to_string(),
        When::Ago(age) => format_duration(age),
    };
    let mut query = format!("since={}&snaplen={}&follow={follow}", time(wanted.since), wanted.snap);
    if let Some(until) = wanted.until {
        query.push_str("&until=");
        query.push_str(&time(until));
    }
    for (place, host) in wanted.hosts.iter().enumerate() {
        query.push_str(if place == 0 { "&host=" } else { "," });
        query.push_str(&host.to_string());
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_times_and_hosts_are_asked_for_as_they_were_given() {
        let hosts = ["10.0.0.5", "fe80::1"].map(|host| host.parse().expect("an address")).to_vec();
        let until = Some("2026-03-01T08:00:00Z".parse().expect("a time"));
        let since = When::Ago(Duration::from_secs(5400));
        let wanted = Wanted { word: "tv", since, until, hosts, snap: 64, to: None };
        let expected = "since=1h30m&snaplen=64&follow=false&until=2026-03-01T08:00:00Z&host=10.0.0.5,fe80::1";
        assert_eq!(query(&wanted, false), expected);
    }
}
