//! Follows what DHCP servers here have leased and reserved: their files are opened here, and read by a process without any power.

use super::dnsmasq::{self, Dnsmasq};
use super::reading;
use super::{kea, lock};
use crate::clock;
use crate::committer::processes;
use crate::config::serving::{Dhcp, DhcpServer};
use rebootping_core::control::lease::Leases;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How often files are looked at; one that has not changed is not read again.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Leases end though nobody writes that down.
const READ_EVERY: Duration = Duration::from_secs(300);
/// Where each is kept, unless a server was told otherwise (Debian's defaults).
const OF_KEA: &str = "/var/lib/kea/kea-leases4.csv";
const OF_ISC: &str = "/var/lib/dhcp/dhcpd.leases";
const CONFIGURATION_OF_ISC: &str = "/etc/dhcp/dhcpd.conf";

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    ReservedByDnsmasq,
    ReservedByKea,
    ReservedByIsc,
    OfDnsmasq,
    OfKea,
    OfIsc,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::ReservedByDnsmasq, Self::ReservedByKea, Self::ReservedByIsc, Self::OfDnsmasq, Self::OfKea, Self::OfIsc];

    /// Its word on the reader's command line.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::ReservedByDnsmasq => "reserved-by-dnsmasq",
            Self::ReservedByKea => "reserved-by-kea",
            Self::ReservedByIsc => "reserved-by-isc",
            Self::OfDnsmasq => "leases-of-dnsmasq",
            Self::OfKea => "leases-of-kea",
            Self::OfIsc => "leases-of-isc",
        }
    }

    pub(super) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A file as it was last read.
struct Read {
    /// When it was changed, in seconds and nanoseconds, and how long it is.
    state: (i64, i64, u64),
    at: rebootping_core::time::Time,
    leases: Leases,
}

/// Goes on until nobody gives settings any more.
pub(super) fn follow(settings: &Receiver<Dhcp>, shown: &Arc<Mutex<Leases>>) {
    let Ok(mut current) = settings.recv() else { return };
    let mut known: BTreeMap<(Kind, PathBuf), Read> = BTreeMap::new();
    loop {
        let files = files(&current);
        known.retain(|file, _| files.contains(file));
        for file in files {
            look(file, &mut known);
        }
        // Leases come after reservations: what was given now says more than what is to be given.
        let mut all = Leases::new();
        for ((kind, _), read) in &known {
            for (mac, lease) in &read.leases {
                let mut lease = lease.clone();
                if let Some(reserved) = all.get(mac).filter(|_| !is_reservation(*kind)) {
                    lease.reserved = reserved.ip.is_none() || reserved.ip == lease.ip;
                }
                all.insert(*mac, lease);
            }
        }
        *lock(shown) = all;
        match settings.recv_timeout(LOOK_EVERY) {
            Ok(new) => current = new,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

const fn is_reservation(kind: Kind) -> bool {
    matches!(kind, Kind::ReservedByDnsmasq | Kind::ReservedByKea | Kind::ReservedByIsc)
}

/// Reads a file if it has changed; of one that cannot be read nothing is known.
fn look(file: (Kind, PathBuf), known: &mut BTreeMap<(Kind, PathBuf), Read>) {
    let Ok((opened, found)) = File::open(&file.1).and_then(|opened| opened.metadata().map(|found| (opened, found)))
    else {
        known.remove(&file);
        return;
    };
    let (state, at) = ((found.mtime(), found.mtime_nsec(), found.len()), clock::now());
    let is_same = |read: &Read| read.state == state && at.since(read.at) < READ_EVERY;
    if !found.is_file() || known.get(&file).is_some_and(is_same) {
        return;
    }
    let leases = reading::leases(file.0, opened).unwrap_or_default();
    known.insert(file, Read { state, at, leases });
}

/// The files of the servers that run here, and those that the configuration names.
fn files(settings: &Dhcp) -> Vec<(Kind, PathBuf)> {
    if settings.server == DhcpServer::None {
        return Vec::new();
    }
    let mut files = Vec::new();
    for process in processes::named("dnsmasq") {
        let found = Dnsmasq::of(&process);
        files.push((Kind::OfDnsmasq, found.leases.unwrap_or_else(|| dnsmasq::LEASES.into())));
        files.extend(found.files.into_iter().map(|file| (Kind::ReservedByDnsmasq, file)));
    }
    for process in processes::named("kea-dhcp4") {
        files.push((Kind::OfKea, OF_KEA.into()));
        files.push((Kind::ReservedByKea, kea::configuration(&process)));
    }
    for process in processes::named("dhcpd") {
        files.push((Kind::OfIsc, process.after("-lf").unwrap_or_else(|| OF_ISC.into())));
        files.push((Kind::ReservedByIsc, process.after("-cf").unwrap_or_else(|| CONFIGURATION_OF_ISC.into())));
    }
    for (kind, named) in [(Kind::OfDnsmasq, &settings.dnsmasq_leases), (Kind::OfKea, &settings.kea_leases)] {
        if let Some(named) = named {
            files.retain(|(other, _)| *other != kind);
            files.push((kind, named.clone()));
        }
    }
    files.sort();
    files.dedup();
    files
}
