//! Replies that prove nothing about a link: forged, late, played back, on another link. None counts, each is counted as what it is.

use std::net::Ipv4Addr;
use std::time::Duration;

use rebootping_lab::{Daemon, PUBLIC_V4, SWITCH_LIMIT, gateway_v4, isp_v4, wait_until};

use crate::forger::{Forge, Forger};
use crate::support::{hold_down, lab, start, wait_out};

/// Three echoes to each of four targets are a round: so many answers span two, whole ones among them.
const ANSWERS: u64 = 24;
/// An answer to the last echo of a round, sent half a second into it, comes after the next has begun.
const LATE: Duration = Duration::from_millis(1_050);
/// An answer to any echo comes when two more rounds have begun, and its own is forgotten.
const FORGOTTEN: Duration = Duration::from_millis(2_600);

/// How a reply is forged, and which count it adds to.
struct Row {
    what: &'static str,
    forge: Forge,
    fate: Fate,
}

enum Fate {
    Counted,
    Late,
    Foreign,
    /// The kernel's filter keeps it from us: it may be another program's.
    NotOurs,
}

fn first_target() -> Ipv4Addr {
    PUBLIC_V4[0].parse().expect("an address")
}

#[rustfmt::skip]
const ROWS: [Row; 12] = [
    Row { what: "as the target would answer", fate: Fate::Counted, forge: Some },
    Row { what: "from the ISP's box", fate: Fate::Foreign, forge: |reply| Some(reply.from(isp_v4(1))) },
    Row { what: "from another target", fate: Fate::Foreign,
          forge: |reply| (!reply.is_from(first_target())).then(|| reply.from(first_target())) },
    Row { what: "on another link", fate: Fate::Foreign, forge: |reply| Some(reply.over_the_other_link()) },
    Row { what: "on another link, to that link's address", fate: Fate::Foreign,
          forge: |reply| Some(reply.over_the_other_link().to(gateway_v4(2))) },
    Row { what: "to the address of another link", fate: Fate::Foreign, forge: |reply| Some(reply.to(gateway_v4(2))) },
    Row { what: "with another token", fate: Fate::Foreign, forge: |reply| Some(reply.with_another_token()) },
    Row { what: "with another sequence number", fate: Fate::Foreign, forge: |reply| Some(reply.with_another_sequence()) },
    Row { what: "with another identifier", fate: Fate::NotOurs, forge: |reply| Some(reply.with_another_identifier()) },
    Row { what: "a request", fate: Fate::NotOurs, forge: |reply| Some(reply.still_a_request()) },
    Row { what: "after the next round has begun", fate: Fate::Late, forge: |reply| Some(reply.after(LATE)) },
    Row { what: "played back two rounds later", fate: Fate::Foreign, forge: |reply| Some(reply.after(FORGOTTEN)) },
];

impl Fate {
    /// Its name in `status`.
    fn name(&self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Late => "late",
            Self::Foreign | Self::NotOurs => "foreign",
        }
    }
}

/// How often a reply had that fate since the judge started.
fn count(daemon: &Daemon, fate: &str) -> u64 {
    daemon.status()["replies"]["ipv4"][fate].as_u64().unwrap_or_default()
}

#[track_caller]
fn check(daemon: &Daemon, forger: &Forger, row: &Row) {
    let (answered, counts) = match row.fate {
        Fate::Counted => (4, true),
        Fate::Late | Fate::Foreign => (0, true),
        Fate::NotOurs => (0, false),
    };
    let sent = forger.answered();
    forger.forge(row.forge);
    wait_until(&format!("wan1 has answered {answered} times, {}", row.what), SWITCH_LIMIT, || {
        // Replies of the row before may still be held back, or in the round that is shown.
        forger.answered() > sent + ANSWERS / 2 && daemon.link("wan1")["answered"] == answered
    });
    let (sent, before) = (forger.answered(), count(daemon, row.fate.name()));
    wait_until(&format!("two rounds were forged {}", row.what), SWITCH_LIMIT, || {
        let wan1 = daemon.link("wan1");
        // An honest forger may be slow where others work too; a dishonest one must never be believed.
        assert!(answered > 0 || wan1["answered"] == 0, "{}: {wan1}", row.what);
        forger.answered() >= sent + ANSWERS
    });
    let counted = || count(daemon, row.fate.name()) - before;
    if counts {
        wait_until(&format!("they are {}, {}", row.fate.name(), row.what), SWITCH_LIMIT, || counted() >= ANSWERS);
    } else {
        // The last replies of the row before are counted when their round is over.
        assert!(counted() < ANSWERS, "{}: {} are {}", row.what, counted(), row.fate.name());
    }
}

#[test]
fn no_forged_or_late_reply_speaks_for_a_dead_link() {
    let lab = lab("forged").build();
    let daemon = start(&lab, &hold_down(3600));
    lab.isp(1).blackhole(true);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    let forger = Forger::at(&lab);
    for row in &ROWS {
        check(&daemon, &forger, row);
    }
    assert_eq!(daemon.link("wan2")["answered"], 4, "{}", daemon.link("wan2"));
    assert_eq!(daemon.log().matches("new connections use").count(), 1, "{}", daemon.log());
}

#[test]
fn a_target_that_answers_thrice_is_one_target() {
    let lab = lab("thrice").build();
    let daemon = start(&lab, &hold_down(3600));
    lab.isp(1).blackhole(true);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    let (forger, before) = (Forger::at(&lab), count(&daemon, "duplicate"));
    forger.forge(|reply| reply.is_from(first_target()).then(|| reply.copies(3)));
    wait_until("the first target has answered", SWITCH_LIMIT, || daemon.link("wan1")["answered"] == 1);
    wait_until("each of its answers has come thrice", SWITCH_LIMIT, || {
        let wan1 = daemon.link("wan1");
        assert!(wan1["answered"].as_u64().is_some_and(|answered| answered <= 1), "{wan1}");
        count(&daemon, "duplicate") >= before + ANSWERS
    });
}
