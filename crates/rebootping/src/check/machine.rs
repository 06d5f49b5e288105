//! Findings about the machine: rights, folders, and what the kernel can do.

use super::facts::{Facts, Folder, FolderProblem};
use super::finding::{Finding, Remedy};
use super::firewall::spreads;
use super::words::set_for_good;
use crate::config::commit::Backend;
use crate::report::amount::bytes;
use crate::report::links::in_words;
use crate::sandbox::Confinement;
use rebootping_core::link::Family;

/// What can be said of the machine.
enum Equipped<'a> {
    NotRoot,
    Silent(&'a str),
    Folder(&'a Folder),
    NoConnectionTracking,
    Confined(Confinement),
    SpreadByAddress(Family),
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let machine = &facts.machine;
    let mut found = vec![Equipped::Confined(machine.confinement)];
    if !facts.is_root {
        found.insert(0, Equipped::NotRoot);
    }
    found.extend(machine.networking_error.as_deref().map(Equipped::Silent));
    let looked_at = |folder: &&Folder| facts.is_root || folder.problem.is_some();
    found.extend(machine.folders.iter().filter(looked_at).map(Equipped::Folder));
    let switches = matches!(facts.configuration.backend, Backend::Auto | Backend::Shorewall)
        && facts.products.iter().any(|product| !product.providers.is_empty());
    if switches && !machine.tracks_connections {
        found.push(Equipped::NoConnectionTracking);
    }
    let by_address = |family: &Family| machine.hash_policy.get(family) == Some(&0);
    let spread = facts.products.iter().filter(|product| spreads(product)).map(|product| product.family);
    found.extend(spread.filter(by_address).map(Equipped::SpreadByAddress));
    found.iter().map(Equipped::told).collect()
}

impl Equipped<'_> {
    fn told(&self) -> Finding {
        match self {
            Self::NotRoot => Finding::note(
                "rights",
                "Not run as root: what only root may read of Shorewall and of our folders was not looked at.",
                Remedy::run("sudo rebootping check"),
            ),
            Self::Silent(error) => Finding::mend(
                "kernel",
                format!("It did not tell of its links: {error}."),
                Remedy::by_hand("run this again; where it stays so, let it use netlink sockets (AF_NETLINK)"),
            ),
            Self::Folder(folder) => folder_finding(folder),
            Self::NoConnectionTracking => Finding::mend(
                "kernel",
                "It does not track connections: flows of a link that is cut cannot be freed from it.",
                Remedy::run("modprobe nf_conntrack_netlink"),
            ),
            Self::Confined(confinement) => confined(*confinement),
            Self::SpreadByAddress(family) => Finding::note(
                "kernel",
                format!(
                    "{} connections are spread by address alone: all between one device and one server share a link.",
                    in_words(*family)
                ),
                set_for_good(&format!("net.{}.fib_multipath_hash_policy=1", family.name())),
            ),
        }
    }
}

fn confined(confinement: Confinement) -> Finding {
    let Some(warning) = confinement.warning() else {
        return Finding::fine("kernel", "It confines our processes: seccomp and Landlock are there.");
    };
    let (what, remedy) = warning.rsplit_once("; ").unwrap_or((&warning, "use a newer kernel"));
    Finding::note("kernel", format!("{what}."), Remedy::by_hand(remedy))
}

fn folder_finding(folder: &Folder) -> Finding {
    let path = folder.path.display();
    let about = format!("{} folder", folder.key);
    let Some(problem) = &folder.problem else {
        return Finding::fine(about, format!("{path} is ready."));
    };
    let elsewhere = |what: &str| Remedy::by_hand(format!("{what}, or name another under [paths] {}", folder.key));
    match problem {
        FolderProblem::NoFolder(what) => {
            Finding::mend(about, format!("{} is no folder.", what.display()), elsewhere("move it away"))
        }
        FolderProblem::Unwritable(what, error) => Finding::mend(
            about,
            format!("Nothing can be written to {}: {error}.", what.display()),
            elsewhere("make it writable, as with mount -o remount,rw"),
        ),
        FolderProblem::WritableByAll => Finding::mend(
            about,
            format!("Everybody may write to {path}, and so replace our sockets and our memory."),
            Remedy::run(format!("chmod 755 {path}")),
        ),
        FolderProblem::TooFull(available, keep_free) => Finding::mend(
            about,
            format!(
                "No packets are kept: the disk of {path} has {} available, and {} are to stay free.",
                bytes(*available),
                bytes(*keep_free)
            ),
            Remedy::by_hand("make room, set keep_free under [capture], or name another disk under [paths] captures"),
        ),
        FolderProblem::Damaged(error) => Finding::note(
            about,
            format!("What was remembered cannot be understood ({error}): hold-downs begin anew."),
            Remedy::by_hand("nothing has to be done; the next start sets the file aside"),
        ),
    }
}
