//! What must be true whatever happens: of a choice when it is made, and of engine, shadow and state file whenever the engine rests.

use crate::judge::Judge;
use crate::naive::Naive;
use rebootping_core::commit::{Choice, Want};
use rebootping_core::link::{Family, LinkId};
use rebootping_core::time::Time;

/// What is kept may be so many seconds old, and a round, in which nothing but clean rounds passed.
const KEPT_EVERY: u64 = 60;

/// A choice is never empty, never the one before, and brings no link back before its time.
pub(crate) fn choice(judge: &mut Judge, family: Family, choice: &Choice) -> Result<(), String> {
    let chosen: Vec<LinkId> = choice.iter().filter(|(_, want)| want.is_in()).map(|(link, _)| *link).collect();
    if chosen.is_empty() || choice.len() != judge.links().len() {
        return Err(format!("{family}: {choice:?} leaves no link, or forgets one"));
    }
    if judge.chosen[family as usize].as_ref() == Some(choice) {
        return Err(format!("{family}: {choice:?} is the choice that stands already"));
    }
    let some_metered = judge.links().iter().any(|link| link.metered);
    let naive = judge.shadow_seen().naive(family);
    for link in &chosen {
        let known = &naive.links[usize::from(link.0)];
        let owed = if some_metered { known.shortest() } else { known.hour() };
        let may = judge.in_use[family as usize][judge.line(*link)]
            || chosen.len() == 1
            || known.clean >= owed
            || naive.is_pinned(usize::from(link.0));
        if !may {
            return Err(format!("{family}: link {} is back after {} rounds of {owed}", link.0, known.clean));
        }
    }
    for place in 0..choice.len() {
        let link = LinkId(place as u16);
        let line = judge.line(link);
        judge.in_use[family as usize][line] = chosen.contains(&link);
    }
    judge.chosen[family as usize] = Some(choice.clone());
    Ok(())
}

/// The engine's mind, its last choice and its state file are what the second selection says.
pub(crate) fn agreement(judge: &Judge, now: Time) -> Result<(), String> {
    let Some(kept) = judge.kept(now) else { return Ok(()) };
    for family in Family::ALL {
        let naive = judge.shadow_seen().naive(family);
        let at = family as usize;
        if kept.rounds[at] != naive.round {
            return Err(format!("{family}: {} rounds and not {}", kept.rounds[at], naive.round));
        }
        for (place, (link, own)) in kept.links.iter().zip(&naive.links).enumerate() {
            let held = &link.held[at];
            let engine = (u64::from(held.hold), held.last_fault, held.earlier_faults, held.seen, link.chosen[at]);
            let memory = &own.memory;
            let second = (memory.left(), memory.last_fault, memory.faults_before, memory.known, memory.in_use);
            if engine != second {
                return Err(format!(
                    "{family} link {place}: (hold, last fault, earlier, seen, in use) are {engine:?} and not {second:?}"
                ));
            }
        }
        // A family is committed once one of its links was there.
        if naive.started && naive.links.iter().any(|link| link.memory.known) {
            choice_agrees(judge, family, naive)?;
            state_file_agrees(judge, family, naive)?;
        }
    }
    Ok(())
}

fn choice_agrees(judge: &Judge, family: Family, naive: &Naive) -> Result<(), String> {
    let want = |link: &crate::naive::Link| if link.memory.in_use { Want::In } else { Want::Out(link.leave) };
    let second: Choice = (0..).map(LinkId).zip(naive.links.iter().map(want)).collect();
    let first = judge.chosen[family as usize].as_ref();
    if first == Some(&second) {
        Ok(())
    } else {
        Err(format!("{family}: the last choice is {first:?} and not {second:?}"))
    }
}

/// What is kept never holds a link for less than it has to hold, and hardly for more.
fn state_file_agrees(judge: &Judge, family: Family, naive: &Naive) -> Result<(), String> {
    let some_metered = judge.links().iter().any(|link| link.metered);
    let rounds = KEPT_EVERY.div_ceil(judge.interval().as_secs()) + 1;
    for (place, link) in naive.links.iter().enumerate() {
        let Some(saved) = judge.saved_memory(family, judge.line(LinkId(place as u16))) else {
            return Err(format!("{family}: a choice was made and nothing kept"));
        };
        let (kept, left) = (saved.left(), link.memory.left());
        if saved.in_use != link.memory.in_use || kept < left || (kept > left + rounds && !some_metered) {
            return Err(format!("{family} link {place}: {saved:?} is kept, true is {:?}", link.memory));
        }
    }
    Ok(())
}
