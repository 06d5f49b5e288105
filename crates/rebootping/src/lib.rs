//! The program as a library of three items: its `main`, its parsers for those who fuzz them, its capture for those who measure it.

mod authorities;
mod backup;
mod capture;
mod check;
mod cli;
mod client;
mod clock;
mod command;
mod committer;
mod config;
mod courier;
mod daemon;
mod devices;
mod durable;
mod duration;
mod echo;
mod escape;
mod extract;
#[doc(hidden)]
pub mod fuzzing;
mod history;
mod ipc;
mod judge;
mod log;
mod netlink;
mod observer;
mod pcap_files;
mod pcap_read;
mod report;
mod sandbox;
#[cfg(test)]
mod scripted;
mod softnet;
mod store;
mod sys;
mod web;
mod wireshark;

use clap::Parser;
use cli::{Cli, Command};
#[doc(hidden)]
pub use observer::measuring;
use std::process::ExitCode;
#[doc(hidden)]
pub use store::measuring as stored;

/// Runs the command line this process was started with.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let config = cli.config.as_deref();
    match cli.command {
        Command::Run(unit) => {
            log::open_journal();
            daemon::run(config, unit.join.as_deref())
        }
        Command::Judge(unit) => judge::main(unit.join.as_deref()),
        Command::Observer(unit) => observer::main(unit.join.as_deref()),
        Command::Web { order: None, unit } => web::main(unit.join.as_deref()),
        Command::Web { order: Some(order), .. } => web::orders::web(config, &order),
        Command::Courier(unit) => courier::main(unit.join.as_deref()),
        Command::Passwd => web::orders::passwd(config),
        Command::Reader { kind } => committer::dhcp::reading::main(&kind),
        Command::Status(output) => client::status(config, output),
        Command::Why(why) => client::why(config, &why),
        Command::Check(output) => check::run(config, output),
        Command::Link(order) => client::link(config, &order),
        Command::Release => client::release(config),
        Command::Pcap(pcap) => client::pcap(config, &pcap),
        Command::Wireshark(order) => wireshark::order(config, &order),
        Command::Extcap(call) => wireshark::extcap(config, &call),
        Command::Report(report) => devices::report(config, &report),
        Command::Devices(output) => devices::list(config, output),
        Command::Device(order) => devices::order(config, &order),
        Command::Outages(asked) => history::outages(config, &asked),
        Command::Alerts(order) => client::alerts::run(config, order),
        Command::Replay(asked) => history::replay(config, &asked),
        Command::History(asked) => history::history(config, &asked),
        Command::Backup { file } => backup::backup(config, &file),
        Command::Restore { file } => backup::restore(config, &file),
        Command::Completions { shell } => client::written(cli::print_completions(shell)),
        Command::Man => client::written(cli::print_man()),
    }
}
