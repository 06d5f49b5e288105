//! Which flows Shorewall's `snat` file gives a fixed address (shorewall-snat(5)): these cannot move to another link.

use crate::committer::providers::{columns, lines, physical_names, split_interface, variables};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const COLUMNS: [&str; 3] = ["action", "source", "dest"];

/// The interfaces, by their names in the kernel, and the action that gives flows over each a fixed address.
pub(super) fn read(directory: &Path) -> BTreeMap<String, String> {
    let text = |name: &str| String::from_utf8_lossy(&fs::read(directory.join(name)).unwrap_or_default()).into_owned();
    parse(&text("snat"), &text("interfaces"), &text("params"))
}

fn parse(snat: &str, interfaces: &str, params: &str) -> BTreeMap<String, String> {
    let variables = variables(params);
    let physical = physical_names(interfaces, &variables);
    let mut found = BTreeMap::new();
    for line in lines(snat, &variables) {
        let columns = columns(&line, &COLUMNS);
        let Some((action, dest)) = columns.get("action").zip(columns.get("dest")) else { continue };
        if !action.starts_with("SNAT(") {
            continue;
        }
        for logical in dest.split(',').map(|it| split_interface(it).0) {
            let interface = physical.get(logical).map_or(logical, String::as_str);
            found.entry(interface.to_owned()).or_insert_with(|| action.clone());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_named_address_is_fixed() {
        let snat = "?FORMAT 2\nMASQUERADE 10.0.0.0/8 wan1\nSNAT(198.51.100.2) - WAN # x\nSNAT($IP) 10.0.0.0/8 wan3:1,wan4\nLOG - wan5\n";
        let found = parse(snat, "?FORMAT 2\nnet WAN physical=wan2\n", "IP=203.0.113.2\n");
        let found: Vec<_> = found.iter().map(|(interface, action)| format!("{interface} {action}")).collect();
        assert_eq!(found, ["wan2 SNAT(198.51.100.2)", "wan3 SNAT(203.0.113.2)", "wan4 SNAT(203.0.113.2)"]);
    }
}
