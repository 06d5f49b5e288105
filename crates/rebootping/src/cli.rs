//! The command line: what the program can be asked to do.

mod alerts;
mod device;
mod help;
mod manual;
mod web;
mod wireshark;

pub(crate) use alerts::{AlertsOrder, AlertsVerb};
pub(crate) use device::{DeviceOrder, Restrict, named, noted};
pub(crate) use web::{TokenOrder, TokenScope, WebOrder};
pub(crate) use wireshark::{Extcap, WiresharkOrder};

use crate::duration::{When, parse_duration};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use core::time::Duration;
use std::io;
use std::path::PathBuf;

/// What every command has comes after what is its own.
const LAST: usize = 900;

/// Wider lines tire the eye.
const WIDEST_HELP: usize = 100;

/// Keeps a gateway's new connections on the Internet links that work.
#[derive(Debug, Parser)]
#[command(name = "rebootping", version, disable_help_subcommand = true)]
#[command(max_term_width = WIDEST_HELP, after_help = help::program())]
pub(crate) struct Cli {
    /// Read this file alone instead of /etc/rebootping; it also says where a running daemon is found.
    #[arg(long, global = true, value_name = "FILE", display_order = LAST)]
    pub(crate) config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program can be asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Command {
    /// Probe every Internet link, choose the healthy ones and have Shorewall use them, until stopped.
    #[command(after_help = help::RUN)]
    Run(Unit),
    /// Show every link: whether it is healthy, whether it is used, and why.
    #[command(after_help = help::STATUS)]
    Status(Output),
    /// Explain in prose why a link is used or not.
    #[command(after_help = help::WHY)]
    Why(Why),
    /// Validate configuration and machine, and end each finding with the line or command that mends it.
    #[command(after_help = help::CHECK)]
    Check(Output),
    /// Overrule the selection for one link.
    #[command(after_help = help::LINK)]
    Link(LinkOrder),
    /// Give every link back: status files say 0, links are enabled, our routing rules are gone.
    #[command(after_help = help::RELEASE)]
    Release,
    /// Write what was captured of devices as pcapng, in order of time.
    #[command(after_help = help::PCAP)]
    Pcap(Pcap),
    /// Have this gateway's devices in Wireshark.
    #[command(after_help = help::WIRESHARK, subcommand)]
    Wireshark(WiresharkOrder),
    /// Answer Wireshark, which makes these calls once `wireshark install` is done.
    #[command(after_help = help::EXTCAP)]
    Extcap(Extcap),
    /// Tell who is on the network, what they are called, and which ports they really have open.
    #[command(after_help = help::REPORT)]
    Report(Report),
    /// Show every device on a line of its own.
    #[command(after_help = help::DEVICES)]
    Devices(Output),
    /// Show one device, or change what is known and kept of it.
    #[command(after_help = help::DEVICE, subcommand)]
    Device(DeviceOrder),
    /// Show how a link did and what it moved, as a graph of characters, or what a device moved.
    #[command(after_help = help::HISTORY)]
    History(History),
    /// Tell what went wrong: when, for how long, where, and whether anybody noticed.
    #[command(after_help = help::OUTAGES)]
    Outages(Outages),
    /// Show what people were told, what waits, and how it goes; or send a test.
    #[command(after_help = help::ALERTS)]
    Alerts(AlertsOrder),
    /// Decide again what was decided, and what other settings would have decided.
    #[command(after_help = help::REPLAY)]
    Replay(Replay),
    /// Write all that was learnt and ordered to one file; packets and the configuration are not in it.
    #[command(after_help = help::BACKUP)]
    Backup {
        /// The file; one that is there already is replaced.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Bring back what `backup` wrote, while no daemon runs; what is there is set aside.
    #[command(after_help = help::RESTORE)]
    Restore {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Set the password of the page.
    #[command(after_help = help::PASSWD)]
    Passwd,
    /// Say who may see the page; without an order it is the process that `run` starts.
    #[command(after_help = help::WEB)]
    Web {
        /// What to change.
        #[command(subcommand)]
        order: Option<WebOrder>,
        /// What its unit says of it.
        #[command(flatten)]
        unit: Unit,
    },
    /// Write a shell's completion script to standard output.
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// The shell.
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Write the manual page to standard output.
    #[command(after_help = help::MAN)]
    Man,
    /// Probe and select; started by `run`, never by hand.
    #[command(hide = true)]
    Judge(Unit),
    /// Capture, and keep what was captured; started by `run`, never by hand.
    #[command(hide = true)]
    Observer(Unit),
    /// Send what lies in an outbox; started by `run`, never by hand.
    #[command(hide = true)]
    Courier(Unit),
    /// Read what a DHCP server answers; started by `run`, never by hand.
    #[command(hide = true)]
    Reader {
        /// What is to be found out.
        kind: String,
    },
}

/// What systemd's units say of a process; never given by hand.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    /// The folder of sockets in which the processes that units start join the one that `run` starts.
    #[arg(long, value_name = "FOLDER", hide = true)]
    pub(crate) join: Option<PathBuf>,
}

/// The form of an answer.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `why` is asked.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Why {
    /// An interface, a Shorewall provider or a label.
    #[arg(value_name = "LINK")]
    pub(crate) link: String,
    /// Explain that moment instead of now: RFC 3339, or an age such as 10m.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<When>,
    /// Write the evidence into this file, as pcapng: the packets of all links around the decision, verdicts and pings beside them.
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub(crate) pcap: Option<PathBuf>,
    /// The form of the answer.
    #[command(flatten)]
    pub(crate) output: Output,
}

/// What `history` shows.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub(crate) struct History {
    /// An interface or a label; or a device's MAC.
    #[arg(value_name = "LINK")]
    pub(crate) link: String,
    /// From then on: RFC 3339, or an age such as 2h; without it, a day.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<When>,
    /// Up to then; without it, now.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<When>,
    /// Answer in JSON, up to 1200 columns.
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Answer as CSV, likewise.
    #[arg(long)]
    pub(crate) csv: bool,
}

/// Which outages are told, and how.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outages {
    /// Those that went on then or later: RFC 3339, or an age such as 2h; without it, 30 days.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<When>,
    /// Answer in JSON.
    #[arg(long, conflicts_with = "html")]
    pub(crate) json: bool,
    /// Answer as one HTML file, to print and hand to the provider.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    pub(crate) html: Option<PathBuf>,
}

/// What `replay` decides again, and how.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replay {
    /// From then on: RFC 3339, or an age such as 30d; without it, a day.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<When>,
    /// With this hold-down.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) hold_down: Option<Duration>,
    /// With so many of each target's echoes.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=10))]
    pub(crate) echoes: Option<u8>,
    /// With rounds of this length, a multiple of the recorded one.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) interval: Option<Duration>,
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// An operator's order about a link.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub(crate) struct LinkOrder {
    /// What to do with the link.
    #[arg(value_name = "ORDER")]
    pub(crate) verb: LinkVerb,
    /// An interface, a Shorewall provider or a label.
    #[arg(value_name = "LINK")]
    pub(crate) link: String,
    /// How long pin or out holds, such as 2h; without it, until auto. Retry and auto are done at once.
    #[arg(long = "for", value_name = "DURATION", value_parser = lasting)]
    pub(crate) lasting: Option<Duration>,
    /// Do it even where no usable link would be left.
    #[arg(long)]
    pub(crate) force: bool,
}

/// What is done with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LinkVerb {
    /// Use the pinned links and no others.
    Pin,
    /// Never use it.
    Out,
    /// End its hold-down now, and go on judging it.
    Retry,
    /// Take the order back: the answers decide again.
    Auto,
}

/// Which packets `pcap` writes, and where.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pcap {
    /// The devices by MAC address, or interfaces by name.
    #[arg(value_name = "MAC", required = true)]
    pub(crate) devices: Vec<String>,
    /// Only packets from then on: RFC 3339, or an age such as 2h.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<When>,
    /// Only packets up to then.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<When>,
    /// Go on with what is captured from now on, until stopped.
    #[arg(long)]
    pub(crate) follow: bool,
    /// Write to this file instead of standard output, which - stands for.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,
}

/// What `report` reads, and how it answers.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// Answer in JSON.
    #[arg(long, conflicts_with_all = ["html", "csv"])]
    pub(crate) json: bool,
    /// Answer as one HTML file, to read and to print.
    #[arg(long, conflicts_with = "csv")]
    pub(crate) html: bool,
    /// Answer as CSV, a row for each open port and one for a device without any.
    #[arg(long)]
    pub(crate) csv: bool,
    /// Read these capture files instead of asking the daemon: pcap or pcapng, packed by gzip or not; - is standard input.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) pcap: Vec<PathBuf>,
}

/// Writes a shell's completion script to standard output.
pub(crate) fn print_completions(shell: Shell) -> io::Result<()> {
    // Written to memory first, since the generator panics where its writer fails, as a closed pipe does.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut public(), "rebootping", &mut script);
    io::Write::write_all(&mut io::stdout(), &script)
}

/// Writes the manual page to standard output, as roff.
pub(crate) fn print_man() -> io::Result<()> {
    manual::write(public(), &mut io::stdout().lock())
}

/// Returns the command line without the commands that are not for people.
fn public() -> clap::Command {
    let all = Cli::command();
    let shown: Vec<_> = all.get_subcommands().filter(|command| !command.is_hide_set()).cloned().collect();
    clap::Command::new("rebootping")
        .version(env!("CARGO_PKG_VERSION"))
        .about(all.get_about().cloned().unwrap_or_default())
        .args(all.get_arguments())
        .subcommands(shown)
        .subcommand_required(true)
        .disable_help_subcommand(true)
}

/// How long an order holds.
pub(crate) fn lasting(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => Err("an order must last; leave --for out, or write a duration such as 2h".to_owned()),
        duration => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
        public().debug_assert();
    }

    #[test]
    fn the_help_of_every_command() {
        let mut program = Cli::command().term_width(WIDEST_HELP);
        program.build();
        let mut pages = Vec::new();
        each_for_people(&mut program, &mut |command| pages.push(command.render_long_help().to_string()));
        insta::assert_snapshot!(pages.join("\n=====\n\n"));
    }

    #[test]
    fn what_follows_the_options_is_never_broken_in_mid_line() {
        each_for_people(&mut Cli::command(), &mut |command| {
            let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 95).collect();
            assert_eq!(wide, Vec::<&str>::new(), "{command}");
        });
    }

    /// Does this with the program, with every command that is not hidden, and with those of groups.
    fn each_for_people(command: &mut clap::Command, act: &mut impl FnMut(&mut clap::Command)) {
        act(command);
        for below in command.get_subcommands_mut().filter(|below| !below.is_hide_set()) {
            each_for_people(below, act);
        }
    }

    #[test]
    fn the_manual_page_covers_every_command() {
        let mut page = Vec::new();
        manual::write(public(), &mut page).expect("memory takes all");
        let page = String::from_utf8(page).expect("UTF-8").replace(env!("CARGO_PKG_VERSION"), "VERSION");
        let mut program = public();
        program.build();
        for group in program.get_subcommands_mut() {
            each_for_people(group, &mut |command| assert_eq!(missing(&page, command), Vec::<&str>::new(), "{command}"));
        }
        insta::assert_snapshot!(page);
    }

    /// The options of a command that its section of the page does not have.
    fn missing<'a>(page: &str, command: &'a clap::Command) -> Vec<&'a str> {
        let heading = format!("{} [", command.get_bin_name().unwrap_or_default());
        let section = page.split(".SS \"").find(|section| section.starts_with(&heading)).unwrap_or_default();
        assert_ne!(section, "", "{command} is not on the page");
        let own = command.get_arguments().filter(|arg| !arg.is_global_set() && !arg.is_hide_set());
        let options = own.filter_map(|arg| arg.get_long()).filter(|long| *long != "help");
        options.filter(|long| !section.contains(&format!("--{long}").replace('-', "\\-"))).collect()
    }

    #[test]
    fn completions_name_every_public_command() {
        for shell in Shell::value_variants() {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut public(), "rebootping", &mut script);
            let script = String::from_utf8(script).expect("UTF-8");
            assert!(script.contains("release") && !script.contains("judge"), "{shell}");
        }
    }

    #[track_caller]
    fn parsed(line: &str) -> Cli {
        Cli::try_parse_from(line.split_whitespace()).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn the_config_file_is_named_before_or_after_the_command() {
        let file = Some(PathBuf::from("x.toml"));
        assert_eq!(parsed("rebootping --config x.toml status").config, file);
        assert_eq!(parsed("rebootping status --config x.toml --json").config, file);
        assert_eq!(parsed("rebootping link --config x.toml pin wan1").config, file);
        assert_eq!(parsed("rebootping judge --config=x.toml").config, file);
        assert_eq!(parsed("rebootping run").config, None);
    }

    #[test]
    fn orders_carry_link_and_duration() {
        let Command::Link(order) = parsed("rebootping link out wan2 --for 2h").command else {
            panic!("another command")
        };
        let two_hours = Some(Duration::from_secs(7200));
        assert_eq!(order, LinkOrder { verb: LinkVerb::Out, link: "wan2".to_owned(), lasting: two_hours, force: false });
        let Command::Link(order) = parsed("rebootping link pin --force fibre").command else {
            panic!("another command")
        };
        assert_eq!((order.lasting, order.force), (None, true));
    }

    #[test]
    fn pcap_takes_devices_times_and_a_file() {
        let line = "rebootping pcap aa:bb:cc:dd:ee:ff ppp0 --since 2h --follow -w -";
        let Command::Pcap(pcap) = parsed(line).command else { panic!("another command") };
        let devices = ["aa:bb:cc:dd:ee:ff", "ppp0"].map(str::to_owned).to_vec();
        let since = Some(When::Ago(Duration::from_secs(7200)));
        assert_eq!(pcap, Pcap { devices, since, until: None, follow: true, write: Some(PathBuf::from("-")) });
    }

    #[test]
    fn why_takes_a_time_or_an_age() {
        let Command::Why(why) = parsed("rebootping why wan1 --at 2h --json").command else { panic!("another command") };
        assert_eq!((why.at, why.output.json), (Some(When::Ago(Duration::from_secs(7200))), true));
    }

    #[test]
    fn wrong_usage_ends_with_2_and_says_what_is_right() {
        let lines = [
            "rebootping",
            "rebootping statsu",
            "rebootping why",
            "rebootping link pin",
            "rebootping link fix wan1",
            "rebootping link out wan1 --for 2",
            "rebootping link out wan1 --for 0s",
            "rebootping why wan1 --at yesterday",
            "rebootping pcap",
            "rebootping pcap aa:bb:cc:dd:ee:ff --since noon",
            "rebootping device rename tv \u{1b}[31m",
            "rebootping device rename tv a,ignore",
            "rebootping device rename tv ignore",
            "rebootping device rename tv tv-",
            "rebootping device restrict tv",
            "rebootping device restrict tv mute",
            "rebootping device restrict tv pause --for 0s",
            "rebootping device restrict tv pause --for 1h --until 2026-03-01T08:00:00Z",
            "rebootping device restrict tv pause --until 2h",
            "rebootping device restrict tv pause --hours 21-7",
            "rebootping device undo last",
            "rebootping device capture tv some",
            "rebootping device merge tv",
            "rebootping report --json --csv",
            "rebootping report --pcap",
            "rebootping completions tcsh",
        ];
        let told = lines.map(|line| {
            let error = Cli::try_parse_from(line.split_whitespace()).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
            // The first paragraph; usage and the way to the help follow.
            let text = error.to_string();
            format!("$ {line}\n{}\n", text.split("\n\n").next().unwrap_or_default())
        });
        insta::assert_snapshot!(told.join("\n"));
    }
}
