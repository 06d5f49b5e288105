//! Labs for hands: `lab up`, `lab down`, `lab sweep`, and `lab demo`, which shows rebootping at work.

mod demo;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rebootping_lab::{Lab, sweep};

/// Internet providers, a gateway with Shorewall and a LAN, in network namespaces; nothing leaves this machine.
#[derive(Parser)]
#[command(name = "lab")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Makes a lab that stays until `lab down`
    Up {
        /// Number of ISPs, 1 to 4
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=4))]
        isps: u8,
        /// IPv6 and Shorewall6 too
        #[arg(long)]
        ipv6: bool,
    },
    /// Removes the labs made by `lab up`
    Down,
    /// Removes what labs of processes that were killed have left
    Sweep,
    /// Runs rebootping on a gateway with two ISPs, to break links and watch
    Demo {
        /// The rebootping program
        #[arg(long)]
        daemon: PathBuf,
        /// Breaks a link and mends it without asking
        #[arg(long)]
        script: bool,
    },
}

fn main() -> ExitCode {
    match Arguments::parse().verb {
        Verb::Up { isps, ipv6 } => up(usize::from(isps), ipv6),
        Verb::Down => removed(&Lab::remove_kept()),
        Verb::Sweep => removed(&sweep()),
        Verb::Demo { daemon, script } => return demo::run(&daemon, script),
    }
    ExitCode::SUCCESS
}

fn up(isps: usize, ipv6: bool) {
    let lab = Lab::builder("up").isps(isps).ipv6(ipv6).default_targets(true).keep().build();
    println!("{} is up. Its namespaces:", lab.name());
    println!("  gateway   {}", lab.gw().name());
    for isp in 1..=isps {
        println!("  ISP {isp}     {}  (link {})", lab.isp(isp).ns().name(), lab.isp(isp).link());
    }
    println!("  LAN       {}", lab.lan(1).name());
    println!("  Internet  {}  (owns 192.0.2.1 to .4 and the public resolvers)", lab.net().name());
    println!("Run something on the gateway:  ip netns exec {} COMMAND", lab.gw().name());
    println!("Remove it:                     lab down");
}

fn removed(labs: &[String]) {
    if labs.is_empty() {
        println!("nothing to remove");
    }
    for lab in labs {
        println!("removed {lab}");
    }
}
