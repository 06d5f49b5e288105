//! The manual page: one for the program and all of its commands, made from the same words as the help.

use super::help;
use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};
use std::io::{self, Write};

/// Writes the page, for section 8 (system administration), as roff.
pub(super) fn write(mut program: Command, to: &mut dyn Write) -> io::Result<()> {
    program.build();
    let usage = usage(&program);
    // The date stays blank, for a page that is the same in every build; an empty one would vanish from its line.
    let page = Man::new(program.clone()).section("8").date(" ").manual("System Administration");
    page.render_title(to)?;
    page.render_name_section(to)?;
    let mut start = Roff::new();
    start.control("SH", ["SYNOPSIS"]).text([roman(usage)]);
    start.control("SH", ["DESCRIPTION"]).text([roman(help::DESCRIPTION)]);
    start.to_writer(to)?;
    page.render_options_section(to)?;
    let mut rest = Roff::new();
    rest.control("SH", ["COMMANDS"]);
    write_commands(&mut rest, &program);
    for (heading, text) in [("EXIT STATUS", help::EXIT_CODES), ("FILES", help::FILES), ("EXAMPLES", help::EXAMPLES)] {
        rest.control("SH", [heading]);
        verbatim(&mut rest, text);
    }
    rest.to_writer(to)
}

/// Writes the commands of a program or of a group, each group before its own; hidden ones are not for people.
fn write_commands(page: &mut Roff, group: &Command) {
    for command in group.get_subcommands().filter(|command| !command.is_hide_set()) {
        write_command(page, command);
        write_commands(page, command);
    }
}

fn write_command(page: &mut Roff, command: &Command) {
    page.control("SS", [usage(command).as_str()]);
    page.text([roman(command.get_about().map(ToString::to_string).unwrap_or_default())]);
    let local =
        command.get_arguments().filter(|arg| !arg.is_global_set() && !arg.is_hide_set() && arg.get_id() != "help");
    local.for_each(|arg| write_argument(page, arg));
    if let Some(text) = command.get_after_help() {
        page.control("PP", []);
        verbatim(page, &text.to_string());
    }
}

fn usage(command: &Command) -> String {
    command.clone().render_usage().to_string().trim_start_matches("Usage: ").to_owned()
}

fn write_argument(page: &mut Roff, arg: &Arg) {
    page.control("TP", []);
    page.text(argument_name(arg));
    page.text([roman(arg.get_help().map(ToString::to_string).unwrap_or_default() + &default(arg))]);
    let values = arg.get_possible_values();
    if arg.get_action().takes_values() {
        for value in values.iter().filter(|value| !value.is_hide_set()) {
            page.control("br", []);
            let meaning = value.get_help().map(|help| format!(": {help}")).unwrap_or_default();
            page.text([bold(value.get_name()), roman(meaning)]);
        }
    }
}

/// What holds where a value is not given, in the form the help has it.
fn default(arg: &Arg) -> String {
    let values = arg.get_default_values();
    if values.is_empty() || !arg.get_action().takes_values() {
        return String::new();
    }
    let values: Vec<_> = values.iter().map(|value| value.to_string_lossy()).collect();
    format!(" [default: {}]", values.join(" "))
}

fn argument_name(arg: &Arg) -> Vec<Inline> {
    let values = arg.get_value_names().unwrap_or_default().join(" ");
    match arg.get_long() {
        Some(long) if arg.get_action().takes_values() => vec![bold(format!("--{long}")), roman(" "), italic(values)],
        Some(long) => vec![bold(format!("--{long}"))],
        None => vec![italic(values)],
    }
}

/// Writes lines as they are, broken where they are.
fn verbatim(page: &mut Roff, text: &str) {
    page.control("nf", []);
    for line in text.lines() {
        page.text([roman(line)]);
    }
    page.control("fi", []);
}
