//! The choice as the JSON document that programs and hooks read from their standard input.

use super::{Choice, LinkSettings, Wanted};
use rebootping_core::commit::Want;
use rebootping_core::link::{Family, LinkId};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The document: `links` in their order, `changed` those of them whose choice is new in any family.
pub(super) fn document(
    time: &str,
    links: &[LinkSettings],
    providers: &BTreeMap<LinkId, String>,
    choice: &Choice,
    changed: &BTreeSet<LinkId>,
) -> Vec<u8> {
    let names = links.iter().filter(|link| changed.contains(&link.id)).map(|link| link.name.as_str());
    let document = json!({
        "schema": 1,
        "time": time,
        "changed": names.collect::<Vec<_>>(),
        "links": links.iter().map(|link| describe(link, providers.get(&link.id), choice)).collect::<Vec<_>>(),
    });
    format!("{document}\n").into_bytes()
}

/// The links for which the two choices want something else.
pub(super) fn changed(before: &Choice, after: &Choice) -> BTreeSet<LinkId> {
    let want = |choice: &Choice, key: &(Family, LinkId)| choice.get(key).map(|wanted| wanted.want);
    let differs = |key: &&(Family, LinkId)| want(before, key) != want(after, key);
    before.keys().chain(after.keys()).filter(differs).map(|(_, link)| *link).collect()
}

fn describe(link: &LinkSettings, provider: Option<&String>, choice: &Choice) -> Value {
    let wanted = |family: Family| choice.get(&(family, link.id));
    let gateway = Family::ALL.iter().find_map(|family| wanted(*family)?.gateway);
    let families: Map<String, Value> =
        Family::ALL.iter().filter_map(|family| Some((family.name().to_owned(), of_family(wanted(*family)?)))).collect();
    json!({
        "name": link.name,
        "interface": link.interface,
        "provider": provider,
        "gateway": gateway,
        "families": families,
    })
}

fn of_family(wanted: &Wanted) -> Value {
    let leave = match wanted.want {
        Want::In => None,
        Want::Out(leave) => Some(leave),
    };
    json!({ "enabled": wanted.want.is_in(), "leave": leave, "gateway": wanted.gateway })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rebootping_core::link::Leave;

    #[test]
    fn the_document_says_who_leaves_and_how() {
        let link = |id, name: &str| LinkSettings { id: LinkId(id), name: name.into(), interface: name.into() };
        let wanted = |want, gateway: &str| Wanted { want, gateway: gateway.parse().ok() };
        let before: Choice = [
            ((Family::Ipv4, LinkId(0)), wanted(Want::In, "198.51.100.1")),
            ((Family::Ipv4, LinkId(1)), wanted(Want::In, "")),
        ]
        .into();
        let mut after = before.clone();
        after.insert((Family::Ipv4, LinkId(1)), wanted(Want::Out(Leave::Drain), ""));
        after.insert((Family::Ipv6, LinkId(1)), wanted(Want::Out(Leave::Cut), "fe80::1"));
        let links = [link(0, "wan1"), link(1, "wan2")];
        let providers = [(LinkId(0), "isp1".to_owned())].into();
        let bytes = document("2026-11-22T07:31:15Z", &links, &providers, &after, &changed(&before, &after));
        let found: Value = serde_json::from_slice(&bytes).expect("JSON");
        let expected = json!({
            "schema": 1, "time": "2026-11-22T07:31:15Z", "changed": ["wan2"],
            "links": [
                {"name": "wan1", "interface": "wan1", "provider": "isp1", "gateway": "198.51.100.1",
                 "families": {"ipv4": {"enabled": true, "leave": null, "gateway": "198.51.100.1"}}},
                {"name": "wan2", "interface": "wan2", "provider": null, "gateway": "fe80::1",
                 "families": {"ipv4": {"enabled": false, "leave": "drain", "gateway": null},
                              "ipv6": {"enabled": false, "leave": "cut", "gateway": "fe80::1"}}},
            ],
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn a_new_gateway_alone_changes_nothing() {
        let one = |gateway: &str| -> Choice {
            [((Family::Ipv4, LinkId(0)), Wanted { want: Want::In, gateway: gateway.parse().ok() })].into()
        };
        assert_eq!(changed(&one("192.0.2.1"), &one("192.0.2.2")), BTreeSet::new());
        assert_eq!(changed(&Choice::new(), &one("192.0.2.2")), [LinkId(0)].into());
    }
}
