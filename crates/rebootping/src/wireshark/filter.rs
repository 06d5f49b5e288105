//! The one form of capture filter that is understood: hosts by address. For all else Wireshark has its display filter.

use std::net::IpAddr;

/// The addresses of `host A or host B`; the error is one line for the operator.
pub(super) fn hosts(filter: &str) -> Result<Vec<IpAddr>, String> {
    let mut hosts = Vec::new();
    let mut words = filter.split_whitespace();
    while let Some(word) = words.next() {
        let address = (word == "host").then(|| words.next()).flatten().and_then(|word| word.parse().ok());
        hosts.push(address.ok_or_else(|| misunderstood(filter))?);
        match words.next() {
            None => break,
            Some("or" | "||") if words.clone().next().is_some() => {}
            Some(_) => return Err(misunderstood(filter)),
        }
    }
    Ok(hosts)
}

fn misunderstood(filter: &str) -> String {
    let form = "write `host ADDRESS`, or several joined by `or`, and filter further with a display filter";
    format!("capture filter {filter:?} is not understood; {form}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_understood_and_nothing_else() {
        let check = |filter: &str, expected: Option<&[&str]>| {
            let expected = expected.map(|it| it.iter().map(|ip| ip.parse().expect("an address")).collect::<Vec<_>>());
            assert_eq!(hosts(filter).ok(), expected, "{filter}");
        };
        check("", Some(&[]));
        check("host 10.0.0.5", Some(&["10.0.0.5"]));
        check("host 10.0.0.5 or host fe80::1 || host 10.0.0.6", Some(&["10.0.0.5", "fe80::1", "10.0.0.6"]));
        for filter in ["host", "host tv", "port 53", "host 10.0.0.5 and port 53", "host 10.0.0.5 or", "10.0.0.5"] {
            check(filter, None);
        }
    }
}
