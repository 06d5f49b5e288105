//! What the judge must remember over a restart, and the threads that write it: a slow disk must not hold up a round.

use crate::durable;
use rebootping_core::engine::Kept;
use rebootping_core::link::presence::{self, same_subnet};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

/// The file's name in the judge's folder.
const FILE: &str = "links.json";
/// No file of ours is longer, in bytes.
const LONGEST: u64 = 1 << 20;
/// Gateways remembered over all links.
const MOST_GATEWAYS: usize = 64;

/// All that is remembered.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// The boot in which this was written (random(4), `boot_id`).
    pub(super) boot: String,
    /// Hold-downs, choice and orders.
    pub(crate) kept: Kept,
    /// Gateways that once answered.
    pub(crate) gateways: Gateways,
}

/// The last gateway that answered on an interface, by the subnet it was in; the newest last.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub(crate) struct Gateways(Vec<Answered>);

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Answered {
    interface: String,
    address: IpAddr,
    prefix: u8,
    gateway: IpAddr,
}

impl Gateways {
    /// The last gateway that answered while the interface had an address of this subnet.
    pub(super) fn of(&self, interface: &str, address: presence::Address) -> Option<IpAddr> {
        self.0.iter().rev().find(|answered| answered.is_about(interface, address)).map(|answered| answered.gateway)
    }

    /// Takes note of a gateway that answered; true if that is news.
    pub(super) fn note(&mut self, interface: &str, address: presence::Address, gateway: IpAddr) -> bool {
        if self.of(interface, address) == Some(gateway) {
            return false;
        }
        self.0.retain(|answered| !answered.is_about(interface, address));
        self.0.push(Answered { interface: interface.to_owned(), address: address.ip, prefix: address.prefix, gateway });
        let surplus = self.0.len().saturating_sub(MOST_GATEWAYS);
        self.0.drain(..surplus);
        true
    }
}

impl Answered {
    fn is_about(&self, interface: &str, address: presence::Address) -> bool {
        self.interface == interface
            && self.prefix == address.prefix
            && same_subnet(self.address, address.ip, self.prefix)
    }
}

/// Where what is remembered lies, and how safe it is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// It must survive a power loss: written seldom, and the disk is waited for.
    Lasting(PathBuf),
    /// It need only survive us: written every round.
    Fleeting(PathBuf),
}

impl Place {
    fn file(&self) -> PathBuf {
        match self {
            Self::Lasting(folder) | Self::Fleeting(folder) => folder.join(FILE),
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Lasting(_) => durable::replace(&self.file(), bytes),
            Self::Fleeting(_) => durable::swap(&self.file(), bytes),
        }
    }
}

/// Reads what was remembered: the fleeting copy if it is of this boot, for it is newer, else the lasting one. A file that cannot be
/// understood is set aside, and what is wrong with it is said.
pub(super) fn recall(fleeting: &Place, lasting: &Place, boot: &str) -> (Option<Memory>, Vec<String>) {
    let (newest, damage) = recall_one(fleeting);
    if let Some(newest) = newest.filter(|memory| memory.boot == boot) {
        return (Some(newest), damage.into_iter().collect());
    }
    let (memory, more) = recall_one(lasting);
    (memory, damage.into_iter().chain(more).collect())
}

fn recall_one(place: &Place) -> (Option<Memory>, Option<String>) {
    let path = place.file();
    match read(&path) {
        Ok(memory) => (Some(memory), None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (None, None),
        Err(error) => {
            let aside = path.with_extension("damaged");
            let what = match fs::rename(&path, &aside) {
                Ok(()) => format!("set aside as {}", aside.display()),
                Err(error) => format!("it could not be set aside: {error}"),
            };
            (None, Some(format!("{}: {error}; {what}; hold-downs in it are forgotten", path.display())))
        }
    }
}

/// Reads what was remembered in a folder, and leaves the file as it is.
pub(crate) fn look(folder: &Path) -> io::Result<Memory> {
    read(&folder.join(FILE))
}

fn read(path: &Path) -> io::Result<Memory> {
    let length = fs::metadata(path)?.len();
    if length > LONGEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{length} bytes are more than this file ever has"),
        ));
    }
    Ok(parse(&fs::read(path)?)?)
}

/// Reads the file's bytes.
pub(crate) fn parse(bytes: &[u8]) -> serde_json::Result<Memory> {
    serde_json::from_slice(bytes)
}

/// A thread that writes to one place: the latest memory wins.
#[derive(Debug)]
pub(super) struct Keeper {
    latest: SyncSender<Memory>,
    waiting: Option<Memory>,
}

impl Keeper {
    /// Starts the thread. It reports what it could not write through `failed`.
    pub(super) fn start(place: Place, failed: mpsc::Sender<String>) -> io::Result<Self> {
        let (latest, inbox) = sync_channel(1);
        thread::Builder::new().name("keeper".into()).spawn(move || keep(&place, &inbox, &failed))?;
        Ok(Self { latest, waiting: None })
    }

    /// Hands over what is to be written, without waiting.
    pub(super) fn keep(&mut self, memory: Memory) {
        self.waiting = Some(memory);
        self.push();
    }

    /// Hands over what waits while the thread writes what came before.
    pub(super) fn push(&mut self) {
        let Some(memory) = self.waiting.take() else { return };
        if let Err(TrySendError::Full(memory)) = self.latest.try_send(memory) {
            self.waiting = Some(memory);
        }
    }
}

fn keep(place: &Place, inbox: &Receiver<Memory>, failed: &mpsc::Sender<String>) {
    let mut was_failing = false;
    while let Ok(memory) = inbox.recv() {
        let written = serde_json::to_vec(&memory).map_err(io::Error::from).and_then(|bytes| place.write(&bytes));
        if let (Err(error), false) = (&written, was_failing) {
            let path = place.file();
            // The judge that would say it is gone when this fails.
            drop(failed.send(format!(
                "hold-downs cannot be kept in {}: {error}; mend the disk, or a restart forgets them",
                path.display()
            )));
        }
        was_failing = written.is_err();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address(ip: &str) -> presence::Address {
        presence::Address { ip: ip.parse().unwrap(), prefix: 24, preferred: true, temporary: false }
    }

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("rebootping-memory-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn the_last_gateway_of_interface_and_subnet_is_remembered() {
        let [first, second]: [IpAddr; 2] = ["192.0.2.1", "192.0.2.254"].map(|ip| ip.parse().unwrap());
        let mut gateways = Gateways::default();
        assert!(gateways.note("wan1", address("192.0.2.7"), first));
        assert!(!gateways.note("wan1", address("192.0.2.8"), first), "the same subnet");
        assert!(gateways.note("wan1", address("192.0.2.7"), second));
        assert_eq!(gateways.of("wan1", address("192.0.2.99")), Some(second));
        assert_eq!(gateways.of("wan1", address("198.51.100.7")), None);
        assert_eq!(gateways.of("wan2", address("192.0.2.7")), None);
    }

    #[test]
    fn a_damaged_file_is_set_aside_and_named() {
        let folder = scratch("damaged");
        let place = Place::Lasting(folder.clone());
        assert_eq!(recall_one(&place), (None, None));
        fs::write(folder.join(FILE), "{\"boot\":").unwrap();
        let (memory, warning) = recall_one(&place);
        assert_eq!(memory, None);
        assert!(warning.unwrap().contains("links.damaged"));
        place.write(&serde_json::to_vec(&Memory::default()).unwrap()).unwrap();
        assert_eq!(recall_one(&place), (Some(Memory::default()), None));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_fleeting_copy_holds_only_for_the_boot_it_is_of() {
        let folders = [scratch("fleeting"), scratch("lasting")];
        let [fleeting, lasting] = [Place::Fleeting(folders[0].clone()), Place::Lasting(folders[1].clone())];
        let of_boot = |boot: &str| Memory { boot: boot.into(), ..Memory::default() };
        lasting.write(&serde_json::to_vec(&of_boot("old")).unwrap()).unwrap();
        fleeting.write(&serde_json::to_vec(&of_boot("this")).unwrap()).unwrap();
        assert_eq!(recall(&fleeting, &lasting, "this").0, Some(of_boot("this")));
        assert_eq!(recall(&fleeting, &lasting, "next").0, Some(of_boot("old")));
        for folder in folders {
            fs::remove_dir_all(&folder).unwrap();
        }
    }

    proptest! {
        #[test]
        fn no_file_panics(text in "[\\[\\]{}\":,a-z0-9 ]{0,200}") {
            let _ = serde_json::from_str::<Memory>(&text);
        }
    }
}
