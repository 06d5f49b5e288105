//! Whether names are answered: questions to resolvers and what comes back, counted in spans of ten seconds.
//!
//! Only resolvers that have answered count, for there are devices that ask one that never was there; and an answer that says the
//! resolver itself could not (SERVFAIL and REFUSED, RFC 1035 section 4.1.1) is none. Questions on Internet links are judged apart
//! from those on all other wires: what the gateway's own resolver still knows says nothing of those that it asks. Only datagrams
//! are counted.

use super::interfaces::Leads;
use crate::time::Time;
use alloc::collections::BTreeMap;
use core::net::IpAddr;
use core::time::Duration;

/// Long enough for whoever asks to ask once more.
const SPAN: Duration = Duration::from_secs(10);
/// Fewer questions in a span say nothing when they are not answered.
const ENOUGH: u32 = 5;
/// Resolvers known at a time; one that never answered makes room first, then the one asked longest ago.
const MOST: usize = 64;
/// A header without its counts.
const HEAD: usize = 4;
/// Answers of a resolver that could not find out.
const FAILURES: [u8; 2] = [2, 5];

/// All resolvers that were asked lately.
#[derive(Debug, Default)]
pub(super) struct Resolvers {
    known: BTreeMap<(bool, IpAddr), Resolver>,
    /// When the span began.
    begins: Option<Time>,
    /// Those inside, and those on Internet links, were silent when they were last asked enough.
    silent: [bool; 2],
}

/// One of them, in this span.
#[derive(Clone, Copy, Debug, Default)]
struct Resolver {
    asked: u32,
    answered: u32,
    /// It has answered since it is known.
    works: bool,
    last_asked: Time,
}

/// A span in which names were asked for, of which something can be said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Span {
    pub(super) begins: Time,
    pub(super) ends: Time,
    pub(super) answered: bool,
}

impl Resolvers {
    /// A datagram from or to port 53.
    pub(super) fn hear(&mut self, leads: Leads, [source, destination]: [(IpAddr, u16); 2], payload: &[u8], now: Time) {
        let Some(&[_, _, high, low]) = payload.first_chunk::<HEAD>() else { return };
        let (is_response, is_query) = (high & 0x80 != 0, high & 0x78 == 0);
        let is_outside = leads == Leads::ToInternet;
        if !is_response && is_query && destination.1 == 53 {
            self.ask((is_outside, destination.0), now);
        } else if is_response && source.1 == 53 && !FAILURES.contains(&(low & 0x0f)) {
            if let Some(resolver) = self.known.get_mut(&(is_outside, source.0)) {
                resolver.answered = resolver.answered.saturating_add(1);
                resolver.works = true;
            }
        }
    }

    /// A span that is over, if it was one in which names were not answered, or the first after such in which they were.
    pub(super) fn turn(&mut self, now: Time) -> Option<Span> {
        let begins = *self.begins.get_or_insert(now);
        if now < begins + SPAN {
            return None;
        }
        self.begins = Some(now);
        let was_silent = self.silent.contains(&true);
        let mut is_silent = false;
        for (is_outside, silent) in [false, true].into_iter().zip(&mut self.silent) {
            let of_side = self.known.iter().filter(|((outside, _), it)| *outside == is_outside && it.works);
            let (asked, answered) = of_side.fold((0_u32, 0_u32), |(asked, answered), (_, it)| {
                (asked.saturating_add(it.asked), answered.saturating_add(it.answered))
            });
            is_silent |= asked >= ENOUGH && answered == 0;
            *silent = answered == 0 && (*silent || asked >= ENOUGH);
        }
        for resolver in self.known.values_mut() {
            (resolver.asked, resolver.answered) = (0, 0);
        }
        let answered = !self.silent.contains(&true);
        (is_silent || (was_silent && answered)).then_some(Span { begins, ends: now, answered })
    }

    /// The clock was stepped: what was counted in this span has no time.
    pub(super) fn forget_span(&mut self) {
        self.begins = None;
    }

    fn ask(&mut self, whom: (bool, IpAddr), now: Time) {
        if self.known.len() >= MOST && !self.known.contains_key(&whom) {
            let least = self.known.iter().min_by_key(|(_, it)| (it.works, it.last_asked)).map(|(whom, _)| *whom);
            least.and_then(|least| self.known.remove(&least));
        }
        let resolver = self.known.entry(whom).or_default();
        resolver.asked = resolver.asked.saturating_add(1);
        resolver.last_asked = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    const SECOND: Duration = Duration::from_secs(1);

    /// One sign for each second, on either side: `q` a question and its answer, `n` one about a name that is not there, `Q` three
    /// that nobody answers, `f` two of which the resolver says that it could not.
    #[track_caller]
    fn check(inside: &str, outside: &str, expected: &[&str]) {
        let (mut resolvers, mut now, mut told) = (Resolvers::default(), Time::BOOT, Vec::<String>::new());
        assert_eq!(resolvers.turn(now), None);
        for (inside, outside) in inside.chars().zip(outside.chars()) {
            for (sign, leads, last) in [(inside, Leads::ToDevices, 1), (outside, Leads::ToInternet, 2)] {
                let resolver = (IpAddr::from([192, 0, 2, last]), 53);
                let asker = (IpAddr::from([192, 0, 2, 77]), 40_000);
                let mut ask = |times| {
                    for _ in 0..times {
                        resolvers.hear(leads, [asker, resolver], &[0, 1, 1, 0, 0, 1], now);
                    }
                };
                let (times, rcode) = match sign {
                    'q' => (1, Some(0)),
                    'n' => (1, Some(3)),
                    'f' => (2, Some(2)),
                    'Q' => (3, None),
                    _ => (0, None),
                };
                ask(times);
                if let Some(rcode) = rcode {
                    resolvers.hear(leads, [resolver, asker], &[0, 1, 0x81, rcode, 0, 1], now);
                }
            }
            now = now + SECOND;
            if let Some(span) = resolvers.turn(now) {
                let second = |time: Time| time.since(Time::BOOT).as_secs();
                told.push(format!("{}-{} {}", second(span.begins), second(span.ends), span.answered));
            }
        }
        assert_eq!(told, expected, "{inside}");
    }

    #[test]
    fn names_that_are_answered_are_no_news() {
        check(&"q...n.....".repeat(4), &"....".repeat(10), &[]);
        check(&"Q.........".repeat(3), &"q.........".repeat(3), &[]);
    }

    #[test]
    fn silence_is_told_span_by_span_and_then_its_end() {
        check(
            &["q.........", "Q..Q......", "f.f.f.f...", "Q.........", "....q.....", "Q.q......."].concat(),
            &"....".repeat(15),
            &["10-20 false", "20-30 false", "40-50 true"],
        );
    }

    #[test]
    fn what_the_gateways_resolver_remembers_does_not_hide_that_it_gets_no_answers() {
        let outside = ["q.........", "Q..Q......", "Q.Q.......", "..........", "q........."].concat();
        check(&"q....".repeat(10), &outside, &["10-20 false", "20-30 false", "40-50 true"]);
    }

    #[test]
    fn a_resolver_that_never_answered_says_nothing() {
        check(&"QQQQQQQQQQ".repeat(3), &"....".repeat(8), &[]);
    }

    #[test]
    fn strangers_do_not_push_out_those_that_work() {
        let mut resolvers = Resolvers::default();
        let asker = (IpAddr::from([192, 0, 2, 77]), 40_000);
        let works = (IpAddr::from([192, 0, 2, 1]), 53);
        resolvers.hear(Leads::ToDevices, [asker, works], &[0, 1, 1, 0], Time::BOOT);
        resolvers.hear(Leads::ToDevices, [works, asker], &[0, 1, 0x81, 0x80], Time::BOOT);
        for last in 0..=255 {
            let stranger = (IpAddr::from([198, 51, 100, last]), 53);
            resolvers.hear(Leads::ToDevices, [asker, stranger], &[0, 1, 1, 0], Time::BOOT + SECOND);
        }
        assert_eq!(resolvers.known.len(), MOST);
        assert!(resolvers.known[&(false, works.0)].works);
    }
}
