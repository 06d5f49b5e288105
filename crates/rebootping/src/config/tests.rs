//! The configuration as a whole: what is refused and in which words, and that the shipped file shows the defaults.

use super::commit::Backend;
use super::remote_write::Login;
use super::written::{Value, Written};
use super::*;
use core::net::Ipv4Addr;

/// A name for the case, then the file.
const BAD: &[(&str, &str)] = &[
    ("an unknown key", "[probe]\nintervall = \"1s\""),
    ("a key of another section", "[probe]\nhold_down = \"1h\""),
    ("a key like no other", "[select]\ncolour = \"red\""),
    ("a key outside any section", "interval = \"1s\""),
    ("an unknown section", "[prob]\ninterval = \"1s\""),
    ("a section like no other", "[colours]\nbackground = \"red\""),
    ("a list of tables written once", "[link]\ninterface = \"wan1\""),
    ("a section written as a list", "[[probe]]\necho = 3"),
    ("a value where a section belongs", "probe = 3"),
    ("a duration without unit", "[probe]\ninterval = 1"),
    ("a duration in words", "[probe]\ninterval = \"one second\""),
    ("a zero interval", "[probe]\ninterval = \"0s\""),
    ("an interval too short", "[probe]\ninterval = \"100ms\""),
    ("an interval too long", "[probe]\ninterval = \"5m\""),
    ("no echoes", "[probe]\nechoes = 0"),
    ("too many echoes", "[probe]\nechoes = 11"),
    ("echoes as text", "[probe]\nechoes = \"3\""),
    ("echoes with a fraction", "[probe]\nechoes = 2.5"),
    ("a negative number of echoes", "[probe]\nechoes = -1"),
    ("no target at all", "[probe]\ntargets = []"),
    ("targets that are no list", "[probe]\ntargets = \"8.8.8.8\""),
    ("a target that is no address", "[probe]\ntargets = [\n  \"8.8.8.8\",\n  \"dns.google\",\n  \"8.8.8\",\n]"),
    ("a target that is a number", "[probe]\ntargets = [8]"),
    ("a target nobody can have", "[probe]\ntargets = [\"127.0.0.1\", \"ff02::1\", \"fe80::1\", \"0.0.0.0\"]"),
    ("a target named twice", "[probe]\ntargets = [\"2620:fe::fe\", \"2620:fe:0::fe\"]"),
    ("a hold-down shorter than a round", "[probe]\ninterval = \"10s\"\n[select]\nhold_down = \"5s\""),
    ("a hold-down longer than a week", "[select]\nhold_down = \"8d\""),
    ("a pattern that never closes", "[links]\ninterfaces = [\"wan[12\"]"),
    ("a pattern with a slash", "[links]\ninterfaces = [\"/dev/wan1\"]"),
    ("a link without interface", "[[link]]\nlabel = \"fibre\""),
    ("a link described twice", "[[link]]\ninterface = \"wan1\"\n[[link]]\ninterface = \"wan1\"\nmetered = true"),
    ("an empty label", "[[link]]\ninterface = \"wan1\"\nlabel = \" \""),
    ("a label with control characters", "[[link]]\ninterface = \"wan1\"\nlabel = \"a\\u001b[31mb\""),
    (
        "a label given twice",
        "[[link]]\ninterface = \"wan1\"\nlabel = \"fibre\"\n[[link]]\ninterface = \"wan2\"\nlabel = \"fibre\"",
    ),
    ("metered in words", "[[link]]\ninterface = \"lte0\"\nmetered = \"yes\""),
    ("a link's hold-down shorter than a round", "[[link]]\ninterface = \"lte0\"\nhold_down = \"10ms\""),
    ("a link without targets", "[[link]]\ninterface = \"lte0\"\ntargets = []"),
    ("a day no month has", "[[link]]\ninterface = \"lte0\"\ncap = \"10GB\"\ncap_day = 31"),
    ("a day without cap", "[[link]]\ninterface = \"lte0\"\ncap_day = 1"),
    ("an unknown backend", "[commit]\nbackend = \"shorwall\""),
    ("exec without command", "[commit]\nbackend = \"exec\""),
    ("a command that nobody runs", "[commit]\ncommand = \"/usr/local/sbin/use-links\""),
    ("a relative command", "[commit]\nbackend = \"exec\"\ncommand = \"use-links\""),
    ("an empty command", "[commit]\nbackend = \"exec\"\ncommand = []"),
    ("an argument that is a number", "[commit]\nbackend = \"exec\"\ncommand = [\"/bin/use-links\", 1]"),
    ("a status file for all links", "[commit]\nstatus_file = \"/run/links.status\""),
    ("a relative status file", "[commit]\nstatus_file6 = \"{interface}.status\""),
    (
        "a status file for both families",
        "[commit]\nstatus_file = \"/run/{interface}\"\nstatus_file6 = \"/run/{interface}\"",
    ),
    ("no timeout", "[commit]\ntimeout = \"0s\""),
    ("a relative hook", "[hooks]\nlink = [\"notify\"]"),
    ("a relative path", "[paths]\nstate = \"lib/rebootping\""),
    (
        "a directory whose sockets could not be named",
        "[paths]\nrun = \"/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789\"",
    ),
    ("a user who cannot be", "[process]\njudge_user = \"the judge\""),
    ("one user for two", "[process]\njudge_user = \"net\"\nobserver_user = \"net\""),
    ("a default user for two", "[process]\nweb_user = \"rebootping-judge\""),
    ("root as a user", "[process]\njudge_user = \"root\""),
    ("a mode that is none", "[capture]\nmode = \"all\""),
    ("a ring too small", "[capture]\nper_device = \"1MB\""),
    ("a size without unit", "[capture]\ntotal = 20000000000"),
    ("a binary size", "[capture]\ntotal = \"20GiB\""),
    ("nothing kept", "[store]\nraw = \"0s\""),
    ("a network without interface", "[[network]]\nmode = \"off\""),
    ("a port alone", "[web]\nlisten = [\"8067\"]"),
    ("a certificate without key", "[web]\ntls_cert = \"/etc/ssl/gateway.pem\""),
    ("an unknown DHCP server", "[dhcp]\nserver = \"dhcpd\""),
    ("a token without address", "[alerts]\nntfy_token_file = \"/etc/rebootping/ntfy.token\""),
    ("an address in the clear", "[alerts]\nwebhook_url_file = \"https://hook.example/secret\""),
    ("mail to nobody", "[alerts]\nsmtp_server = \"mail.example.org\""),
    ("mail without server", "[alerts]\nsmtp_to = [\"admin@example.org\"]"),
    (
        "a password in the clear",
        "[alerts]\nsmtp_server = \"mail\"\nsmtp_to = [\"a@b\"]\nsmtp_security = \"none\"\nsmtp_user = \"a\"\nsmtp_password_file = \"/b\"",
    ),
    ("a user without password", "[alerts]\nsmtp_server = \"mail\"\nsmtp_to = [\"a@b\"]\nsmtp_user = \"a\""),
    ("a mail server with two ports", "[alerts]\nsmtp_server = \"mail:25:26\"\nsmtp_to = [\"a@b\"]"),
    ("a mail address with a name", "[alerts]\nsmtp_server = \"mail\"\nsmtp_to = [\"Admin <a@b>\"]"),
    ("an alert that is none", "[alerts]\ntell = [\"link_up\"]"),
    ("a repetition too often", "[alerts]\nrepeat = \"5s\""),
    ("hours that are none", "[alerts]\nquiet = [\"at night\"]"),
    ("an engine without address", "[remote_write]\nsite = \"home\""),
    ("an engine that is none", "[remote_write]\nurl = \"metrics.example\""),
    ("a password in an address", "[remote_write]\nurl = \"https://a:b@metrics.example/write\""),
    ("a user without secret", "[remote_write]\nurl = \"https://metrics.example/write\"\nuser = \"a\""),
    ("a site of two lines", "[remote_write]\nurl = \"https://metrics.example/write\"\nsite = \"a\\nb\""),
    ("a date", "[select]\nhold_down = 1979-05-27"),
    ("a number no machine holds", "[probe]\nechoes = 99999999999999999999"),
    ("no quotes", "[probe]\ninterval = 1s"),
    ("a key twice", "[probe]\nechoes = 1\nechoes = 2"),
    ("a bracket that never closes", "[probe\nechoes = 1\n\n[select]\nhold_down = \"1h\""),
    ("many mistakes at once", "[select]\nhold_down = 5\n[probe]\ninterval = \"x\"\necho = 3\n[commit]\nmethod = 1"),
];

#[test]
fn every_mistake_is_told_with_its_line_and_its_remedy() {
    let told: Vec<String> = BAD.iter().map(|(name, text)| format!("{name}\n{}\n", mistakes(text))).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn too_many_targets_are_refused_by_family() {
    let addresses: Vec<String> = (0..33).map(|n| format!("\"192.0.2.{n}\"")).collect();
    let text = format!("[probe]\ntargets = [{}]", addresses.join(", "));
    insta::assert_snapshot!(mistakes(&text), @"test.toml:2: [probe] targets names 33 IPv4 targets; keep at most 32 of each family");
}

#[test]
fn nothing_written_means_the_defaults() {
    assert_eq!(parse(&[]), Ok(Config::default()));
    assert_eq!(meant(""), Config::default());
    insta::assert_debug_snapshot!(Config::default());
}

#[test]
fn the_shipped_file_is_all_comment() {
    assert_eq!(meant(SHIPPED), Config::default());
}

#[test]
fn the_shipped_file_shows_every_key_at_its_default() {
    let shown = meant(&uncommented(SHIPPED, Examples::Without));
    assert_eq!(shown, Config::default());
}

#[test]
fn the_examples_in_the_shipped_file_are_sound() {
    // A command needs the backend that runs it.
    let text = uncommented(SHIPPED, Examples::With).replace("backend = \"auto\"", "backend = \"exec\"");
    meant(&text);
}

#[test]
fn the_shipped_file_shows_every_key_there_is() {
    let root = written::read(Path::new("shipped"), &uncommented(SHIPPED, Examples::With)).expect("TOML");
    let shown: Vec<String> = known::SECTIONS
        .iter()
        .flat_map(|section| {
            let table = match &root.get(section.name).expect(section.name).value {
                Value::List(items) => items.first().and_then(Written::as_table),
                _ => root.get(section.name).and_then(Written::as_table),
            };
            table.expect(section.name).keys().map(|key| format!("{}.{key}", section.name))
        })
        .collect();
    let mut known: Vec<String> = every_key().map(|(section, key)| format!("{}.{key}", section.name)).collect();
    known.sort_by_key(|name| shown.iter().position(|shown| shown == name));
    assert_eq!(shown, known);
}

#[test]
fn every_key_is_read_and_refuses_what_it_is_not() {
    for (section, key) in every_key() {
        let text = format!("{}\n{key} = 1979-05-27", section.heading());
        let told = mistakes(&text);
        let start = format!("test.toml:2: {} {key} is the date 1979-05-27 where ", section.heading());
        assert!(told.lines().any(|line| line.starts_with(&start)), "{told}");
    }
}

#[test]
fn targets_of_one_family_leave_the_other_unprobed() {
    let config = meant("[probe]\ntargets = [\"9.9.9.9\"]");
    assert_eq!(config.probe.targets_v4, ["9.9.9.9".parse::<Ipv4Addr>().expect("an address")]);
    assert!(config.probe.targets_v6.is_empty());
}

#[test]
fn the_first_link_rule_that_matches_holds() {
    let config = meant(
        "[[link]]\ninterface = \"ppp0\"\nlabel = \"dsl\"\n[[link]]\ninterface = \"ppp*\"\nmetered = true\ncap = \"10GB\"",
    );
    assert_eq!(config.link_rule("ppp0").and_then(|rule| rule.label.as_deref()), Some("dsl"));
    assert_eq!(config.link_rule("ppp1").map(|rule| rule.metered), Some(true));
    assert_eq!(config.link_rule("ppp1").and_then(|rule| rule.cap), Some(10_000_000_000));
    assert_eq!(config.link_rule("eth0"), None);
}

#[test]
fn captures_follow_the_state_directory() {
    let config = meant("[paths]\nstate = \"/srv/rebootping\"");
    assert_eq!(config.paths.captures, Path::new("/srv/rebootping/captures"));
}

#[test]
fn a_command_is_a_path_or_a_list() {
    let config = meant(
        "[commit]\nbackend = \"exec\"\ncommand = \"/bin/a b\"\n[hooks]\nlink = [\"/bin/c\", [\"/bin/d\", \"e\"]]",
    );
    assert_eq!(config.commit.command, Some(vec!["/bin/a b".to_owned()]));
    assert_eq!(config.hooks.link, [vec!["/bin/c".to_owned()], vec!["/bin/d".to_owned(), "e".to_owned()]]);
}

#[test]
fn a_command_may_rest_while_only_observing() {
    let config = meant("[commit]\nbackend = \"observe\"\ncommand = \"/bin/a\"");
    assert_eq!(config.commit.backend, Backend::Observe);
}

#[test]
fn a_round_may_be_as_long_as_the_hold_down() {
    let config = meant("[probe]\ninterval = \"10s\"\n[select]\nhold_down = \"10s\"");
    assert_eq!(config.select.hold_down, config.probe.interval);
}

#[test]
fn an_engine_is_told_who_we_are_by_a_password_or_a_token() {
    let written =
        |rest: &str| meant(&format!("[remote_write]\nurl = \"https://a.example/write\"\n{rest}")).remote_write;
    assert_eq!(written("").expect("an engine").login, None);
    let secret = "secret_file = \"/etc/a\"";
    assert_eq!(written(secret).expect("an engine").login, Some(Login::Token("/etc/a".into())));
    let user = format!("user = \"b\"\n{secret}");
    assert_eq!(written(&user).expect("an engine").login, Some(Login::Password("b".to_owned(), "/etc/a".into())));
    assert_eq!(meant("[remote_write]\nreplay = \"2d\"").remote_write, None);
}

#[test]
fn a_mail_server_has_the_port_of_its_kind_unless_another_is_written() {
    let server = |text: &str, security: &str| {
        let written =
            format!("[alerts]\nsmtp_server = \"{text}\"\nsmtp_to = [\"a@b\"]\nsmtp_security = \"{security}\"");
        let mail = meant(&written).alerts.mail.expect("mail");
        (mail.host, mail.port)
    };
    assert_eq!(server("mail.example.org", "starttls"), ("mail.example.org".to_owned(), 587));
    assert_eq!(server("mail.example.org", "tls").1, 465);
    assert_eq!(server("192.168.1.2:25", "none"), ("192.168.1.2".to_owned(), 25));
    assert_eq!(server("[fd00::1]:2525", "tls"), ("fd00::1".to_owned(), 2525));
}

#[test]
fn later_files_win_and_their_mistakes_are_told_in_order() {
    let source = |name: &str, text: &str| (PathBuf::from(name), text.to_owned());
    let first = source("rebootping.toml", "[probe]\nechoes = 1\n[[link]]\ninterface = \"wan1\"");
    let later = source("conf.d/a.toml", "[probe]\nechoes = 2\n[[link]]\ninterface = \"wan2\"");
    let config = parse(&[first.clone(), later]).expect("sound files");
    assert_eq!((config.probe.echoes, config.link_rules.len()), (2, 2));

    let wrong = source("conf.d/a.toml", "[probe]\n\necho = 2\n[[link]]\ninterface = \"wan1\"\n[select]\nhold_down = 1");
    let first = source(&first.0.display().to_string(), &format!("{}\nlabels = 1", first.1));
    insta::assert_snapshot!(parse(&[first, wrong]).expect_err("a mistake"), @r#"
    rebootping.toml:5: [[link]] has no key "labels"; did you mean label?
    conf.d/a.toml:3: [probe] has no key "echo"; did you mean echoes?
    conf.d/a.toml:5: [[link]] interface "wan1" has its settings at rebootping.toml:3 already; write both in one place
    conf.d/a.toml:7: [select] hold_down is the number 1 where a duration is wanted; write it in quotes with its unit, such as "90s" or "1h30m"
    "#);
}

#[test]
fn a_file_that_is_not_toml_is_not_blamed_for_what_it_lacks() {
    let sources = ["[probe", "[commit]\nbackend = \"exec\""];
    let sources = sources.map(|text| (PathBuf::from("test.toml"), text.to_owned()));
    insta::assert_snapshot!(parse(&sources).expect_err("a mistake"), @"test.toml:1: this is not TOML (unclosed table, expected `]`); mend the line, which reads [section] or key = value");
}

#[test]
fn missing_files_are_the_defaults_but_a_named_one_must_exist() {
    let directory = Directory::new("missing");
    assert_eq!(load_directory(&directory.0), Ok(Config::default()));
    let errors = load(Some(&directory.0.join("x.toml"))).expect_err("there is no such file");
    let told = errors.to_string().replace(&directory.0.display().to_string(), "");
    insta::assert_snapshot!(told, @"/x.toml: cannot be read (No such file or directory); create it, or name another with --config");
}

#[test]
fn a_directory_is_read_in_the_order_of_names() {
    let directory = Directory::new("order");
    directory.write("rebootping.toml", "[probe]\nechoes = 1\n[select]\nhold_down = \"5m\"");
    directory.write("conf.d/20-b.toml", "[probe]\nechoes = 3");
    directory.write("conf.d/10-a.toml", "[probe]\nechoes = 2");
    directory.write("conf.d/30-c.toml~", "[probe]\nechoes = 4");
    directory.write("conf.d/.#40-d.toml", "[probe]\nechoes = 5");
    let config = load_directory(&directory.0).expect("sound files");
    assert_eq!((config.probe.echoes, config.select.hold_down.as_secs()), (3, 300));
}

#[test]
fn no_bytes_make_it_panic() {
    let text = uncommented(SHIPPED, Examples::With);
    let mut seed = 1_u32;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % below
    };
    for _ in 0..3_000 {
        let mut bytes = text.clone().into_bytes();
        for _ in 0..=next(8) {
            let at = next(bytes.len().max(1));
            match next(3) {
                0 if bytes.len() > 1 => drop(bytes.remove(at)),
                0 => {}
                1 => bytes.insert(at, b"[]{}\"=.\n#'\\0-\x00\xff"[next(15)]),
                _ => bytes.truncate(at.max(1)),
            }
        }
        let _ = parse(&[(PathBuf::from("x"), String::from_utf8_lossy(&bytes).into_owned())]);
    }
    for deep in ["[", "{a=", "a.", "[[a."] {
        let _ = parse(&[(PathBuf::from("x"), format!("a = {}", deep.repeat(100_000)))]);
    }
}

/// The file that packages install.
const SHIPPED: &str = include_str!("../../../../dist/rebootping.toml");

#[derive(Clone, Copy, PartialEq)]
enum Examples {
    With,
    Without,
}

/// Removes the # before every key; those without a default (under a commented section, or after "For example:") only
/// with examples.
fn uncommented(shipped: &str, examples: Examples) -> String {
    let (mut in_example_section, mut after_example) = (false, false);
    let mut kept = String::new();
    for line in shipped.lines() {
        if line.starts_with('[') {
            in_example_section = false;
        } else if line.starts_with("#[") {
            in_example_section = true;
        } else if line.starts_with("# ") {
            after_example = line.ends_with("For example:");
        }
        let is_example = in_example_section || after_example;
        let is_key = line.starts_with('#') && !(line.starts_with("# ") || line == "#");
        let is_list = line.starts_with("#  \"");
        if (is_key || is_list) && (examples == Examples::With || !is_example) {
            kept += &line[1..];
        } else if line.starts_with('[') {
            kept += line;
        }
        kept.push('\n');
    }
    kept
}

fn every_key() -> impl Iterator<Item = (&'static known::Section, &'static str)> {
    known::SECTIONS.iter().flat_map(|section| section.keys.iter().map(move |key| (section, *key)))
}

fn source(text: &str) -> [(PathBuf, String); 1] {
    [(PathBuf::from("test.toml"), text.to_owned())]
}

#[track_caller]
fn meant(text: &str) -> Config {
    match parse(&source(text)) {
        Ok(config) => config,
        Err(errors) => panic!("{errors}"),
    }
}

#[track_caller]
fn mistakes(text: &str) -> String {
    parse(&source(text)).expect_err(text).to_string()
}

/// A directory for one test, removed at its end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rebootping-config-{}-{name}", std::process::id()));
        std::fs::create_dir_all(path.join("conf.d")).expect("a writable directory for temporary files");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).expect("a writable file");
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}
