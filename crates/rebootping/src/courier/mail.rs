//! Hands a mail to a server (RFC 5321), encrypted (RFC 3207, RFC 8314) and with a password (RFC 4954) where that is wanted.

use super::dial::Dialer;
use super::letter::base64;
use super::wire::Wire;
use crate::config::alerts::Security;
use crate::escape::for_columns;
use rebootping_core::alerts::outbox::Delivery;
use rebootping_core::time::Time;
use std::io::{self, Read, Write};

/// A reply's line has at most 512 bytes (section 4.5.3.1.5), and few lines; some servers write more.
const LONGEST_REPLY: usize = 16 * 1024;
/// Columns of a reply that are shown.
const SHOWN: usize = 160;

/// Where and how a mail is handed in.
pub(super) struct Submission<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) security: Security,
    /// A user and a password.
    pub(super) login: Option<(&'a str, &'a str)>,
    /// What we call ourselves.
    pub(super) name: &'a str,
    pub(super) from: &'a str,
    pub(super) to: &'a [String],
    /// Lines, none of which begins with a dot.
    pub(super) letter: &'a str,
}

/// Why a mail was not taken.
enum Trouble {
    /// It will never be.
    Refused(String),
    /// It may be another time.
    Failed(String),
}

/// Hands it in, by then at the latest.
pub(super) fn submit(dialer: &Dialer, submission: &Submission<'_>, until: Time) -> Delivery {
    let talked = dialer.dial(submission.host, submission.port, until).map_err(Trouble::Failed);
    match talked.and_then(|wire| submission.talk(dialer, wire)) {
        Ok(()) => Delivery::Taken,
        Err(Trouble::Refused(why)) => Delivery::Refused(why),
        Err(Trouble::Failed(why)) => Delivery::Failed(why),
    }
}

impl Submission<'_> {
    fn talk(&self, dialer: &Dialer, wire: Wire) -> Result<(), Trouble> {
        let encrypt = |wire| dialer.encrypt(wire, self.host).map_err(Trouble::Failed);
        let wire = if self.security == Security::Tls { encrypt(wire)? } else { wire };
        let mut talk = Talk { wire, inbox: Vec::new() };
        talk.expect("its greeting", 220)?;
        let mut offers = self.greet(&mut talk)?;
        if self.security == Security::StartTls {
            if !offers.iter().any(|offer| offer.eq_ignore_ascii_case("STARTTLS")) {
                let why = "it offers no STARTTLS: with smtp_security \"tls\" it is spoken to in TLS from the first byte on, on port 465 as a rule";
                return Err(Trouble::Failed(format!("{}: {why}", self.host)));
            }
            talk.say("STARTTLS", 220)?;
            // What came before is not what the other end said once nobody could change it.
            talk = Talk { wire: encrypt(talk.wire)?, inbox: Vec::new() };
            offers = self.greet(&mut talk)?;
        }
        if let Some((user, password)) = self.login {
            let takes_passwords = |offer: &String| {
                let mut words = offer.split(' ');
                words.next().is_some_and(|word| word.eq_ignore_ascii_case("AUTH"))
                    && words.any(|word| word.eq_ignore_ascii_case("PLAIN"))
            };
            if !offers.iter().any(takes_passwords) {
                return Err(Trouble::Failed(format!("{}: it takes no passwords (AUTH PLAIN)", self.host)));
            }
            let secret = base64(format!("\0{user}\0{password}").as_bytes());
            talk.send(&format!("AUTH PLAIN {secret}\r\n"))?;
            talk.expect("the password", 235).map_err(Trouble::lasting)?;
        }
        self.hand_in(&mut talk)?;
        // It has the mail, whatever it says to that.
        let _said = talk.send("QUIT\r\n");
        Ok(())
    }

    /// Says who we are; what the server offers, without the first line.
    fn greet<W: Read + Write>(&self, talk: &mut Talk<W>) -> Result<Vec<String>, Trouble> {
        let lines = talk.say(&format!("EHLO {}", self.name), 250).map_err(Trouble::lasting)?;
        Ok(lines.into_iter().skip(1).collect())
    }

    fn hand_in<W: Read + Write>(&self, talk: &mut Talk<W>) -> Result<(), Trouble> {
        talk.say(&format!("MAIL FROM:<{}>", self.from), 250)?;
        let mut refused = Ok(());
        let mut taken = 0;
        for to in self.to {
            match talk.say(&format!("RCPT TO:<{to}>"), 250) {
                Ok(_) => taken += 1,
                Err(Trouble::Refused(why)) => refused = Err(Trouble::Refused(why)),
                Err(failed @ Trouble::Failed(_)) => return Err(failed),
            }
        }
        if taken == 0 {
            return refused;
        }
        talk.say("DATA", 354)?;
        talk.send(self.letter)?;
        talk.say(".", 250).map(drop)
    }
}

impl Trouble {
    /// What has nothing to do with the mail is mended by the operator, and the mail is taken then.
    fn lasting(self) -> Self {
        match self {
            Self::Refused(why) | Self::Failed(why) => Self::Failed(why),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Failed(format!("the mail server broke off: {error}"))
    }
}

/// Reads any bytes as replies, for those who throw bytes at it.
pub(crate) fn read_any(bytes: &[u8]) {
    let mut talk = Talk { wire: io::Cursor::new(bytes.to_vec()), inbox: Vec::new() };
    while let Ok((code, lines)) = talk.reply() {
        assert!(code < 1000 && !lines.is_empty());
    }
}

/// Commands and replies over a connection.
struct Talk<W> {
    wire: W,
    /// What came and was not read yet.
    inbox: Vec<u8>,
}

impl<W: Read + Write> Talk<W> {
    /// Says a line, and hears that it is well.
    fn say(&mut self, line: &str, code: u16) -> Result<Vec<String>, Trouble> {
        self.send(&format!("{line}\r\n"))?;
        self.expect(line.split([':', ' ']).next().unwrap_or_default(), code)
    }

    fn send(&mut self, text: &str) -> io::Result<()> {
        self.wire.write_all(text.as_bytes())?;
        self.wire.flush()
    }

    /// A reply of this code, or of one like it; its lines without the code.
    fn expect(&mut self, to: &str, code: u16) -> Result<Vec<String>, Trouble> {
        let (said, lines) = self.reply()?;
        let why = || {
            let line = lines.join(" ");
            format!("the mail server answers {to} with {said} {}", for_columns(&line, SHOWN))
        };
        match said / 100 {
            class if class == code / 100 => Ok(lines),
            5 => Err(Trouble::Refused(why())),
            _ => Err(Trouble::Failed(why())),
        }
    }

    /// A reply: its code and its lines (section 4.2.1).
    fn reply(&mut self) -> io::Result<(u16, Vec<String>)> {
        let strange = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
        let (mut lines, mut bytes) = (Vec::new(), 0);
        loop {
            let line = self.line()?;
            bytes += line.len();
            let code: u16 =
                line.get(..3).and_then(|code| code.parse().ok()).ok_or_else(|| strange("it does not speak SMTP"))?;
            lines.push(line.get(4..).unwrap_or_default().to_owned());
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok((code, lines));
            }
            if bytes > LONGEST_REPLY {
                return Err(strange("its reply has no end"));
            }
        }
    }

    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.inbox.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.inbox.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            if self.inbox.len() > LONGEST_REPLY {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "its reply has no end"));
            }
            let mut piece = [0; 1024];
            match self.wire.read(&mut piece)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                length => self.inbox.extend_from_slice(piece.get(..length).unwrap_or_default()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    /// What becomes of a mail to two people, and what the server heard.
    fn handed_in(says: &str) -> (Result<(), String>, String) {
        let to = ["a@b".to_owned(), "c@d".to_owned()];
        let submission = Submission {
            host: "mail",
            port: 25,
            security: Security::None,
            login: None,
            name: "gw",
            from: "gw@b",
            to: &to,
            letter: "Subject: x\r\n\r\ny\r\n",
        };
        let mut talk = Talk { wire: Scripted::new(says), inbox: Vec::new() };
        let result = submission.hand_in(&mut talk).map_err(|trouble| match trouble {
            Trouble::Refused(why) => format!("refused: {why}"),
            Trouble::Failed(why) => format!("failed: {why}"),
        });
        (result, String::from_utf8(talk.wire.heard).expect("text"))
    }

    #[track_caller]
    fn check(says: &str, expected: Result<(), &str>) {
        assert_eq!(handed_in(says).0, expected.map_err(str::to_owned), "{says}");
    }

    #[test]
    fn a_mail_is_handed_in_refused_or_kept_for_later() {
        let (result, heard) = handed_in("250 ok\r\n250-ok\r\n250 ok\r\n251 will forward\r\n354 go\r\n250 queued\r\n");
        assert_eq!(result, Ok(()));
        let expected = "MAIL FROM:<gw@b>\r\nRCPT TO:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nSubject: x\r\n\r\ny\r\n.\r\n";
        assert_eq!(heard, expected);
        check("250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n250 queued\r\n", Ok(()));
        check(
            "250 ok\r\n550 no such user\r\n550 nor that\r\n",
            Err("refused: the mail server answers RCPT with 550 nor that"),
        );
        check("250 ok\r\n451 later\r\n", Err("failed: the mail server answers RCPT with 451 later"));
        check("552-too\r\n552 much\r\n", Err("refused: the mail server answers MAIL with 552 too much"));
        check(
            "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n554 spam\r\n",
            Err("refused: the mail server answers . with 554 spam"),
        );
        check("250 ok\r\n", Err("failed: the mail server broke off: unexpected end of file"));
        check("HTTP/1.1 400\r\n", Err("failed: the mail server broke off: it does not speak SMTP"));
        check(&"250-x\r\n".repeat(5000), Err("failed: the mail server broke off: its reply has no end"));
    }
}
