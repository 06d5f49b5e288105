//! The gateway a DHCP client was given, read from the files in which dhclient and systemd-networkd keep their leases.
//!
//! A link that Shorewall disabled has no route to read, and a lease outlives that. What cannot be read is no lease. The judge has a
//! thread of its own read them, and goes on with what that found last: a disk that hangs must not hold up a round.

use crate::clock;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

/// Where dhclient (dhclient.leases(5)) and ifupdown keep lease files.
const DHCLIENT: [&str; 2] = ["/var/lib/dhcp", "/var/lib/dhclient"];
/// Where systemd-networkd keeps one file an interface, named by its number.
const NETWORKD: &str = "/run/systemd/netif/leases";
/// No lease file is longer, in bytes.
const LONGEST: u64 = 1 << 20;
/// How long the first look is waited for: reading takes a millisecond, and the first round may begin 0.3 s late.
const FIRST_LOOK: Duration = Duration::from_millis(300);

/// The gateways of leases, by interface.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Leases(BTreeMap<String, Ipv4Addr>);

/// An interface, by name and number.
pub(crate) type Interface = (String, u32);

/// Where lease files lie.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Folders {
    dhclient: Vec<PathBuf>,
    networkd: PathBuf,
}

/// The thread that reads, and what it found last.
#[derive(Debug)]
pub(super) struct Reader {
    wanted: SyncSender<Vec<Interface>>,
    found: Receiver<Leases>,
    bell: Arc<EventFd>,
    /// What is to be read once the thread has read what came before.
    waiting: Option<Vec<Interface>>,
    last: Leases,
}

/// What wakes the judge when something was read: made before the judge gives up the right to make any.
pub(super) fn bell() -> io::Result<EventFd> {
    Ok(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?)
}

impl Leases {
    /// The gateway of an interface's newest lease.
    pub(super) fn of(&self, interface: &str) -> Option<Ipv4Addr> {
        self.0.get(interface).copied()
    }

    /// Reads the leases of these interfaces, however long that takes.
    pub(crate) fn read(folders: &Folders, interfaces: &[Interface]) -> Self {
        let gateway = |(name, index): &Interface| Some((name.clone(), folders.gateway(name, *index)?));
        Self(interfaces.iter().filter_map(gateway).collect())
    }
}

impl Reader {
    /// Starts the thread. It rings the bell when it has found something.
    pub(super) fn start(folders: Folders, bell: EventFd) -> io::Result<Self> {
        let (wanted, questions) = sync_channel::<Vec<Interface>>(1);
        let (answers, found) = sync_channel(1);
        let bell = Arc::new(bell);
        let rung = Arc::clone(&bell);
        let read = move || {
            for interfaces in questions {
                if answers.send(Leases::read(&folders, &interfaces)).is_err() || rung.write(1).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new().name("leases".into()).spawn(read)?;
        Ok(Self { wanted, found, bell, waiting: None, last: Leases::default() })
    }

    /// Has the leases of these interfaces read, without waiting; where nobody is asked about, nothing is read.
    pub(super) fn ask(&mut self, interfaces: Vec<Interface>) {
        if !interfaces.is_empty() {
            self.waiting = Some(interfaces);
            self.push();
        }
    }

    /// Takes in what was found; true if that is news.
    pub(super) fn hear(&mut self) -> bool {
        // It only wakes us; a bell that was not rung says so.
        let _not_rung = self.bell.read().is_err();
        let found = self.found.try_iter().last();
        self.push();
        let Some(news) = found.filter(|found| *found != self.last) else { return false };
        self.last = news;
        true
    }

    /// Waits for the first look, but not long.
    pub(super) fn wait_for_first(&mut self) -> io::Result<()> {
        let until = clock::now() + FIRST_LOOK;
        let mut polled = [PollFd::new(self.as_fd(), PollFlags::POLLIN)];
        ppoll(&mut polled, Some(TimeSpec::from(clock::until(until))), None)?;
        self.hear();
        Ok(())
    }

    /// What was found last.
    pub(super) fn last(&self) -> &Leases {
        &self.last
    }

    fn push(&mut self) {
        let Some(interfaces) = self.waiting.take() else { return };
        if let Err(TrySendError::Full(interfaces)) = self.wanted.try_send(interfaces) {
            self.waiting = Some(interfaces);
        }
    }
}

impl AsFd for Reader {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

impl Folders {
    /// Where DHCP clients keep their leases on this machine.
    pub(crate) fn of_machine() -> Self {
        Self { dhclient: DHCLIENT.map(PathBuf::from).to_vec(), networkd: NETWORKD.into() }
    }

    /// All of them: what the judge must be able to read.
    pub(super) fn all(&self) -> impl Iterator<Item = &Path> {
        self.dhclient.iter().chain([&self.networkd]).map(PathBuf::as_path)
    }

    fn gateway(&self, interface: &str, index: u32) -> Option<Ipv4Addr> {
        let of_networkd = read(&self.networkd.join(index.to_string())).and_then(|lease| from_networkd(&lease));
        of_networkd.or_else(|| self.newest_of_dhclient(interface))
    }

    fn newest_of_dhclient(&self, interface: &str) -> Option<Ipv4Addr> {
        let files = self.dhclient.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
        let mut dated: Vec<_> =
            files.filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file.path()))).collect();
        dated.sort();
        dated.iter().rev().find_map(|(_, path)| from_dhclient(&read(path)?, interface))
    }
}

fn read(path: &Path) -> Option<String> {
    let length = fs::metadata(path).ok()?.len();
    (length <= LONGEST).then(|| fs::read_to_string(path).ok()).flatten()
}

/// The first router of the last lease of this interface.
pub(crate) fn from_dhclient(text: &str, interface: &str) -> Option<Ipv4Addr> {
    let leases = text.split("lease {").skip(1).filter_map(|lease| lease.split_once("\n}").map(|(inside, _)| inside));
    let of_interface =
        |lease: &&str| statement(lease, "interface").is_some_and(|name| name.trim_matches('"') == interface);
    let last = leases.filter(of_interface).last()?;
    first_address(statement(last, "option routers")?)
}

/// The first router of a networkd lease.
pub(crate) fn from_networkd(text: &str) -> Option<Ipv4Addr> {
    text.lines().find_map(|line| first_address(line.strip_prefix("ROUTER=")?))
}

fn statement<'a>(lease: &'a str, name: &str) -> Option<&'a str> {
    lease.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(' ')?.trim().strip_suffix(';'))
}

fn first_address(list: &str) -> Option<Ipv4Addr> {
    list.split([',', ' ']).find(|part| !part.is_empty())?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DHCLIENT_FILE: &str = "lease {\n  interface \"wan1\";\n  option routers 192.0.2.1;\n}\nlease {\n  interface \"wan2\";\n  \
        option routers 192.0.2.9;\n}\nlease {\n  interface \"wan1\";\n  fixed-address 192.0.2.77;\n  option routers 192.0.2.2,192.0.2.3;\n}\n";

    #[test]
    fn the_last_lease_of_the_interface_holds() {
        assert_eq!(from_dhclient(DHCLIENT_FILE, "wan1"), Some(Ipv4Addr::new(192, 0, 2, 2)));
        assert_eq!(from_dhclient(DHCLIENT_FILE, "wan2"), Some(Ipv4Addr::new(192, 0, 2, 9)));
        assert_eq!(from_dhclient(DHCLIENT_FILE, "wan3"), None);
        assert_eq!(from_dhclient("lease {\n interface \"wan1\";\n option routers 192.0", "wan1"), None, "a torn file");
    }

    /// Folders of a test's own, in which dhclient keeps one file.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("rebootping-leases-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).expect("a folder");
            Self(folder)
        }

        fn file(&self) -> PathBuf {
            self.0.join("dhclient.leases")
        }

        fn reader(&self) -> Reader {
            let folders = Folders { dhclient: vec![self.0.clone()], networkd: self.0.join("none") };
            Reader::start(folders, bell().expect("a bell")).expect("a thread")
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).expect("it was made");
        }
    }

    #[track_caller]
    fn wait_for_news(reader: &mut Reader) {
        // What was asked before may ring first.
        for _ in 0..5 {
            let bell = Arc::clone(&reader.bell);
            let mut polled = [PollFd::new(bell.as_fd(), PollFlags::POLLIN)];
            let rung = ppoll(&mut polled, Some(TimeSpec::from(Duration::from_secs(20))), None);
            assert_eq!(rung, Ok(1), "it is read in time");
            if reader.hear() {
                return;
            }
        }
        panic!("nothing new was found");
    }

    #[test]
    fn a_lease_is_found_and_one_that_changes_is_news() {
        let scratch = Scratch::new("found");
        let mut reader = scratch.reader();
        fs::write(scratch.file(), DHCLIENT_FILE).expect("a file");
        reader.ask(vec![("wan1".into(), 2), ("wan3".into(), 3)]);
        wait_for_news(&mut reader);
        assert_eq!((reader.last().of("wan1"), reader.last().of("wan3")), (Some(Ipv4Addr::new(192, 0, 2, 2)), None));
        fs::write(scratch.file(), DHCLIENT_FILE.replace("192.0.2.2,", "192.0.2.4,")).expect("a file");
        reader.ask(vec![("wan1".into(), 2)]);
        wait_for_news(&mut reader);
        assert_eq!(reader.last().of("wan1"), Some(Ipv4Addr::new(192, 0, 2, 4)));
        assert!(!reader.hear(), "the same again is no news");
    }

    #[test]
    fn a_file_that_never_answers_holds_nobody_up_and_the_last_lease_holds() {
        let scratch = Scratch::new("hangs");
        let mut reader = scratch.reader();
        fs::write(scratch.file(), DHCLIENT_FILE).expect("a file");
        reader.ask(vec![("wan1".into(), 2)]);
        wait_for_news(&mut reader);
        // Whoever opens a pipe without a writer waits for one, as for a disk that hangs.
        let pipe = scratch.0.join("dhclient.pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        let begun = clock::now();
        for _ in 0..10_000 {
            reader.ask(vec![("wan1".into(), 2)]);
            assert!(!reader.hear(), "nothing can be found");
        }
        reader.wait_for_first().expect("a bell can be waited for");
        let took = clock::now().since(begun);
        assert!(took < Duration::from_secs(5), "{took:?}");
        assert_eq!(reader.last().of("wan1"), Some(Ipv4Addr::new(192, 0, 2, 2)));
        // Its reader gets an end of file, finds it no more, and goes on with what was asked last.
        let aside = scratch.0.with_extension("pipe");
        fs::rename(&pipe, &aside).expect("it was made");
        fs::write(scratch.file(), DHCLIENT_FILE.replace("192.0.2.2,", "192.0.2.4,")).expect("a file");
        drop(fs::OpenOptions::new().write(true).open(&aside).expect("somebody reads"));
        fs::remove_file(&aside).expect("it was made");
        reader.ask(vec![("wan1".into(), 2)]);
        wait_for_news(&mut reader);
        assert_eq!(reader.last().of("wan1"), Some(Ipv4Addr::new(192, 0, 2, 4)));
    }

    #[test]
    fn networkd_names_its_router() {
        assert_eq!(from_networkd("ADDRESS=192.0.2.7\nROUTER=192.0.2.1 192.0.2.2\n"), Some(Ipv4Addr::new(192, 0, 2, 1)));
        assert_eq!(from_networkd("ROUTER=\n"), None);
    }
}
