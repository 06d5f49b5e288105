//! What a device of Universal Plug and Play says it is (`UPnP` Device Architecture 2.0, section 2.3), as far as a segment goes.

use crate::untrusted::Untrusted;
use alloc::vec::Vec;

/// Of a description so many bytes are looked at; the device at the root, which is the one meant, stands at the beginning.
const LONGEST: usize = 8 * 1024;
/// The namespace of a description's root, without its version.
const NAMESPACE: &[u8] = b"urn:schemas-upnp-org:device-";

/// A device in its own words.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Description {
    /// `friendlyName`.
    pub friendly_name: Option<Untrusted>,
    /// `manufacturer`.
    pub manufacturer: Option<Untrusted>,
    /// `modelName`.
    pub model_name: Option<Untrusted>,
}

impl Description {
    /// Reads the beginning of a response's body; none if it is no description.
    pub fn read(body: &[u8]) -> Option<Self> {
        let body = body.get(..LONGEST).unwrap_or(body);
        // A web page begins with the same byte; only a description names its namespace.
        if body.trim_ascii_start().first() != Some(&b'<') {
            return None;
        }
        find(body, NAMESPACE)?;
        Some(Self {
            friendly_name: element(body, b"<friendlyName>"),
            manufacturer: element(body, b"<manufacturer>"),
            model_name: element(body, b"<modelName>"),
        })
    }
}

/// The text of the first element with this tag, if it has ended.
fn element(body: &[u8], tag: &[u8]) -> Option<Untrusted> {
    let content = body.get(find(body, tag)?.saturating_add(tag.len())..)?;
    let text = content.get(..find(content, b"</")?)?;
    let text = unescaped(text.trim_ascii());
    Some(Untrusted::new(&text)).filter(|text| !text.is_empty())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// The five characters XML has names for.
fn unescaped(mut text: &[u8]) -> Vec<u8> {
    const NAMES: [(&[u8], u8); 5] =
        [(b"&amp;", b'&'), (b"&lt;", b'<'), (b"&gt;", b'>'), (b"&quot;", b'"'), (b"&apos;", b'\'')];
    let mut out = Vec::new();
    while let Some((&first, rest)) = text.split_first() {
        let named = NAMES.iter().find_map(|(name, byte)| Some((*byte, text.strip_prefix(*name)?)));
        let (byte, after) = named.unwrap_or((first, rest));
        out.push(byte);
        text = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: &str = "<?xml version=\"1.0\"?>\n<root xmlns=\"urn:schemas-upnp-org:device-1-0\">\n<device>\n";

    #[track_caller]
    fn check(device: &str, expected: [Option<&str>; 3]) {
        let read = Description::read(std::format!("{HEAD}{device}").as_bytes()).unwrap();
        let [name, manufacturer, model] = expected.map(|text| text.map(Untrusted::from));
        assert_eq!(read, Description { friendly_name: name, manufacturer, model_name: model });
    }

    #[test]
    fn a_device_says_what_it_is() {
        let whole = "<friendlyName> Kitchen &amp; &lt;bar&gt; </friendlyName><manufacturer>ACME</manufacturer>\
            <modelName>TV 7</modelName><deviceList><friendlyName>inner</friendlyName>";
        check(whole, [Some("Kitchen & <bar>"), Some("ACME"), Some("TV 7")]);
        check("<modelName></modelName><friendlyName>cut o", [None; 3]);
        check("<manufacturer>&amp;amp; &unknown;</manufacturer>", [None, Some("&amp; &unknown;"), None]);
    }

    #[test]
    fn a_web_page_is_none() {
        for body in ["", "<html><friendlyName>x</friendlyName>", "x urn:schemas-upnp-org:device-1-0"] {
            assert_eq!(Description::read(body.as_bytes()), None, "{body}");
        }
        let late = HEAD.replace('\n', &" ".repeat(LONGEST));
        assert_eq!(Description::read(late.as_bytes()), None, "nobody looks that far");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let body = [HEAD.as_bytes(), b"<modelName>", &bytes, b"</modelName>"].concat();
            let read = Description::read(&body).unwrap();
            prop_assert_ne!(read.model_name, Some("".into()));
        }
    }
}
