//! tshark on a laptop that opens packets of the gateway: over TLS, with a token, and told why where it cannot.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rebootping_lab::talk::udp;
use rebootping_lab::{Daemon, Flood, Yard, wait_until};

use crate::live::{AT_MOST, FIELDS, GATEWAY_END, end, interface, settle};
use crate::shark::Wireshark;
use crate::support::{KEEP_ALL, device, start, text, yard};

const PAGE: &str = "https://10.0.0.1:8067";
const TOKEN: &str = "REBOOTPING_TOKEN";
/// The machine may be busy.
const LIMIT: Duration = Duration::from_secs(60);
const MESSAGE: &str = "Error by extcap pipe: rebootping: ";

/// A gateway whose page is served over TLS, two devices of which the first is called `kitchen-tv`, and a laptop on its LAN.
struct House {
    daemon: Daemon,
    laptop: Wireshark,
    yard: Yard,
}

impl House {
    #[track_caller]
    fn build(prefix: &str) -> Self {
        let yard = yard(prefix);
        yard.gw().run("ip addr add 10.0.0.1/24 dev lan0");
        yard.street().run("ip addr add 10.0.0.2/24 dev lan0");
        certify(&yard);
        let web = format!(
            "[web]\nlisten = [\"127.0.0.1:8067\", \"10.0.0.1:8067\"]\ntls_cert = \"{0}/cert.pem\"\ntls_key = \"{0}/cert.key\"\n",
            yard.dir().display()
        );
        let daemon = start(&yard, &format!("{KEEP_ALL}{web}"));
        settle(&yard, &daemon);
        let laptop = Wireshark::absent(yard.street(), &yard.dir().join("laptop"));
        let house = Self { daemon, laptop, yard };
        wait_until("the page is served", LIMIT, || house.install(&house.fingerprint()).0 == Some(0));
        house
    }

    /// Installs on the laptop, with the fingerprint of the gateway's certificate.
    fn install(&self, fingerprint: &str) -> (Option<i32>, String) {
        let install = ["wireshark", "install", "--system", "--gateway", PAGE];
        self.laptop.alone(&[&install[..], &["--fingerprint", fingerprint]].concat())
    }

    fn fingerprint(&self) -> String {
        let file = self.yard.dir().join("cert.pem");
        let said = self.yard.gw().run(&format!("openssl x509 -noout -fingerprint -sha256 -in {} 2>&1", file.display()));
        said.trim().to_owned()
    }

    #[track_caller]
    fn token(&self, name: &str, scope: &str) -> String {
        let output = self.daemon.cli(&["web", "token", "add", name, "--scope", scope]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    fn say(&self, letter: &[u8]) {
        Flood::of(vec![udp(&end(1), &GATEWAY_END, letter), udp(&end(2), &GATEWAY_END, b"other")])
            .send_in(self.yard.street(), "lan0");
    }
}

/// Makes a certificate for the gateway's address, for which an authority of its own vouches.
fn certify(yard: &Yard) {
    let place = yard.dir().display();
    let made = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
    let server = "-addext subjectAltName=IP:10.0.0.1 -addext basicConstraints=critical,CA:FALSE";
    yard.gw().run(&format!(
        "{made} -subj /CN=authority -keyout {place}/authority.key -out {place}/authority.pem 2>&1 && \
         {made} -subj /CN=gateway {server} -CA {place}/authority.pem -CAkey {place}/authority.key -keyout {place}/cert.key -out {place}/cert.pem 2>&1"
    ));
}

#[test]
fn a_laptop_lists_the_gateways_devices_and_captures_one_live_with_names_and_no_others() {
    let house = House::build("laptop");
    let laptop = house.laptop.with(TOKEN, &house.token("laptop", "control"));
    let (_, listed) = laptop.tshark(&["-D"]);
    assert!(listed.contains(&format!("{} (kitchen-tv ({}))", interface(1), text(device(1)))), "{listed}");
    assert!(listed.contains(&interface(2)), "{listed}");
    let capture = laptop.capture(&interface(1), &FIELDS);
    capture.wait_begun(|| house.say(b"begun"));
    for said in [b"a!", b"b!", b"c!"] {
        house.say(said);
        let expected = format!("lan0|kitchen-tv|{}|{:02x}{:02x}", text(device(1)), said[0], said[1]);
        assert_eq!(capture.line(AT_MOST), expected);
    }
    let (rest, said) = capture.stop();
    assert_eq!(rest, [""; 0], "{said}");
    assert!(!said.contains("Error"), "{said}");
}

#[test]
fn a_gateway_is_named_by_options_too_and_its_token_is_out_of_sight_at_once() {
    let house = House::build("gear");
    let token = house.token("gear", "control");
    let preference = |option: &str, value: &str| format!("extcap.rebootping.{option}:{value}");
    let fingerprint = house.fingerprint();
    let options = [
        preference("gateway", PAGE),
        preference("fingerprint", fingerprint.rsplit('=').next().unwrap_or_default()),
        preference("device", "kitchen-tv"),
    ];
    let given: Vec<&str> = options.iter().flat_map(|option| ["-o", option.as_str()]).collect();
    let fields = ["-T", "fields", "-e", "frame.cap_len", "-e", "eth.src"];
    let past = [preference("since", "10m"), preference("snaplen", "46")];
    let past: Vec<&str> = past.iter().flat_map(|option| ["-o", option.as_str()]).collect();
    house.say(b"long enough to be cut");
    let shown = format!("46\t{}", text(device(1)));
    let laptop = house.laptop.with(TOKEN, &token);
    let mut printed = String::new();
    wait_until("a packet of the past comes", LIMIT, || {
        let filter = ["-f", "host 10.0.0.1 or host 10.0.0.99", "-c", "1"];
        let all = [&["-i", "rebootping"][..], &given, &past, &filter, &fields].concat();
        printed = laptop.tshark(&all).1;
        printed.contains(&shown)
    });
    let capture = laptop.capture("rebootping", &[&given[..], &fields].concat());
    capture.wait_begun(|| house.say(b"begun"));
    let (_, said) = capture.stop();
    assert!(!said.contains("Error"), "{said}");
    // Wireshark hands a token that was entered over as an argument, which tshark does not.
    let pipe = house.yard.dir().join("pipe").display().to_string();
    let there = ["--gateway", PAGE, "--fingerprint", &fingerprint, "--token", &token];
    let call = ["extcap", "--capture", "--extcap-interface", "rebootping", "--device", "kitchen-tv", "--fifo", &pipe];
    let mut capture = house.laptop.call("rebootping", &[&call[..], &there].concat());
    wait_until("the token is out of sight", LIMIT, || {
        let programs = capture.programs();
        !programs.is_empty() && programs.iter().all(|program| !program.contains(&token))
    });
    wait_until("packets come", LIMIT, || {
        house.say(b"again");
        fs::metadata(&pipe).is_ok_and(|pipe| pipe.len() > 1_000)
    });
    let (_, said) = capture.end();
    assert_eq!(said, "");
    let list = ["extcap", "--extcap-interface", "rebootping", "--extcap-config", "--extcap-reload-option", "device"];
    let (_, values) = house.laptop.alone(&[&list[..], &there].concat());
    let value = format!("value {{arg=7}}{{value={0}}}{{display=kitchen-tv ({0})}}\n", text(device(1)));
    assert!(values.contains(&value), "{values}");
}

#[test]
fn who_is_not_let_in_or_finds_nobody_is_told_in_wiresharks_own_form() {
    let house = House::build("refused");
    let (control, read) = (house.token("gone", "control"), house.token("reader", "read"));
    let told = |laptop: &Wireshark, on: &str, because: &str| {
        let (code, said) = laptop.tshark(&["-i", on]);
        assert!(code != Some(0) && said.contains(MESSAGE) && said.contains(because), "{code:?}: {said}");
        assert!(!said.contains("rebootping_"), "a token is shown: {said}");
    };
    told(&house.laptop.with(TOKEN, &read), &interface(1), "this takes a login, or a token made with --scope control");
    told(&house.laptop.with(TOKEN, "rebootping_0000"), "rebootping", "this token is not valid, or was revoked");
    told(&house.laptop.with(TOKEN, ""), "rebootping", "log in first, or send a token");
    let laptop = house.laptop.with(TOKEN, &control);
    let (_, listed) = house.laptop.tshark(&["-D"]);
    assert!(listed.contains("rebootping (rebootping: ") && listed.contains("token"), "{listed}");
    // A certificate that nobody vouches for is not trusted, and how to trust it is said.
    let (code, said) = laptop.alone(&["wireshark", "install", "--system", "--gateway", PAGE]);
    let fingerprint = house.fingerprint();
    let shown = fingerprint.rsplit('=').next().unwrap_or_default();
    assert!(code == Some(1) && said.contains("does not trust") && said.contains(shown), "{said}");
    let (code, said) = laptop.alone(&["wireshark", "install", "--system", "--gateway", "http://10.0.0.1:8067"]);
    assert!(code == Some(2) && said.contains("ssh -L 8067:127.0.0.1:8067"), "{said}");
    // One that an authority of this machine vouches for is.
    let authorities = house.yard.dir().join("authority.pem").display().to_string();
    let install = ["wireshark", "install", "--system", "--gateway", PAGE];
    let (code, said) = laptop.with("SSL_CERT_FILE", &authorities).alone(&install);
    assert_eq!(code, Some(0), "{said}");
    // A capture that runs when the daemon ends, another certificate, and nobody at all.
    assert_eq!(house.install(&fingerprint).0, Some(0));
    let mut capture = laptop.capture(&interface(1), &[]);
    capture.wait_begun(|| house.say(b"begun"));
    let House { daemon, yard, .. } = house;
    let config = daemon.config_path().to_owned();
    daemon.terminate();
    let (_, said) = capture.wait();
    assert!(said.contains(MESSAGE) && said.contains("ended the capture"), "{said}");
    told(&laptop, "rebootping", "cannot be reached");
    certify(&yard);
    let daemon = start(&yard, &text_before_paths(&config));
    wait_until("the page shows its new certificate", LIMIT, || {
        let (_, said) = laptop.tshark(&["-i", "rebootping"]);
        said.contains(MESSAGE) && said.contains("shows another certificate than the one pinned")
    });
    drop(daemon);
}

/// A daemon's configuration without the folders it was given.
fn text_before_paths(config: &PathBuf) -> String {
    let text = fs::read_to_string(config).expect("its configuration");
    text.split("\n[paths]\n").next().unwrap_or_default().to_owned()
}

#[test]
fn the_profile_comes_as_an_archive_that_wireshark_understands() {
    let house = House::build("zip");
    let (read, folder) = (house.token("reader", "read"), house.yard.dir().join("home/.config/wireshark/profiles"));
    fs::create_dir_all(&folder).expect("a folder");
    let zip = house.yard.dir().join("profile.zip");
    house.yard.street().run(&format!(
        "curl -sf -m 20 --cacert {}/authority.pem -H 'Authorization: Bearer {read}' -o {} {PAGE}/api/v1/wireshark/profile.zip",
        house.yard.dir().display(),
        zip.display()
    ));
    let unpacked =
        house.yard.street().run(&format!("unzip -t {0} && unzip -d {1} {0}", zip.display(), folder.display()));
    assert!(unpacked.contains("No errors detected"), "{unpacked}");
    let profile = fs::read_dir(&folder).expect("a folder").flatten().next().expect("a profile").file_name();
    let profile = profile.to_str().expect("UTF-8");
    let written = fs::read_to_string(folder.join(profile).join("ethers")).expect("names");
    assert!(written.contains(&format!("{} kitchen-tv\n", text(device(1)))), "{written}");
    let file = house.yard.dir().join("tv.pcapng").display().to_string();
    assert!(house.daemon.cli(&["pcap", &text(device(1)), "-w", &file]).status.success());
    let here = Wireshark::absent(house.yard.gw(), house.yard.dir());
    let (code, shown) = here.tshark(&["-C", profile, "-r", &file]);
    assert!(code == Some(0) && shown.contains("kitchen-tv"), "{code:?}: {shown}");
    for trouble in ["preferences", "colorfilters", "isn't a valid"] {
        assert!(!shown.contains(trouble), "{shown}");
    }
}
