//! False switches: a month of sound links under our rule and under those of others, as a table and a picture.

use crate::rivals::{self, Choices};
use crate::weather::{LINKS, SPARE, TARGETS, Weather};
use rebootping_core::engine::{Engine, LinkSettings, Output, Settings};
use rebootping_core::link::presence::{NextHop, Path};
use rebootping_core::link::probe::{Course, Reply};
use rebootping_core::link::{Family, LinkId, Presence};
use rebootping_core::time::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::time::Duration;

/// The month of the documentation.
pub const DAYS: u64 = 30;
/// The seed of the documentation.
pub const SEED: u64 = 1;
/// The limiting target answers one echo in two seconds: less than it is asked, by every rule but the slowest.
const LIMIT: u64 = 2_000;
const DAY: Duration = Duration::from_secs(86_400);

/// What links a rule uses when, in this weather, for so long.
type Rule = fn(&Weather, Duration) -> Choices;

/// A reply on its way: when, over which link, from which target, sequence and token.
type Coming = (Time, usize, usize, u16, u64);

/// What a rule did with a month.
#[derive(Clone, Debug)]
pub struct Result {
    /// Whose rule it is.
    pub name: &'static str,
    /// Changes of the links in use.
    pub switches: usize,
    /// Time in which a link in use was dead.
    pub dead: Duration,
    /// Time in which only the metered link was in use.
    pub metered: Duration,
    /// Time in which a sound link was left out, by link.
    pub left_out: [Duration; SPARE],
    choices: Choices,
}

/// Plays so many days under every rule.
pub fn compare(seed: u64, days: u64) -> Vec<Result> {
    let weather = Weather::new(seed, LIMIT);
    let month = DAY * days as u32;
    let rules: [(&'static str, Rule); 4] =
        [("rebootping", ours), ("dpinger", rivals::dpinger), ("lsm", rivals::lsm), ("mwan3", rivals::mwan3)];
    rules.into_iter().map(|(name, rule)| Result::of(name, rule(&weather, month), &weather, days)).collect()
}

/// Our rule: the real engine, echo by echo.
pub fn ours(weather: &Weather, month: Duration) -> Choices {
    let course = Course {
        list: 0,
        targets: (0..TARGETS).map(|n| Ipv4Addr::new(192, 0, 2, n as u8).into()).collect(),
        echoes: 3,
    };
    let nothing = Course { list: 0, targets: Vec::new(), echoes: 3 };
    let link = |at: usize| LinkSettings {
        name: format!("wan{at}"),
        metered: at == SPARE,
        hold_down: Duration::from_secs(3600),
        courses: [course.clone(), nothing.clone()],
    };
    let settings = Settings { interval: Duration::from_secs(1), key: [0; 16], links: (0..LINKS).map(link).collect() };
    let mut engine = Engine::new(settings, None, true, Time::BOOT);
    let path = Path {
        presence: Presence::Present,
        index: Some(1),
        source: Some(Ipv4Addr::new(198, 51, 100, 2).into()),
        next_hop: Some(NextHop::PointToPoint),
    };
    for at in 0..LINKS {
        engine.handle_path(Family::Ipv4, LinkId(at as u16), path, Time::BOOT);
    }
    let mut month = Month {
        weather,
        coming: BinaryHeap::new(),
        last: [[None; TARGETS]; LINKS],
        choices: vec![(Time::BOOT, [true; LINKS])],
    }
    .play(engine, month);
    month.dedup_by_key(|(_, used)| *used);
    month
}

struct Month<'a> {
    weather: &'a Weather,
    coming: BinaryHeap<Reverse<Coming>>,
    last: [[Option<Time>; TARGETS]; LINKS],
    choices: Choices,
}

impl Month<'_> {
    fn play(mut self, mut engine: Engine, month: Duration) -> Choices {
        while let Some(now) = engine.next_deadline().filter(|&at| at < Time::BOOT + month) {
            self.hand_in(&mut engine, now);
            engine.handle_wake(now);
            while let Some(output) = engine.poll_output() {
                match output {
                    Output::Send(Family::Ipv4, echo) => {
                        let (link, target) = (usize::from(echo.link.0), target_of(echo.target));
                        if let Some(took) = self.weather.answer(link, target, now, self.last[link][target]) {
                            self.last[link][target] = Some(now);
                            self.coming.push(Reverse((now + took, link, target, echo.sequence, echo.token)));
                        }
                    }
                    Output::Choose(Family::Ipv4, choice) => {
                        let used =
                            std::array::from_fn(|at| choice.get(&LinkId(at as u16)).is_some_and(|want| want.is_in()));
                        self.choices.push((now, used));
                    }
                    Output::Send(Family::Ipv6, _)
                    | Output::Choose(Family::Ipv6, _)
                    | Output::Ask(..)
                    | Output::Forget(..)
                    | Output::Keep
                    | Output::Say(_)
                    | Output::Begin(_)
                    | Output::Note(..) => {}
                }
            }
        }
        self.choices
    }

    fn hand_in(&mut self, engine: &mut Engine, now: Time) {
        while let Some(Reverse((at, link, target, sequence, token))) =
            self.coming.peek().copied().filter(|Reverse((at, ..))| *at <= now)
        {
            self.coming.pop();
            let source = Ipv4Addr::new(192, 0, 2, target as u8).into();
            engine.handle_reply(Family::Ipv4, &Reply { link: LinkId(link as u16), source, sequence, token, at });
        }
    }
}

fn target_of(address: std::net::IpAddr) -> usize {
    match address {
        std::net::IpAddr::V4(address) => usize::from(address.octets()[3]),
        std::net::IpAddr::V6(_) => 0,
    }
}

impl Result {
    fn of(name: &'static str, choices: Choices, weather: &Weather, days: u64) -> Self {
        let end = Time::BOOT + DAY * days as u32;
        let mut result = Self {
            name,
            switches: choices.len() - 1,
            dead: Duration::ZERO,
            metered: Duration::ZERO,
            left_out: [Duration::ZERO; SPARE],
            choices,
        };
        for (from, to, used) in result.spans(end) {
            let lasts = to.since(from);
            let sound = &used[..SPARE];
            if !sound.contains(&true) {
                result.metered += lasts;
            }
            for (left_out, used) in result.left_out.iter_mut().zip(sound) {
                *left_out += if *used { Duration::ZERO } else { lasts };
            }
            for (link, begins) in (0..days).map(|day| weather.blip(day)).filter(|(link, _)| used[*link]) {
                debug_assert!(link < SPARE);
                result.dead += to.min(begins + Weather::blip_lasts()).since(from.max(begins));
            }
        }
        result
    }

    fn spans(&self, end: Time) -> Vec<(Time, Time, [bool; LINKS])> {
        let ends = self.choices.iter().skip(1).map(|(at, _)| *at).chain([end]);
        self.choices.iter().zip(ends).map(|(&(from, used), to)| (from, to, used)).collect()
    }
}

/// The results as a Markdown table.
pub fn table(results: &[Result]) -> String {
    let mut text = String::from(
        "| rule | switches | seconds on a dead link | seconds on the metered link alone | hours a sound link was left out |\n|---|--:|--:|--:|--:|\n",
    );
    for result in results {
        let hours = result.left_out.iter().sum::<Duration>().as_secs_f64() / 3600.0;
        let row = format!(
            "| {} | {} | {:.1} | {:.0} | {hours:.1} |",
            result.name,
            result.switches,
            result.dead.as_secs_f64(),
            result.metered.as_secs_f64()
        );
        let _ = writeln!(text, "{row}");
    }
    text
}

/// A picture of the month: a lane for each sound link under each rule, filled while the link is in use.
pub fn picture(results: &[Result], days: u64) -> String {
    const LEFT: f64 = 110.0;
    const WIDTH: f64 = 600.0;
    let month = DAY * days as u32;
    let x = |at: Time| LEFT + WIDTH * at.since(Time::BOOT).as_secs_f64() / month.as_secs_f64();
    let height = 40 + 52 * results.len();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 730 {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>Links in use during {days} days, by rule</title>\n<rect width=\"730\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    for (row, result) in results.iter().enumerate() {
        let top = 12 + 52 * row;
        let _ = writeln!(svg, "<text x=\"8\" y=\"{}\" font-weight=\"bold\">{}</text>", top + 18, result.name);
        for (lane, colour) in ["#2a6f97", "#61a5c2"].iter().enumerate() {
            let y = top + 18 * lane;
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#555\">{}</text>",
                LEFT - 6.0,
                y + 11,
                lane + 1
            );
            let _ = writeln!(svg, "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{WIDTH}\" height=\"14\" fill=\"#eee\"/>");
            for (from, to) in used_spans(result, lane, Time::BOOT + month) {
                let _ = writeln!(
                    svg,
                    "<rect x=\"{:.1}\" y=\"{y}\" width=\"{:.1}\" height=\"14\" fill=\"{colour}\"/>",
                    x(from),
                    (x(to) - x(from)).max(0.1)
                );
            }
        }
    }
    let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"{}\" fill=\"#555\">day 1</text>", height - 12);
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" fill=\"#555\" text-anchor=\"end\">day {days}</text>\n</svg>",
        LEFT + WIDTH,
        height - 12
    );
    svg
}

/// When a link was in use, changes of other links aside.
fn used_spans(result: &Result, link: usize, end: Time) -> Vec<(Time, Time)> {
    let mut spans: Vec<(Time, Time)> = Vec::new();
    for (from, to, used) in result.spans(end) {
        match spans.last_mut() {
            Some(last) if used[link] && last.1 == from => last.1 = to,
            _ if used[link] => spans.push((from, to)),
            Some(_) | None => {}
        }
    }
    spans
}
