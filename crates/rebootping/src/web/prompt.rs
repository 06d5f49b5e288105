//! A password as an operator types it: twice and unseen on a terminal, once where a script gives it.

use super::password::{LONGEST, SHORTEST};
use crate::log;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use std::io::{self, BufRead, IsTerminal, Stdin, Write};

/// Asks for a new password; why there is none otherwise.
pub(super) fn new_password() -> Result<String, String> {
    let stdin = io::stdin();
    let password = if stdin.is_terminal() { twice(&stdin)? } else { line(&stdin)? };
    match password.len() {
        length if length < SHORTEST => {
            Err(format!("a password has at least {SHORTEST} characters; nothing was changed"))
        }
        length if length > LONGEST => Err(format!("a password has at most {LONGEST} bytes; nothing was changed")),
        _ => Ok(password),
    }
}

fn twice(stdin: &Stdin) -> Result<String, String> {
    let unseen =
        Unseen::begin(stdin).map_err(|error| format!("the terminal cannot be told not to show it: {error}"))?;
    let mut typed = [String::new(), String::new()];
    for (text, question) in typed.iter_mut().zip(["new password for the page: ", "once more: "]) {
        ask(question);
        *text = line(stdin)?;
        log::say("");
    }
    drop(unseen);
    let [one, other] = typed;
    if one == other { Ok(one) } else { Err("these were two different ones; nothing was changed".to_owned()) }
}

fn ask(question: &str) {
    // A terminal that is gone is noticed when it is read.
    drop(write!(io::stderr(), "{question}").and_then(|()| io::stderr().flush()));
}

fn line(stdin: &Stdin) -> Result<String, String> {
    let mut text = String::new();
    stdin.lock().read_line(&mut text).map_err(|error| format!("standard input: {error}"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// A terminal that does not show what is typed, until this is dropped.
struct Unseen<'a> {
    terminal: &'a Stdin,
    before: Termios,
}

impl<'a> Unseen<'a> {
    fn begin(terminal: &'a Stdin) -> nix::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut unseen = before.clone();
        unseen.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(terminal, SetArg::TCSAFLUSH, &unseen)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Unseen<'_> {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that is gone.
        let _ = tcsetattr(self.terminal, SetArg::TCSAFLUSH, &self.before);
    }
}
