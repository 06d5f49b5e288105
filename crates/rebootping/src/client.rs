//! The commands that ask a running daemon: `status`, `why`, `link`, `release`, `pcap`.

pub(crate) mod alerts;

use crate::cli::{LinkOrder, LinkVerb, Output, Pcap, Why};
use crate::clock;
use crate::config;
use crate::config::meant::Config;
use crate::daemon::{Answer, Request, ask, give_back, is_nobody, unreachable};
use crate::extract::{self, Asked, Mode};
use crate::history;
use crate::log;
use crate::report::links::{Named, Names};
use crate::report::status::Status;
use crate::report::{table, why};
use rebootping_core::link::verdict::Order;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// How often a release looks whether it is done.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Monitoring's word for "cannot tell".
const UNKNOWN: u8 = 3;

/// What it means to be answered another question.
const OTHER_VERSION: &str = "the daemon answered something else; is it of this version?";

/// `rebootping status`.
pub(crate) fn status(explicit: Option<&Path>, output: Output) -> ExitCode {
    let config = match load(explicit) {
        Ok(config) => config,
        Err(code) => return code,
    };
    match ask_status(&config) {
        Ok(status) => {
            let text = if output.json { json(&status) } else { table::status(&status, in_colour()) };
            let code = ExitCode::from(status.exit_code());
            if written(io::stdout().write_all(text.as_bytes())) == ExitCode::SUCCESS { code } else { ExitCode::FAILURE }
        }
        Err(problem) => fail(&problem, UNKNOWN),
    }
}

/// `rebootping why`.
pub(crate) fn why(explicit: Option<&Path>, asked: &Why) -> ExitCode {
    if let Some(file) = &asked.pcap {
        return history::evidence(explicit, asked, file);
    }
    if let Some(at) = asked.at {
        return history::why(explicit, asked, at, clock::wall());
    }
    with_config(explicit, |config| {
        let status = ask_status(config)?;
        let link = names(&status).find(&asked.link).and_then(|id| status.links.get(usize::from(id.0)));
        let link = link.ok_or_else(|| {
            format!("there is no link {:?}; there are: {}", asked.link, names(&status).all().join(", "))
        })?;
        Ok(if asked.output.json { json(link) } else { why::prose(&status, link) })
    })
}

/// `rebootping link`.
pub(crate) fn link(explicit: Option<&Path>, asked: &LinkOrder) -> ExitCode {
    let (link, lasting, force) = (asked.link.clone(), asked.lasting, asked.force);
    if lasting.is_some() && matches!(asked.verb, LinkVerb::Retry | LinkVerb::Auto) {
        return fail("--for goes with pin and out; retry and auto are done at once", 2);
    }
    let request = match asked.verb {
        LinkVerb::Pin => Request::Order { link, order: Order::Pin, lasting, force },
        LinkVerb::Out => Request::Order { link, order: Order::Out, lasting, force },
        LinkVerb::Retry => Request::Retry { link },
        LinkVerb::Auto => Request::Auto { link },
    };
    with_config(explicit, |config| done(ask(&config.paths.run, &request)))
}

/// `rebootping release`: through the daemon if one runs, else by itself. It ends when every link is back.
pub(crate) fn release(explicit: Option<&Path>) -> ExitCode {
    with_config(explicit, |config| match ask(&config.paths.run, &Request::Release) {
        Err(error) if is_nobody(&error) => give_back(config),
        Ok(Answer::Done(_)) => released(config),
        answer => done(answer),
    })
}

/// `rebootping pcap`.
pub(crate) fn pcap(explicit: Option<&Path>, asked: &Pcap) -> ExitCode {
    let config = match load(explicit) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let asked = Asked {
        words: &asked.devices,
        since: asked.since,
        until: asked.until,
        hosts: Vec::new(),
        snap: usize::MAX,
        mode: if asked.follow { Mode::Follow } else { Mode::History },
        to: asked.write.as_deref(),
    };
    match extract::run(&config, &asked) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => fail(&problem, 1),
    }
}

/// Waits until the daemon has given every link back and seen it so.
fn released(config: &Config) -> Result<String, String> {
    let deadline = clock::now() + config.commit.timeout;
    loop {
        let status = ask_status(config)?;
        if status.commit.state == "observing" {
            return Ok("every link was given back; the daemon goes on observing until it is started anew\n".to_owned());
        }
        if clock::now() >= deadline {
            let error = status.commit.error.unwrap_or_else(|| "it takes too long".to_owned());
            return Err(format!("not every link is given back yet: {error}; `rebootping status` shows how far it is"));
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// Whether a text came out; a reader that has seen enough is no failure.
pub(crate) fn written(result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(&format!("standard output: {error}"), 1),
    }
}

/// Reads the configuration, and prints what a command says with it, or why it could not.
pub(crate) fn with_config(explicit: Option<&Path>, run: impl FnOnce(&Config) -> Result<String, String>) -> ExitCode {
    let config = match load(explicit) {
        Ok(config) => config,
        Err(code) => return code,
    };
    match run(&config) {
        Ok(text) => written(io::stdout().write_all(text.as_bytes())),
        Err(problem) => fail(&problem, 1),
    }
}

/// Reads the configuration; what is wrong with it is said, and the exit code then.
pub(crate) fn load(explicit: Option<&Path>) -> Result<Config, ExitCode> {
    config::load(explicit).map_err(|errors| {
        log::say(&errors);
        ExitCode::from(2)
    })
}

pub(crate) fn ask_status(config: &Config) -> Result<Status, String> {
    match ask(&config.paths.run, &Request::Status) {
        Ok(Answer::Status(status)) => Ok(*status),
        Ok(Answer::Refused(why) | Answer::Done(why) | Answer::Check(why)) => Err(why),
        Ok(Answer::Controlled(_) | Answer::Alerts(_)) => Err(OTHER_VERSION.into()),
        Err(error) => Err(unreachable(&error)),
    }
}

/// What a daemon did, in words.
pub(crate) fn done(answer: io::Result<Answer>) -> Result<String, String> {
    match answer {
        Ok(Answer::Done(what)) => Ok(format!("{what}\n")),
        Ok(Answer::Refused(why)) => Err(why),
        Ok(Answer::Status(_) | Answer::Check(_) | Answer::Controlled(_) | Answer::Alerts(_)) => {
            Err(OTHER_VERSION.into())
        }
        Err(error) => Err(unreachable(&error)),
    }
}

fn names(status: &Status) -> Names {
    let named = |link: &crate::report::status::LinkStatus| Named {
        interface: link.name.clone(),
        label: link.label.clone(),
        provider: link.provider.clone(),
    };
    Names::new(status.links.iter().map(named))
}

fn json(value: &impl serde::Serialize) -> String {
    let mut text = serde_json::to_string(value).unwrap_or_default();
    text.push('\n');
    text
}

fn in_colour() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Says what went wrong.
pub(crate) fn fail(problem: &str, code: u8) -> ExitCode {
    log::say(format_args!("rebootping: {problem}"));
    ExitCode::from(code)
}
