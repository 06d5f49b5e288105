//! What Shorewall's `providers`, `interfaces` and `params` files say about the links, as far as a committer needs it.
//!
//! Written after shorewall-providers(5), shorewall-interfaces(5) and shorewall-params(5). Anything that cannot be read is
//! left out: Shorewall itself refuses to start on it.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

/// The columns of a line in `providers`, in order.
const PROVIDER_COLUMNS: [&str; 8] =
    ["provider", "number", "mark", "duplicate", "interface", "gateway", "options", "copy"];
/// The columns of `interfaces` in its two formats, in order.
const INTERFACE_COLUMNS: [&[&str]; 2] =
    [&["zone", "interface", "broadcast", "options"], &["zone", "interface", "options"]];
/// A variable may stand for others, but not without end.
const LONGEST_LINE: usize = 16 * 1024;

/// One line of `providers`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Provider {
    /// Its name, by which Shorewall's commands know it even where an interface has several.
    pub(crate) name: String,
    /// Its routing table, 1–252.
    pub(crate) number: u32,
    /// The mark of its connections.
    pub(crate) mark: Option<u32>,
    /// The device, by its name in the kernel.
    pub(crate) interface: String,
    /// Our address on a device shared by several providers (IPv6: the router's).
    pub(crate) address: Option<IpAddr>,
    pub(crate) gateway: Gateway,
    pub(crate) default_route: DefaultRoute,
    /// Its connections are marked, so that established ones can be told from new ones.
    pub(crate) tracks: bool,
}

/// A provider's next hop, as written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Gateway {
    /// This address.
    Address(IpAddr),
    /// Shorewall finds it out: from routes or from what a DHCP client left.
    Detect,
    /// There is none: a point-to-point device.
    None,
}

/// What the settings say of providers that say nothing.
#[derive(Clone, Copy)]
struct Defaults {
    balances: bool,
    tracks: bool,
}

/// Where Shorewall puts a provider's default route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DefaultRoute {
    /// Into one route that spreads connections over all such providers.
    Balance,
    /// Into the same place, as the only one.
    Primary,
    /// Behind all others.
    Fallback,
    /// Only into the provider's own table, for connections marked so.
    Own,
}

/// The providers in the configuration directory of Shorewall or Shorewall6; none where there is no such file.
pub(crate) fn read(directory: &Path) -> Vec<Provider> {
    let text = |name: &str| String::from_utf8_lossy(&fs::read(directory.join(name)).unwrap_or_default()).into_owned();
    let settings = ["shorewall.conf", "shorewall6.conf"].map(text).concat();
    parse(&text("providers"), &text("interfaces"), &text("params"), &settings)
}

/// Shorewall6 5.2.8 cannot enable or disable one of several `balance` providers: it removes the next hops of both, and
/// may leave the firewall stopped. There only a reload is safe.
pub(crate) fn has_balance(providers: &[Provider]) -> bool {
    providers.iter().any(|provider| provider.default_route == DefaultRoute::Balance)
}

pub(crate) fn parse(providers: &str, interfaces: &str, params: &str, settings: &str) -> Vec<Provider> {
    let variables = variables(params);
    let defaults = Defaults { balances: balances_by_default(settings), tracks: is_yes(settings, "TRACK_PROVIDERS") };
    let physical = physical_names(interfaces, &variables);
    let lines = lines(providers, &variables).into_iter();
    let mut found: Vec<Provider> = lines
        .filter(|line| !line.starts_with('?'))
        .filter_map(|line| provider(&columns(&line, &PROVIDER_COLUMNS), &physical, defaults))
        .collect();
    let mut names = std::collections::BTreeSet::new();
    found.retain(|provider| names.insert(provider.name.clone()));
    found
}

fn provider(columns: &Columns, physical: &BTreeMap<String, String>, defaults: Defaults) -> Option<Provider> {
    let name = columns.get("provider")?.clone();
    let number = number(columns.get("number")?).filter(|number| (1..=252).contains(number))?;
    let (logical, address) = split_interface(columns.get("interface")?);
    let gateway = match columns.get("gateway").map_or("-", String::as_str) {
        "detect" => Gateway::Detect,
        "-" | "none" => Gateway::None,
        written => Gateway::Address(address_of(written.split(',').next()?)?),
    };
    let options = columns.get("options").map_or("", String::as_str);
    Some(Provider {
        name,
        number,
        mark: columns.get("mark").and_then(|mark| self::number(mark)),
        interface: physical.get(logical).map_or(logical, String::as_str).to_owned(),
        address,
        gateway,
        default_route: default_route(options, gateway, defaults.balances),
        tracks: has_option(options, "track") || defaults.tracks && !has_option(options, "notrack"),
    })
}

fn default_route(options: &str, gateway: Gateway, balance_by_default: bool) -> DefaultRoute {
    let has = |name: &str| has_option(options, name);
    match () {
        () if has("primary") => DefaultRoute::Primary,
        () if has("balance") => DefaultRoute::Balance,
        () if has("fallback") => DefaultRoute::Fallback,
        () if has("loose") || has("tproxy") || has("local") || gateway == Gateway::None => DefaultRoute::Own,
        () if balance_by_default => DefaultRoute::Balance,
        () => DefaultRoute::Own,
    }
}

/// An option with or without a value.
fn has_option(options: &str, name: &str) -> bool {
    options.split(',').any(|option| option.split('=').next().unwrap_or_default().trim() == name)
}

fn is_yes(settings: &str, name: &str) -> bool {
    variables(settings).get(name).is_some_and(|value| value.eq_ignore_ascii_case("yes"))
}

/// `BALANCE_PROVIDERS`, which means `USE_DEFAULT_RT` where it is not set.
fn balances_by_default(settings: &str) -> bool {
    let values = variables(settings);
    let value = |name: &str| values.get(name).map(String::as_str).filter(|value| !value.is_empty());
    value("BALANCE_PROVIDERS")
        .or_else(|| value("USE_DEFAULT_RT"))
        .is_some_and(|value| value.eq_ignore_ascii_case("yes"))
}

/// Logical interface names with their `physical=` ones.
pub(crate) fn physical_names(interfaces: &str, variables: &Variables) -> BTreeMap<String, String> {
    let mut format = INTERFACE_COLUMNS[0];
    let mut names = BTreeMap::new();
    for line in lines(interfaces, variables) {
        if line.starts_with('?') || line.starts_with("FORMAT") {
            let says_two = line.trim_start_matches('?').split_whitespace().eq(["FORMAT", "2"]);
            format = if says_two { INTERFACE_COLUMNS[1] } else { format };
            continue;
        }
        let columns = columns(&line, format);
        let physical = columns.get("options").and_then(|options| {
            options.split(',').find_map(|option| option.trim().strip_prefix("physical=").map(str::to_owned))
        });
        if let (Some(logical), Some(physical)) = (columns.get("interface"), physical) {
            names.insert(split_interface(logical).0.to_owned(), physical);
        }
    }
    names
}

pub(crate) type Columns = BTreeMap<&'static str, String>;

/// The columns of a line, by position and, after `;` or in braces, by name. `-` is an empty one.
pub(crate) fn columns(line: &str, names: &[&'static str]) -> Columns {
    let line = line.replace(['{', '}'], ";");
    let (positions, pairs) = line.split_once(';').unwrap_or((line.as_str(), ""));
    let by_position = names.iter().copied().zip(positions.split_whitespace());
    let written =
        pairs.split([';', ' ', '\t']).filter_map(|pair| pair.split_once("=>").or_else(|| pair.split_once('=')));
    let by_name = written.filter_map(|(name, value)| {
        let column = names.iter().copied().find(|column| name.trim().eq_ignore_ascii_case(column))?;
        Some((column, value.trim().trim_matches(['"', '\''])))
    });
    by_position
        .chain(by_name)
        .filter(|(_, value)| *value != "-")
        .map(|(name, value)| (name, value.to_owned()))
        .collect()
}

/// Lines without comments, continued ones joined, variables replaced, empty ones left out.
pub(crate) fn lines(text: &str, variables: &Variables) -> Vec<String> {
    let joined = text.replace("\r\n", "\n").replace("\\\n", " ");
    let bare = joined.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    bare.filter(|line| !line.is_empty()).map(|line| expand(line, variables)).collect()
}

pub(crate) type Variables = BTreeMap<String, String>;

/// The plain assignments of a shell file: `NAME=value`, quoted or not, `export` or not, of earlier ones too.
pub(crate) fn variables(text: &str) -> Variables {
    let mut found = Variables::new();
    for line in text.lines() {
        let line = line.trim().strip_prefix("export ").unwrap_or(line.trim());
        let Some((name, value)) = line.split_once('=') else { continue };
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if is_name && !value.contains(['`', '(']) {
            found.insert(name.to_owned(), expand(unquoted(value.trim()), &found));
        }
    }
    found
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.split(quote).next().unwrap_or_default();
        }
    }
    value.split_whitespace().next().unwrap_or_default()
}

/// Replaces `$NAME` and `${NAME}`; an unknown one is empty, as in the shell.
fn expand(line: &str, variables: &Variables) -> String {
    let mut parts = line.split('$');
    let mut expanded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = match part.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some(braced) => braced,
            None => part.split_at(part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(part.len())),
        };
        expanded.push_str(variables.get(name).map_or("", String::as_str));
        expanded.push_str(rest);
        if expanded.len() > LONGEST_LINE {
            return String::new();
        }
    }
    expanded
}

/// `IF`, `IF:ADDRESS` or `IF:[ADDRESS]`. An alias such as `eth0:1` names the device `eth0`.
pub(crate) fn split_interface(written: &str) -> (&str, Option<IpAddr>) {
    let (name, rest) = written.split_once(':').unwrap_or((written, ""));
    (name, address_of(rest))
}

fn address_of(written: &str) -> Option<IpAddr> {
    written.trim_matches(['[', ']', '<', '>']).parse().ok()
}

fn number(written: &str) -> Option<u32> {
    let written = written.split('/').next().unwrap_or_default();
    match written.strip_prefix("0x").or_else(|| written.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => written.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(providers: &str, interfaces: &str, params: &str) -> Vec<String> {
        let show = |it: Provider| {
            format!(
                "{} {} {:?} {} {:?} {:?} {:?}",
                it.name, it.number, it.mark, it.interface, it.address, it.gateway, it.default_route
            )
        };
        parse(providers, interfaces, params, "").into_iter().map(show).collect()
    }

    #[track_caller]
    fn check(providers: &str, expected: &[&str]) {
        let interfaces = "?FORMAT 2\nnet WAN optional,physical=eth7\nnet wan1 optional\n";
        assert_eq!(found(providers, interfaces, "GW=192.0.2.1\nexport W='wan1'\nALL=${W}\nN=$(id -u)\n"), expected);
    }

    #[test]
    fn lines_are_read_as_shorewall_reads_them() {
        check(
            "isp1 1 1 - wan1 198.51.100.1 track,balance=1",
            &["isp1 1 Some(1) wan1 None Address(198.51.100.1) Balance"],
        );
        check("isp1 0x10 0x1/0xff main WAN detect track,primary none", &["isp1 16 Some(1) eth7 None Detect Primary"]);
        check(
            "# a comment\n\n?FORMAT 2\n?if $X\nppp 3 - - ppp0 - fallback # dial-up",
            &["ppp 3 None ppp0 None None Fallback"],
        );
        check("isp1 1 1 - $ALL \\\n  ${GW} loose", &["isp1 1 Some(1) wan1 None Address(192.0.2.1) Own"]);
        check("a 1 - - eth0:192.0.2.7 192.0.2.1", &["a 1 None eth0 Some(192.0.2.7) Address(192.0.2.1) Own"]);
        check("a 1 - - eth0:[fe80::1] fe80::1", &["a 1 None eth0 Some(fe80::1) Address(fe80::1) Own"]);
        check("a 1 { interface=eth0 gateway=detect options=balance }", &["a 1 None eth0 None Detect Balance"]);
        check("a 1 ; interface=\"eth0\" gateway=none", &["a 1 None eth0 None None Own"]);
        check("a 1 - - eth0 -\na 2 - - eth1 -", &["a 1 None eth0 None None Own"]);
        check("a 1\nb 253 - - eth0 -\nc x - - eth0 -\nd 1 - - eth0 nowhere", &[]);
    }

    #[test]
    fn without_an_option_the_settings_decide_about_balance() {
        let rows = [
            ("BALANCE_PROVIDERS=Yes", true),
            ("BALANCE_PROVIDERS=No\nUSE_DEFAULT_RT=Yes", false),
            ("USE_DEFAULT_RT=Yes", true),
            ("BALANCE_PROVIDERS=\nUSE_DEFAULT_RT=\"yes\" # new", true),
            ("", false),
        ];
        for (settings, expected) in rows {
            assert_eq!(balances_by_default(settings), expected, "{settings}");
        }
        let balanced = "BALANCE_PROVIDERS=Yes";
        assert!(has_balance(&parse("a 1 1 - eth0 detect", "", "", balanced)));
        assert!(!has_balance(&parse("a 1 1 - eth0 detect fallback", "", "", balanced)));
    }

    #[test]
    fn connections_are_tracked_by_option_or_setting() {
        let tracks = |options: &str, settings: &str| {
            parse(&format!("a 1 1 - eth0 detect {options}"), "", "", settings).iter().any(|provider| provider.tracks)
        };
        assert!(tracks("track,balance=2", "") && tracks("-", "TRACK_PROVIDERS=Yes"));
        assert!(!tracks("notrack", "TRACK_PROVIDERS=Yes") && !tracks("balance", "TRACK_PROVIDERS=No"));
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let bits =
            ["$", "{", "}", "\\\n", "?", ";", "=", ":", "[", "]", "ä", "0x", "-", " ", "\n", "a 1 - - eth0 -", "\0"];
        for a in bits {
            for b in bits {
                for c in bits {
                    let text = [a, b, c, a, c].concat();
                    drop(parse(&text, &text, &text, &text));
                }
            }
        }
    }
}
