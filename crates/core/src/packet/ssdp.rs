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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(message: &Message<'_>) -> [Option<Untrusted>; 5] {
        [message.target(), message.unique_name(), message.server(), message.user_agent(), message.location()]
    }

    #[track_caller]
    fn check(text: &str, kind: Kind, expected: [Option<&str>; 5]) {
        let message = Message::read(text.as_bytes()).unwrap();
        assert_eq!((message.kind, told(&message)), (kind, expected.map(|text| text.map(Untrusted::from))), "{text}");
    }

    #[test]
    fn a_device_tells_what_it_is_and_where() {
        check(
            "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\n\
             USN: uuid:1::upnp:rootdevice\r\nServer:Linux UPnP/1.0 TV/2\r\nLOCATION: http://192.0.2.7:80/d.xml\r\n\r\n",
            Kind::Notify,
            [
                Some("upnp:rootdevice"),
                Some("uuid:1::upnp:rootdevice"),
                Some("Linux UPnP/1.0 TV/2"),
                None,
                Some("http://192.0.2.7:80/d.xml"),
            ],
        );
        check(
            "HTTP/1.1 200 OK\r\nST: ssdp:all\r\nUSN: uuid:1\r\nEXT:\r\n\r\n",
            Kind::Response,
            [Some("ssdp:all"), Some("uuid:1"), None, None, None],
        );
        check(
            "M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: urn:dial\r\nUSER-AGENT: Chrome/1\r\n\r\n",
            Kind::Search,
            [Some("urn:dial"), None, None, Some("Chrome/1"), None],
        );
    }

    #[test]
    fn crooked_headers_are_read_as_they_are_meant() {
        // Bare line feeds, spaces around, no end; an empty value is none; of several the first counts; ST is no NT.
        check(
            "notify * HTTP/1.1\n usn :  uuid:2\t\nServer:\nST: x\nno colon\nLocation: a\nLocation: b",
            Kind::Notify,
            [None, Some("uuid:2"), None, None, Some("a")],
        );
        let long = std::format!("NOTIFY * HTTP/1.1\n{}NT: late\n", "a: b\n".repeat(MOST_LINES));
        check(&long, Kind::Notify, [None; 5]);
    }

    #[test]
    fn a_goodbye_is_a_notice_only() {
        let is_goodbye = |text: &str| Message::read(text.as_bytes()).unwrap().is_goodbye();
        assert!(is_goodbye("NOTIFY * HTTP/1.1\r\nNTS: ssdp:ByeBye\r\n"));
        assert!(!is_goodbye("NOTIFY * HTTP/1.1\r\nNTS: ssdp:alive\r\n"));
        assert!(!is_goodbye("HTTP/1.1 200 OK\r\nNTS: ssdp:byebye\r\n"));
    }

    #[test]
    fn what_is_no_ssdp_is_none() {
        for text in
            ["", "NOTIFY * HTTP/1.1", "GET / HTTP/1.1\r\n", "HTTP/1.1 404 Not Found\r\n", "HTTP/1.\n", "NOTIFYX\n"]
        {
            assert!(Message::read(text.as_bytes()).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(rest in proptest::collection::vec(any::<u8>(), 0..200), lines in "(NT|USN|[a-z]{0,3}|:|\\r|\\n| ){0,40}") {
            for bytes in [&rest, &[b"NOTIFY * HTTP/1.1\r\n", rest.as_slice()].concat(), &[b"HTTP/1.1 200\n", lines.as_bytes()].concat()] {
                if let Some(message) = Message::read(bytes) {
                    let _ = (told(&message), message.is_goodbye());
                }
            }
        }
    }
}
