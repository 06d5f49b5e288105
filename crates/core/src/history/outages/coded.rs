//! The state as bytes: whoever goes on from there finds the same outages, and tells none twice.

use super::episode::Episode;
use super::going_on::GoingOn;
use super::names::Silent;
use super::told::{Noticed, Outage, Place, Trouble};
use super::watched::{Link, Watched};
use super::{Heard, MOST_HEARD, Outages};
use crate::coder::{Coder, Decoder, Encoder};
use crate::link::decide::Decider;
use crate::link::{Family, LinkId, Targets};
use crate::time::Time;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

/// Raised when what follows it changes.
const VERSION: u8 = 1;
/// More links, and more troubles at once, are damage.
const MOST: usize = 512;

const PLACES: [Place; 6] = [Place::Machine, Place::Daemon, Place::Cable, Place::Box, Place::Beyond, Place::Names];
const NOTICED: [Noticed; 3] = [Noticed::Nothing, Noticed::OnTheSpare, Noticed::NothingWorked];

impl Outages {
    /// All that must be known to go on.
    pub fn write(&self) -> Vec<u8> {
        let mut encoder = Encoder::default();
        encoder.put(VERSION.into());
        self.clone().code(&mut encoder);
        for watched in self.families.values() {
            let mut bytes = Encoder::default();
            watched.decider.write(watched.decider.opening().at, &mut bytes);
            encoder.put(bytes.len() as u64);
            encoder.put_bytes(bytes.as_bytes());
            watched.clone().code(&mut encoder);
        }
        encoder.into_bytes()
    }

    /// What was written; none if it cannot be read, or another version wrote it.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut decoder = Decoder::new(bytes);
        if decoder.take() != u64::from(VERSION) {
            return None;
        }
        let mut outages = Self::default();
        outages.code(&mut decoder);
        while !decoder.is_at_end() {
            let length = decoder.take();
            let decider = Decider::read(&mut Decoder::new(decoder.take_bytes(length)))?;
            let mut watched = Watched::new(decider, None);
            watched.code(&mut decoder);
            outages.families.insert(watched.decider.opening().family, watched);
        }
        (!decoder.is_damaged()).then_some(outages)
    }

    /// Its fields but for the families.
    fn code(&mut self, coder: &mut impl Coder) {
        coder.text(&mut self.boot);
        coder.option(&mut self.last, Time::BOOT, Coder::time);
        let mut heard: Vec<Heard> = self.heard.drain(..).collect();
        coder.list(&mut heard, MOST_HEARD, &Heard::BLANK, |coder, heard| heard.code(coder));
        self.heard = heard.into();
        coder.option(&mut self.names.silent, Silent::default(), |coder, silent| {
            for time in [&mut silent.begin, &mut silent.last, &mut silent.counted] {
                coder.time(time);
            }
            coder.small(&mut silent.spans);
        });
        coder.option(&mut self.going_on, GoingOn::new(Time::BOOT), |coder, going_on| {
            going_on.outage.code(coder);
            coder.duration(&mut going_on.dead.0);
            coder.duration(&mut going_on.dead.1);
        });
    }
}

impl Heard {
    const BLANK: Self = Self::InForce { at: Time::BOOT, family: Family::Ipv4, links: Vec::new() };

    fn code(&mut self, coder: &mut impl Coder) {
        let mut is_names = matches!(self, Self::Names { .. });
        coder.flag(&mut is_names);
        if is_names && matches!(self, Self::InForce { .. }) {
            *self = Self::Names { from: Time::BOOT, to: Time::BOOT, answered: false };
        }
        match self {
            Self::InForce { at, family, links } => {
                coder.time(at);
                coder.one_of(family, &Family::ALL);
                coder.list(links, MOST, &String::new(), Coder::text);
            }
            Self::Names { from, to, answered } => {
                coder.time(from);
                coder.time(to);
                coder.flag(answered);
            }
        }
    }
}

impl Watched {
    /// Its fields but for the decider.
    fn code(&mut self, coder: &mut impl Coder) {
        coder.option(&mut self.in_force, BTreeSet::new(), |coder, links| {
            let mut numbers: Vec<u16> = links.iter().map(|link| link.0).collect();
            coder.list(&mut numbers, MOST, &0, Coder::small);
            *links = numbers.into_iter().map(LinkId).collect();
        });
        coder.small(&mut self.dead_for);
        for link in &mut self.links {
            link.code(coder);
        }
    }
}

impl Link {
    fn code(&mut self, coder: &mut impl Coder) {
        coder.flag(&mut self.seen);
        coder.option(&mut self.episode, Episode::default(), |coder, episode| episode.code(coder));
    }
}

impl Episode {
    fn code(&mut self, coder: &mut impl Coder) {
        coder.time(&mut self.begin);
        coder.time(&mut self.last);
        coder.flag(&mut self.left_choice);
        coder.small(&mut self.bad);
        coder.option(&mut self.missing, Place::Cable, |coder, place| place.code(coder));
        coder.small(&mut self.silent.0);
        coder.small(&mut self.silent.1);
        let Targets(bits) = &mut self.missed;
        coder.small(bits);
    }
}

impl Place {
    fn code(&mut self, coder: &mut impl Coder) {
        let mut target = if let Self::Destination(target) = self { Some(*target) } else { None };
        coder.option(&mut target, IpAddr::V4(Ipv4Addr::UNSPECIFIED), Coder::address);
        match target {
            Some(target) => *self = Self::Destination(target),
            None => coder.one_of(self, &PLACES),
        }
    }
}

impl Outage {
    fn code(&mut self, coder: &mut impl Coder) {
        coder.time(&mut self.counted);
        coder.option(&mut self.began_in, String::new(), Coder::text);
        coder.one_of(&mut self.noticed, &NOTICED);
        coder.duration(&mut self.dead);
        let mut used: Vec<String> = core::mem::take(&mut self.used).into_iter().collect();
        coder.list(&mut used, MOST, &String::new(), Coder::text);
        self.used = used.into_iter().collect();
        let blank = Trouble { place: Place::Cable, link: None, is_out: false, begin: Time::BOOT, end: None };
        coder.list(&mut self.troubles, MOST, &blank, |coder, trouble| trouble.code(coder));
    }
}

impl Trouble {
    fn code(&mut self, coder: &mut impl Coder) {
        self.place.code(coder);
        coder.option(&mut self.link, (String::new(), Family::Ipv4), |coder, (name, family)| {
            coder.text(name);
            coder.one_of(family, &Family::ALL);
        });
        coder.flag(&mut self.is_out);
        coder.time(&mut self.begin);
        coder.option(&mut self.end, Time::BOOT, Coder::time);
    }
}
