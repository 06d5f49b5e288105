//! The demonstration: two ISPs, a LAN with traffic, rebootping on the gateway, and links to break.

use std::io::{self, BufRead, IsTerminal, Write};
use std::panic;
use std::path::Path;
use std::process::{self, ExitCode, Output};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, Signal};
use rebootping_lab::{Change, Daemon, Family, Flows, Lab, SWITCH_LIMIT, Watcher, remove_own, wait_until};

/// Short, so that one sees a link come back; an hour unless configured.
const HOLD_DOWN: Duration = Duration::from_secs(20);
/// The LAN's devices, each with one TCP and one UDP flow.
const CLIENTS: usize = 3;
/// Enough to see a stall, little enough to be no load.
const QUESTIONS_PER_SECOND: u32 = 10;
/// How often the prompt looks whether a link has left or entered.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// What shells report of a program ended by Ctrl-C.
const INTERRUPTED: i32 = 130;
/// The daemon's first verdicts need a few rounds.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// Runs the demonstration with the program `daemon`.
pub(crate) fn run(daemon: &Path, script: bool) -> ExitCode {
    let Ok(daemon) = daemon.canonicalize() else {
        eprintln!("there is no {}: build it with `make build`", daemon.display());
        return ExitCode::FAILURE;
    };
    remove_all_when_interrupted();
    println!("Making two ISPs, a gateway with Shorewall and a LAN of {CLIENTS} devices …");
    let demo = Demo::start(&daemon);
    if script {
        demo.script();
    } else {
        demo.explain(&daemon);
        if io::stdin().is_terminal() {
            demo.prompt();
        } else {
            println!("(Standard input is no terminal: `lab demo --script` breaks and mends by itself.)");
        }
    }
    demo.end();
    ExitCode::SUCCESS
}

struct Demo {
    watcher: Watcher,
    flows: Vec<Flows>,
    daemon: Daemon,
    lab: Lab,
}

impl Demo {
    fn start(program: &Path) -> Self {
        let lab = Lab::builder("demo").clients(CLIENTS).default_targets(true).binary(program).build();
        let daemon = lab.gw().daemon(&format!("[select]\nhold_down = \"{}s\"\n", HOLD_DOWN.as_secs()));
        daemon.wait_ready();
        wait_until("both links are healthy", READY_LIMIT, || {
            ["wan1", "wan2"].iter().all(|link| daemon.link(link)["healthy"] == true)
        });
        let flows = (1..=CLIENTS).map(|client| lab.flows_from(client, Family::V4, (1, 1), QUESTIONS_PER_SECOND));
        Self { watcher: lab.gw().watch(), flows: flows.collect(), daemon, lab }
    }

    fn explain(&self, program: &Path) {
        println!(
            "\nrebootping runs on the gateway and keeps new connections on links that work.\n\
             Look, here or in another terminal:\n  \
             status                 how the links are\n  \
             why wan1               why this link is used, or not\n  \
             ip netns exec {} {} --config {} status\n\
             Break and mend:\n  \
             break 1  |  mend 1     ISP 1 loses the Internet; its box still answers\n  \
             unplug 1 |  plug 1     the cable to ISP 1\n  \
             flows                  what the LAN's devices feel\n  \
             quit\n\
             A link that failed stays out for {} s after its last fault (an hour unless configured).",
            self.lab.gw().name(),
            program.display(),
            self.daemon.config_path().display(),
            HOLD_DOWN.as_secs(),
        );
    }

    /// Takes commands from the terminal until `quit`, and says meanwhile what the links do.
    fn prompt(&self) {
        let lines = read_lines();
        let mut told = 0;
        let mut broken_at = None;
        loop {
            print!("> ");
            // A terminal that takes no prompt takes no answer either.
            let _ = io::stdout().flush();
            let line = loop {
                match lines.recv_timeout(LOOK_EVERY) {
                    Ok(line) => break line,
                    Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => told = self.tell_changes(told, broken_at),
                }
            };
            let words: Vec<&str> = line.split_whitespace().collect();
            if matches!(words[..], ["quit" | "exit" | "q"]) {
                return;
            }
            broken_at = self.obey(&words).or(broken_at);
        }
    }

    /// Does what was typed; the moment when it broke or mended something.
    fn obey(&self, words: &[&str]) -> Option<Instant> {
        let isp = |number: &str| number.parse().ok().filter(|n| (1..=2).contains(n)).map(|n: usize| self.lab.isp(n));
        match *words {
            [] => None,
            ["break", n] if isp(n).is_some() => isp(n).map(|isp| isp.blackhole(true)),
            ["mend", n] if isp(n).is_some() => isp(n).map(|isp| isp.mend()),
            ["unplug", n] if isp(n).is_some() => isp(n).map(|isp| isp.carrier(false)),
            ["plug", n] if isp(n).is_some() => isp(n).map(|isp| isp.carrier(true)),
            ["flows"] => {
                self.tell_flows();
                None
            }
            ["status"] | ["why", _] => {
                show(&self.daemon.cli(words));
                None
            }
            _ => {
                println!("break N, mend N, unplug N, plug N (N is 1 or 2), status, why LINK, flows, quit");
                None
            }
        }
    }

    /// Prints the changes after the first `told`; how many there are now.
    fn tell_changes(&self, told: usize, since: Option<Instant>) -> usize {
        let changes = self.watcher.changes();
        for Change { at, link, entered, .. } in &changes[told..] {
            let what = if *entered { "takes new connections again" } else { "takes no new connections any more" };
            match since.and_then(|since| at.checked_duration_since(since)) {
                Some(after) => println!("\n{link} {what}, {:.2} s after your last fault", after.as_secs_f64()),
                None => println!("\n{link} {what}"),
            }
        }
        changes.len()
    }

    fn tell_flows(&self) {
        for (at, flows) in self.flows.iter().enumerate() {
            for flow in flows.report() {
                let link = flow.link.as_deref().unwrap_or("no link");
                let end = if flow.reset { ", was reset" } else { "" };
                println!(
                    "device {} {:?} over {link}: {} of {} answered, longest wait {:.2} s{end}",
                    at + 1,
                    flow.protocol,
                    flow.answered,
                    flow.sent,
                    flow.max_stall.as_secs_f64()
                );
            }
        }
    }

    /// Breaks ISP 1, shows the switch, mends it, shows the return. Panics where either does not come.
    fn script(&self) {
        println!("ISP 1 loses the Internet.");
        let broken = self.lab.isp(1).blackhole(true);
        let after = self.watcher.wait_left("wan1", Family::V4, broken, SWITCH_LIMIT);
        println!("wan1 takes no new connections any more, {:.2} s after it broke.", after.as_secs_f64());
        let links = self.lab.new_flows(8);
        assert!(links.iter().all(|link| link.as_deref() == Some("wan2")), "new connections go over {links:?}");
        println!("8 of 8 new connections go over wan2.");
        show(&self.daemon.cli(&["status"]));
        show(&self.daemon.cli(&["why", "wan1"]));
        println!("ISP 1 is mended; its hold-down of {} s begins.", HOLD_DOWN.as_secs());
        let mended = self.lab.isp(1).mend();
        let after = self.watcher.wait_entered("wan1", Family::V4, mended, HOLD_DOWN + SWITCH_LIMIT);
        println!("wan1 takes new connections again, {:.2} s after it was mended.", after.as_secs_f64());
        self.watcher.assert_always_a_way_out(Family::V4);
        println!("There was a way out at every instant.");
        self.tell_flows();
    }

    fn end(self) {
        drop(self.flows);
        let (status, after) = self.daemon.terminate();
        println!("rebootping ended ({status}) after {:.2} s; the lab is gone.", after.as_secs_f64());
    }
}

/// Leaves nothing behind when Ctrl-C or a signal ends the demonstration.
fn remove_all_when_interrupted() {
    let signals = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]);
    signals.thread_block().expect("signals can be blocked");
    thread::spawn(move || {
        signals.wait().expect("blocked signals can be waited for");
        // A thread whose namespace goes away under it waits for the end instead of complaining.
        panic::set_hook(Box::new(|_| thread::sleep(Duration::MAX)));
        println!("\nremoving the lab");
        // More than once: the lab may be in the making.
        while !remove_own().is_empty() {}
        process::exit(INTERRUPTED);
    });
}

/// Prints what a command printed.
fn show(output: &Output) {
    print!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}

/// Reads standard input in a thread, which ends with the program.
fn read_lines() -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
