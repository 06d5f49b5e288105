//! What a seed draws before anything happens: links, targets, hold-down, span and faults.

use crate::fault::Fault;
use crate::line::Line;
use crate::rng::Rng;
use rebootping_core::commit::Method;
use rebootping_core::engine::{LinkSettings, Settings};
use rebootping_core::link::probe::Course;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// Lengths of a round in long runs, in seconds: short runs, under fire, have rounds of a second.
const INTERVALS: [u64; 10] = [1, 2, 3, 5, 7, 10, 15, 20, 30, 60];

/// The beginning of a run.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The engine's settings, its key apart.
    pub settings: Settings,
    /// The links themselves, in the order in which they are first configured.
    pub lines: Vec<Line>,
    /// How each family's firewall is told.
    pub methods: [Method; 2],
    /// How long the run lasts.
    pub span: Duration,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

impl Setup {
    /// Draws the setup of a seed: a run of a few hold-downs with at least ten faults.
    pub fn draw(rng: &mut Rng) -> Self {
        let hold_down = rng.spread(10, 3600);
        let span = Duration::from_secs(250 + hold_down * 2 + if rng.chance(60) { 1500 } else { 0 });
        let mut setup = Self::links(hold_down, span, rng);
        let count = rng.between(10, 14);
        let longest = Duration::from_secs((hold_down * 2).clamp(20, 400));
        setup.faults = Fault::draw(count, span, longest, setup.lines.len(), rng);
        setup
    }

    /// Draws the setup of a long, mostly quiet run: hold-downs of an hour, a few faults a day, and rounds of one of the lengths
    /// that operators choose, or of the one given. Each round is played echo by echo.
    pub fn draw_days(days: u64, interval: Option<Duration>, rng: &mut Rng) -> Self {
        let span = Duration::from_secs(days * 86_400);
        let mut setup = Self::links(3600, span, rng);
        let drawn = Duration::from_secs(rng.pick(&INTERVALS));
        setup.settings.interval = interval.unwrap_or(drawn);
        // Few echoes make for many days, and what they may do to each other is seen in the short runs.
        for course in setup.settings.links.iter_mut().flat_map(|link| &mut link.courses) {
            course.targets.truncate(3);
            course.echoes = 1;
        }
        setup.faults = Fault::draw(days * rng.between(3, 9), span, Duration::from_secs(3600), setup.lines.len(), rng);
        setup
    }

    fn links(hold_down: u64, span: Duration, rng: &mut Rng) -> Self {
        let count = if rng.chance(100) { 1 } else { rng.between(2, 4) as usize };
        let both_families = rng.chance(300);
        let metered = count > 1 && rng.chance(350);
        let targets = rng.pick(&[1, 2, 3, 4, 4, 4]);
        let own_targets = rng.chance(80);
        let echoes = rng.pick(&[1, 2, 3]);
        let course = |list: u16, six: bool| Course {
            list,
            targets: (0..targets).map(|n| target(n, list, six)).collect(),
            echoes,
        };
        let nothing = |list: u16| Course { list, targets: Vec::new(), echoes };
        let link = |at: usize, rng: &mut Rng| {
            let list = u16::from(own_targets && at + 1 == count);
            LinkSettings {
                name: format!("wan{at}"),
                metered: metered && at + 1 == count,
                hold_down: Duration::from_secs(if rng.chance(100) { hold_down / 2 + 5 } else { hold_down }),
                courses: [course(list, false), if both_families { course(list, true) } else { nothing(list) }],
            }
        };
        let links = (0..count).map(|at| link(at, rng)).collect();
        let line = |at: usize, rng: &mut Rng| {
            let delay = rng.time(Duration::from_millis(3), Duration::from_millis(120));
            Line::new(at as u8 + 1, [true, both_families], rng.chance(200), delay)
        };
        let lines = (0..count).map(|at| line(at, rng)).collect();
        let methods = [Method::Interface, rng.pick(&[Method::Interface, Method::Reload])];
        let settings = Settings { interval: Duration::from_secs(1), key: [0; 16], links };
        Self { settings, lines, methods, span, faults: Vec::new() }
    }
}

fn target(n: usize, list: u16, six: bool) -> IpAddr {
    let (n, list) = (n as u8 + 1, list as u8);
    if six {
        Ipv6Addr::new(0x2001, 0xdb8, 0xffff, u16::from(list), 0, 0, 0, u16::from(n)).into()
    } else {
        Ipv4Addr::new(203, 0, 113, 100 * list + n).into()
    }
}
