//! Leaves a process only the files it was given, by landlock, as far as the kernel knows how.

use super::Sandbox;
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, NetPort, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, Scope,
};
use std::path::Path;
use std::{fmt, io};

/// The newest version of landlock we know; an older kernel enforces what it has of it.
const NEWEST: ABI = ABI::V9;

/// Denies all other files, every TCP connection to another port, and signals and abstract sockets beyond this process; returns the
/// version of landlock in force, `None` where the kernel has none. A path that does not exist is an error.
pub(super) fn restrict(sandbox: &Sandbox) -> io::Result<Option<u32>> {
    let nothing_runs = AccessFs::Execute | AccessFs::MakeChar | AccessFs::MakeBlock;
    let mut rules = denying_everything().map_err(failed)?;
    for path in &sandbox.read {
        rules = allow(rules, path, AccessFs::ReadFile | AccessFs::ReadDir)?;
    }
    for path in &sandbox.write {
        rules = allow(rules, path, AccessFs::from_all(NEWEST) & !nothing_runs)?;
    }
    for path in &sandbox.sockets {
        rules = allow(rules, path, AccessFs::ResolveUnix.into())?;
    }
    for port in &sandbox.ports {
        rules = rules.add_rule(NetPort::new(*port, AccessNet::ConnectTcp)).map_err(failed)?;
    }
    let status = rules.restrict_self().map_err(failed)?;
    Ok(match status.landlock {
        LandlockStatus::Available { effective_abi, .. } => Some(effective_abi as u32),
        LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => None,
    })
}

/// The newest version of landlock we know that this kernel knows too; nothing is restricted by asking.
pub(super) fn offered() -> Option<u32> {
    let known = |abi: &ABI| {
        let mut strict = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        strict = strict.handle_access(AccessFs::from_all(*abi)).ok()?;
        if !AccessNet::from_all(*abi).is_empty() {
            strict = strict.handle_access(AccessNet::from_all(*abi)).ok()?;
        }
        if !Scope::from_all(*abi).is_empty() {
            strict = strict.scope(Scope::from_all(*abi)).ok()?;
        }
        strict.create().ok()
    };
    // Those between have nothing new that can be denied.
    let versions = [ABI::V9, ABI::V6, ABI::V5, ABI::V4, ABI::V3, ABI::V2, ABI::V1];
    versions.iter().find(|abi| known(abi).is_some()).map(|abi| *abi as u32)
}

fn denying_everything() -> Result<RulesetCreated, landlock::RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()
}

fn allow(rules: RulesetCreated, path: &Path, access: BitFlags<AccessFs>) -> io::Result<RulesetCreated> {
    let named = |error: &dyn fmt::Display| io::Error::other(format!("allow {}: {error}", path.display()));
    let folder = PathFd::new(path).map_err(|error| named(&error))?;
    rules.add_rule(PathBeneath::new(folder, access)).map_err(|error| named(&error))
}

fn failed(error: impl fmt::Display) -> io::Error {
    io::Error::other(format!("landlock: {error}"))
}
