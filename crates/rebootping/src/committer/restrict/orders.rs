//! Orders carried out: in the kernel first, then on the disk, then answered; one that cannot be carried out changes nothing.

use super::keeper::{Keeper, now};
use super::neighbours::{Neighbourhood, Stake};
use super::{Order, Reply, Told, said};
use crate::clock;
use crate::committer::audit::{Changed, Of, Row, Verb, Who};
use crate::ipc::control::{ControlOrder, Macs, with_number};
use crate::report::control::described;
use rebootping_core::control::names::Named;
use rebootping_core::control::restriction::{Mode, Restriction};
use rebootping_core::inventory::report::Hardware;
use rebootping_core::inventory::vendor::is_randomised;
use std::net::IpAddr;

impl Keeper {
    /// Carries out an order and answers it.
    pub(super) fn carry(&mut self, order: Order) {
        let Order { what, undoes, who, reply } = order;
        match what {
            ControlOrder::Restrict { macs, to, force, asking } => {
                let forced = force && to.is_some_and(|to| to.until.is_some());
                let objection = to.filter(|_| !forced).and_then(|_| objection(&macs, asking));
                let done = match objection {
                    Some(objection) => Err(format!("{objection}; --force together with --for does it nevertheless")),
                    None => self.restrict(&macs, to, who),
                };
                self.answer(reply, done);
            }
            ControlOrder::Name { mac, to } => match self.name(mac, to, undoes, who) {
                Ok(done) => {
                    self.say(false, done.clone());
                    self.tell_dhcp(Some((done, reply)));
                }
                Err(why) => reply(Err(why)),
            },
            ControlOrder::Undo(id) => match self.audit.to_undo(id).cloned() {
                Err(why) => reply(Err(why)),
                Ok(row) => self.carry_undo(&row, who, reply),
            },
        }
    }

    fn carry_undo(&mut self, row: &Row, who: Who, reply: Reply) {
        if let Some((mac, to)) = name_before(row) {
            // A name is also pinned elsewhere: it goes the way that names go.
            let what = ControlOrder::Name { mac, to };
            return self.pass_on(Told::Undoing(Order { what, undoes: Some(row.id), who, reply }));
        }
        let done = self.undo(row, who);
        self.answer(reply, done);
    }

    /// Answers, and says what was done to whoever reads the log.
    fn answer(&self, reply: Reply, done: Result<String, String>) {
        if let Ok(text) = &done {
            self.say(false, text.clone());
        }
        reply(done);
    }

    fn restrict(&mut self, macs: &Macs, to: Option<Restriction>, who: Who) -> Result<String, String> {
        if to.is_some_and(|to| to.is_over(now())) {
            return Err("its end is in the past".to_owned());
        }
        let known = self.kept.known.clone();
        if to.is_none() {
            // Who is allowed by name is no stranger.
            self.kept.know(macs.all().iter().copied());
        }
        let wanted: Vec<_> = macs.all().iter().map(|mac| (*mac, to)).collect();
        let verb = if to.is_some() { Verb::Restrict } else { Verb::Allow };
        let (id, cut) = self.change(&wanted, verb, None, who).inspect_err(|_| self.kept.known = known)?;
        Ok(with_number(&self.done(macs.first(), to, cut), id))
    }

    fn undo(&mut self, row: &Row, who: Who) -> Result<String, String> {
        let mut wanted = Vec::new();
        for Changed { mac, before, after } in &row.changes {
            let (Of::Restriction(before), Of::Restriction(after)) = (before, after) else { continue };
            let has_ended = after.is_some_and(|after| after.is_over(now()));
            if self.kept.restrictions.of(*mac) != *after && !has_ended {
                return Err(format!("{mac} was changed again after order {}; say what it should be instead", row.id));
            }
            wanted.push((*mac, before.filter(|before| !before.is_over(now()))));
        }
        let Some(&(mac, to)) = wanted.first() else { return Err(format!("order {} changed nothing", row.id)) };
        let (id, cut) = self.change(&wanted, Verb::Undo, Some(row.id), who)?;
        Ok(with_number(&format!("order {} is undone: {}", row.id, self.done(mac, to, cut)), id))
    }

    /// Makes restrictions what they should be, here and in the kernel, and writes that down. Returns the number of its row
    /// and how many connections were cut.
    fn change(
        &mut self,
        wanted: &[(Hardware, Option<Restriction>)],
        verb: Verb,
        undoes: Option<u64>,
        who: Who,
    ) -> Result<(u64, usize), String> {
        let before = self.kept.restrictions.clone();
        let mut changes = Vec::new();
        for (mac, to) in wanted {
            let Ok(was) = self.kept.restrictions.set(*mac, *to) else {
                self.kept.restrictions = before;
                return Err("so many devices are restricted that there is no room; allow some first".to_owned());
            };
            changes.push(Changed { mac: *mac, before: Of::Restriction(was), after: Of::Restriction(*to) });
        }
        let cut = match self.bring_about() {
            Ok(cut) => cut,
            Err(error) => {
                self.kept.restrictions = before;
                return Err(error);
            }
        };
        self.keep();
        let id = self.write_down(verb, undoes, who, changes)?;
        Ok((id, cut))
    }

    fn name(&mut self, mac: Hardware, to: Option<Named>, undoes: Option<u64>, who: Who) -> Result<String, String> {
        let after = to.clone();
        let before = match self.kept.names.give(mac, to) {
            Ok(before) => before,
            Err(refusal) => return Err(after.map_or_else(String::new, |named| said(refusal, &named))),
        };
        self.keep();
        let text = match &after {
            Some(named) => format!("{mac} is called {}", named.label),
            None => format!("{mac} is called what it calls itself"),
        };
        let verb = if undoes.is_some() { Verb::Undo } else { Verb::Rename };
        let changed = Changed { mac, before: Of::Name(before), after: Of::Name(after) };
        let id = self.write_down(verb, undoes, who, vec![changed])?;
        Ok(with_number(&text, id))
    }

    fn write_down(&mut self, verb: Verb, undoes: Option<u64>, who: Who, changes: Vec<Changed>) -> Result<u64, String> {
        let id = self
            .audit
            .append(clock::wall().to_string(), who, verb, undoes, changes)
            .map_err(|error| format!("it is done, but who did it could not be written down: {error}"))?;
        self.hand_over();
        Ok(id)
    }

    /// What a device may do now, and what that does not reach.
    fn done(&mut self, mac: Hardware, to: Option<Restriction>, cut: usize) -> String {
        let Some(to) = to else { return format!("{mac} is allowed everything") };
        let mut text = format!("{mac}: {}", described(&to, &clock::zone()));
        match cut {
            0 => {}
            1 => text.push_str("; 1 connection was cut"),
            _ => text = format!("{text}; {cut} connections were cut"),
        }
        if to.mode == Mode::Block {
            text.push_str("; neighbours on its switch or access point it still reaches");
        }
        if is_randomised(mac.0) {
            text.push_str("; its MAC is drawn at random, so it may come back under another");
        }
        if self.is_bypassed() {
            text.push_str("; a flowtable on this gateway forwards established connections past all rules");
        }
        text
    }
}

/// The name to which undoing would go back; none if the order was about something else.
fn name_before(row: &Row) -> Option<(Hardware, Option<Named>)> {
    row.changes.iter().find_map(|changed| match &changed.before {
        Of::Name(before) => Some((changed.mac, before.clone())),
        Of::Restriction(_) => None,
    })
}

/// What speaks against cutting off these MACs.
fn objection(macs: &Macs, asking: Option<IpAddr>) -> Option<String> {
    // A kernel that cannot be asked now will refuse the restriction itself.
    let around = Neighbourhood::look().ok()?;
    let found = macs.all().iter().find_map(|mac| Some((*mac, around.stake(*mac, asking)?)));
    found.map(|(mac, stake)| match stake {
        Stake::Ours => format!("{mac} is this gateway's own"),
        Stake::Router => format!("{mac} is a router, with others behind it"),
        Stake::Several(count) => format!("{mac} carries {count} devices"),
        Stake::Asking => format!("{mac} is the device you work from"),
    })
}
