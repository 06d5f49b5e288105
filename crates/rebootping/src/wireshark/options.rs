//! The options of a capture, as Wireshark shows them behind an interface's gear.

use super::extcap::WHOLE;
use super::listing::ELSEWHERE;
use super::remote::{Gateway, TOKEN};
use super::sentences::Sentence;

/// The number of the option whose values are those a gateway elsewhere lists.
pub(super) const DEVICE: &str = "7";

/// The options of an interface: those of a gateway elsewhere have where it is as well.
pub(super) fn options(interface: &str, gateway: &Result<Option<Gateway>, String>) -> String {
    let mut options = Vec::from(which());
    let gateway = gateway.as_ref().ok().and_then(Option::as_ref);
    if interface == ELSEWHERE {
        options.extend(where_it_is(gateway));
    }
    if interface == ELSEWHERE || gateway.is_some() {
        options.push(argument("6", "--token", "Token", "password").with(
            "tooltip",
            &format!("Of scope control, made there by `rebootping web token add`; {TOKEN} holds it as well"),
        ));
    }
    if interface == ELSEWHERE {
        options.push(
            argument(DEVICE, "--device", "Device or link", "selector")
                .with("reload", "true")
                .with("placeholder", "Load devices")
                .with("tooltip", "Of that gateway: a device by name or MAC, a link by its interface"),
        );
    }
    options.into_iter().map(Sentence::line).collect()
}

fn argument(number: &str, call: &str, display: &str, kind: &str) -> Sentence {
    let sentence = Sentence::new("arg").with("number", number).with("call", call).with("display", display);
    sentence.with("type", kind)
}

/// Which packets are meant.
fn which() -> [Sentence; 4] {
    [
        argument("0", "--since", "From", "string")
            .with("placeholder", "now")
            .with("tooltip", "An age such as 2h, or a time such as 2026-03-01T08:00:00Z; empty is now"),
        argument("1", "--until", "Until", "string")
            .with("placeholder", "stopped")
            .with("tooltip", "The same; empty goes on with what comes"),
        argument("2", "--host", "Only this host", "string")
            .with("placeholder", "any")
            .with("tooltip", "An IPv4 or IPv6 address"),
        argument("3", "--snaplen", "Bytes of each packet", "integer")
            .with("range", &format!("1,{WHOLE}"))
            .with("default", &WHOLE.to_string())
            .with("tooltip", "What was captured shorter stays so"),
    ]
}

/// Where the gateway is, and how it is known.
fn where_it_is(known: Option<&Gateway>) -> [Sentence; 2] {
    let mut address = argument("4", "--gateway", "Gateway", "string")
        .with("placeholder", "https://192.168.1.1:8067")
        .with("tooltip", "The address of its page");
    let mut pinned = argument("5", "--fingerprint", "Certificate (SHA-256)", "string")
        .with("placeholder", "vouched for by an authority")
        .with("tooltip", "What `openssl x509 -noout -fingerprint -sha256 -in CERT` prints there");
    if let Some(known) = known {
        address = address.with("default", &known.address.to_string());
        if let Some(fingerprint) = known.pinned {
            pinned = pinned.with("default", &fingerprint.to_string());
        }
    }
    [address, pinned]
}
