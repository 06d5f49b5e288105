//! The kinds of values: each reader says what was found, what is wanted and how it is written.

use super::error::Errors;
use super::field::{Field, Read};
use super::glob::Glob;
use super::nearest::nearest;
use super::written::{Value, quoted};
use crate::duration::{format_duration, format_size, parse_duration, parse_size};
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::path::PathBuf;

/// Reads true or false.
pub(super) fn flag(field: &Field<'_>) -> Read<bool> {
    match field.value() {
        Value::Flag(flag) => Ok(*flag),
        _ => field.mistyped("true or false", "write it without quotes"),
    }
}

/// Reads a whole number within bounds.
pub(super) fn number(least: u8, most: u8) -> impl Fn(&Field<'_>) -> Read<u8> {
    move |field| match field.value() {
        Value::Whole(number) => match u8::try_from(*number) {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ => field.refuse(number, &format!("write a number from {least} to {most}")),
        },
        _ => field.mistyped("a number", &format!("write a number from {least} to {most}, without quotes")),
    }
}

/// Reads a duration within bounds.
pub(super) fn duration(least: Duration, most: Duration) -> impl Fn(&Field<'_>) -> Read<Duration> {
    move |field| {
        let Some(text) = field.as_text() else {
            return field.mistyped("a duration", "write it in quotes with its unit, such as \"90s\" or \"1h30m\"");
        };
        let Ok(duration) = parse_duration(text) else {
            return field.mistyped("a duration", "write whole numbers with units (ms, s, m, h, d), such as \"90s\"");
        };
        if (least..=most).contains(&duration) {
            return Ok(duration);
        }
        let bounds = format!("write a duration from {} to {}", format_duration(least), format_duration(most));
        field.refuse(text, &bounds)
    }
}

/// Reads a size in bytes that is not below a least one.
pub(super) fn size(least: u64) -> impl Fn(&Field<'_>) -> Read<u64> {
    move |field| {
        let Some(text) = field.as_text() else {
            return field.mistyped("a size", "write it in quotes with its unit, such as \"100MB\"");
        };
        let Ok(size) = parse_size(text) else {
            return field
                .mistyped("a size", "write a whole number with its unit (B, KB, MB, GB, TB), such as \"100MB\"");
        };
        if size >= least {
            return Ok(size);
        }
        field.refuse(text, &format!("write at least {}", format_size(least)))
    }
}

/// Reads a text for people: not empty, not longer than a terminal's line can bear, without control characters.
pub(super) fn text(field: &Field<'_>) -> Read<String> {
    const LONGEST: usize = 64;
    let Some(text) = field.as_text() else { return field.mistyped("a text", "write it in quotes") };
    if text.trim().is_empty() {
        return field.refuse("an empty text", "write a text, or leave the key out");
    }
    if text.chars().any(char::is_control) {
        let what = format!("{}, which has a control character", quoted(text));
        return field.refuse(what, "write it with printable characters alone");
    }
    if text.chars().count() > LONGEST {
        return field.refuse(format!("{}, which is too long", quoted(text)), "write at most 64 characters");
    }
    Ok(text.to_owned())
}

/// Reads the name of a user of the system.
pub(super) fn user(field: &Field<'_>) -> Read<String> {
    let name = text(field)?;
    let well_formed = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        && !name.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    if well_formed {
        return Ok(name);
    }
    let remedy = "write letters, digits, - and _, a letter first, such as \"rebootping-judge\"";
    field.refuse(format!("{}, which is no user name", quoted(&name)), remedy)
}

/// Reads one of a few words.
pub(super) fn one_of<T: Copy>(choices: &[(&str, T)]) -> impl Fn(&Field<'_>) -> Read<T> {
    move |field| {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let all = format!("write one of \"{}\"", words.join("\", \""));
        let Some(text) = field.as_text() else { return field.mistyped("a word", &all) };
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == text) {
            return Ok(*choice);
        }
        let remedy = nearest(text, &words).map_or(all, |near| format!("did you mean \"{near}\"?"));
        field.refuse(format!("{}, which is none of its words", quoted(text)), &remedy)
    }
}

/// Reads the path of a file or directory, which must not depend on where we were started.
pub(super) fn path(field: &Field<'_>) -> Read<PathBuf> {
    let Some(text) = field.as_text() else { return field.mistyped("a path", "write it in quotes, beginning with /") };
    if !text.starts_with('/') {
        return field.refuse(format!("{}, a relative path", quoted(text)), "write it from / on");
    }
    if text.chars().any(char::is_control) {
        let what = format!("{}, which has a control character", quoted(text));
        return field.refuse(what, "write a path without one");
    }
    Ok(PathBuf::from(text))
}

/// Reads a pattern for interface names.
pub(super) fn glob(field: &Field<'_>) -> Read<Glob> {
    const HINT: &str = "write an interface name, where * is any characters, ? is one and [abc] one of these";
    let Some(text) = field.as_text() else { return field.mistyped("an interface name or pattern", HINT) };
    Glob::parse(text).or_else(|what| field.refuse(format!("{}, which {what}", quoted(text)), HINT))
}

/// Reads an address on which a host on the Internet could answer an echo.
pub(super) fn target(field: &Field<'_>) -> Read<IpAddr> {
    const HINT: &str = "write an IPv4 or IPv6 address, such as \"8.8.8.8\"";
    let Some(text) = field.as_text() else { return field.mistyped("an address", HINT) };
    let Ok(address) = text.parse::<IpAddr>() else {
        return field.refuse(format!("{}, which is no address", quoted(text)), HINT);
    };
    match unreachable_kind(address) {
        None => Ok(address),
        Some(kind) => {
            let what = format!("{address}, {kind}, which no host on the Internet has");
            field.refuse(what, "write the address of a host that answers echoes")
        }
    }
}

fn unreachable_kind(address: IpAddr) -> Option<&'static str> {
    let link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    let broadcast = address == Ipv4Addr::BROADCAST;
    let mapped = matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some());
    [
        (address.is_unspecified(), "the unspecified address"),
        (address.is_loopback(), "a loopback address"),
        (address.is_multicast(), "a multicast address"),
        (broadcast, "the broadcast address"),
        (link_local, "a link-local address"),
        (mapped, "an IPv4 address written as IPv6"),
    ]
    .into_iter()
    .find_map(|(is_so, kind)| is_so.then_some(kind))
}

/// Reads an address and port to listen on.
pub(super) fn socket(field: &Field<'_>) -> Read<SocketAddr> {
    const HINT: &str = "write an address and a port, such as \"127.0.0.1:8067\" or \"[::1]:8067\"";
    let Some(text) = field.as_text() else { return field.mistyped("an address with a port", HINT) };
    match text.parse::<SocketAddr>() {
        Ok(socket) if socket.port() != 0 => Ok(socket),
        _ => field.refuse(format!("{}, which is no address with a port", quoted(text)), HINT),
    }
}

/// Reads a program and its arguments: a path, or a list that begins with one.
pub(super) fn command(field: &Field<'_>) -> Read<Vec<String>> {
    const HINT: &str =
        "write its path, or a list of its path and arguments, such as [\"/usr/bin/logger\", \"-t\", \"links\"]";
    let words = match field.value() {
        Value::Text(_) => vec![*field],
        _ => match field.items() {
            Some(items) => items,
            None => return field.mistyped("a program", HINT),
        },
    };
    let Some((program, arguments)) = words.split_first() else {
        return field.refuse("an empty list", HINT);
    };
    let program = path(program)?.display().to_string();
    let argument = |field: &Field<'_>| match field.as_text() {
        Some(text) if !text.contains('\0') => Ok(text.to_owned()),
        _ => field.mistyped("an argument", "write each argument in quotes, without a NUL character"),
    };
    core::iter::once(Ok(program)).chain(arguments.iter().map(argument)).collect()
}

/// Reads a list of different values, and finds what is wrong with each.
pub(super) fn list<T: PartialEq>(read: impl Fn(&Field<'_>) -> Read<T>) -> impl Fn(&Field<'_>) -> Read<Vec<T>> {
    move |field| {
        let Some(items) = field.items() else {
            return field.mistyped("a list", "put it in brackets, such as [\"…\", \"…\"]");
        };
        let (mut meant, mut errors) = (Vec::new(), Errors::default());
        for item in items {
            match read(&item) {
                Ok(value) if meant.contains(&value) => {
                    errors.push(item.problem(format!("has {} twice", item.value()), "remove one of the two"));
                }
                Ok(value) => meant.push(value),
                Err(wrong) => errors.append(wrong),
            }
        }
        errors.or(meant)
    }
}
