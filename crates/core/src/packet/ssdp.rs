//! What devices say of themselves over SSDP: NOTIFY, M-SEARCH and the answers to it (Device Architecture 1.1 of `UPnP`, section 1).

use crate::untrusted::Untrusted;

/// So many lines of a message are looked at.
const MOST_LINES: usize = 64;

/// A message over UDP port 1900.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// What it is.
    pub kind: Kind,
    headers: &'a [u8],
}

/// What a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A device or service is there, has changed, or goes.
    Notify,
    /// Somebody looks for devices.
    Search,
    /// A device answers a search.
    Response,
}

impl<'a> Message<'a> {
    /// Reads a message; none if its first line is no SSDP.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let end = bytes.iter().position(|&byte| byte == b'\n')?;
        let (first, headers) = bytes.split_at_checked(end)?;
        let kind = if starts(first, b"NOTIFY ") {
            Kind::Notify
        } else if starts(first, b"M-SEARCH ") {
            Kind::Search
        } else if starts(first, b"HTTP/1.") && first.get(8..12)? == b" 200" {
            Kind::Response
        } else {
            return None;
        };
        Some(Self { kind, headers: headers.get(1..).unwrap_or_default() })
    }

    /// The value of a header, whatever the case of its name.
    pub fn header(&self, wanted: &[u8]) -> Option<&'a [u8]> {
        self.headers.split(|&byte| byte == b'\n').take(MOST_LINES).find_map(|line| {
            let colon = line.iter().position(|&byte| byte == b':')?;
            let (name, value) = line.split_at_checked(colon)?;
            let value = value.get(1..)?.trim_ascii();
            name.trim_ascii().eq_ignore_ascii_case(wanted).then_some(value)
        })
    }

    /// The type of device or service it is about, or looked for: `urn:schemas-upnp-org:device:MediaRenderer:1`.
    pub fn target(&self) -> Option<Untrusted> {
        let name: &[u8] = match self.kind {
            Kind::Notify => b"NT",
            Kind::Search | Kind::Response => b"ST",
        };
        self.text(name)
    }

    /// The unique name of the device and service: `uuid:…::urn:…`.
    pub fn unique_name(&self) -> Option<Untrusted> {
        self.text(b"USN")
    }

    /// The system and product of a device: `Linux/4.9 UPnP/1.0 product/1.2`.
    pub fn server(&self) -> Option<Untrusted> {
        self.text(b"SERVER")
    }

    /// The program that searches.
    pub fn user_agent(&self) -> Option<Untrusted> {
        self.text(b"USER-AGENT")
    }

    /// Where the device describes itself.
    pub fn location(&self) -> Option<Untrusted> {
        self.text(b"LOCATION")
    }

    /// The device or service goes.
    pub fn is_goodbye(&self) -> bool {
        self.kind == Kind::Notify && self.header(b"NTS").is_some_and(|nts| nts.eq_ignore_ascii_case(b"ssdp:byebye"))
    }

    fn text(&self, name: &[u8]) -> Option<Untrusted> {
        self.header(name).filter(|value| !value.is_empty()).map(Untrusted::new)
    }
}

fn starts(line: &[u8], with: &[u8]) -> bool {
    line.get(..with.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(with))
}
