//! Wireshark's calls one by one, as users see their answers.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::machine::{Machine, TV};

/// Nobody, and nogroup.
const NOBODY: u32 = 65_534;

#[test]
fn the_four_calls_and_what_is_refused() {
    let machine = Machine::new("calls");
    machine.write(TV, 0, "lan0", 1, 1);
    machine.write("if-ppp0", 1, "ppp0", 101, 3);
    let file = machine.0.join("out.pcapng");
    let file = file.to_str().expect("UTF-8");
    let calls: [&[&str]; 22] = [
        &["--extcap-interfaces", "--extcap-version=4.0"],
        &["--extcap-interface", "rebootping-aa:bb:cc:00:00:01", "--extcap-dlts"],
        &["--extcap-interface", "rebootping-ppp0", "--extcap-dlts"],
        &["--extcap-interface", "rebootping-ppp0", "--extcap-config"],
        &["--extcap-interface", "rebootping", "--extcap-config"],
        &["--extcap-interface", "rebootping", "--extcap-config", "--extcap-reload-option", "device"],
        &["--extcap-interface", "rebootping", "--extcap-config", "--gateway", "https://gw:8067", "--gateway", "gw"],
        &["--extcap-interface", "rebootping-ppp0", "--extcap-capture-filter", "host 10.0.0.5"],
        &["--extcap-interface", "rebootping-ppp0", "--extcap-capture-filter", "tcp port 80"],
        &[
            "--capture",
            "--extcap-interface",
            "rebootping-ppp0",
            "--fifo",
            file,
            "--since",
            "2026-11-22T10:00:00Z",
            "--until",
            "2026-11-22T10:59:00Z",
        ],
        &["--capture", "--extcap-interface", "rebootping-ppp0", "--fifo", file],
        &["--capture", "--extcap-interface", "rebootping-lan9", "--fifo", file, "--until", "1s"],
        &["--capture", "--extcap-interface", "eth0", "--fifo", file],
        &["--capture", "--extcap-interface", "rebootping", "--fifo", file],
        &["--capture", "--extcap-interface", "rebootping", "--fifo", file, "--gateway", "http://127.0.0.1:9"],
        &["--capture", "--extcap-interface", "rebootping", "--fifo", file, "--gateway", "http://gw.example"],
        &["--capture", "--fifo", file],
        &["--capture", "--extcap-interface", "rebootping-ppp0"],
        &["--extcap-dlts"],
        &["--extcap-interfaces", "--capture"],
        &["--extcap-interfaces", "--extcap-surprise"],
        &[],
    ];
    let told: Vec<String> = calls.map(|call| machine.told(&[&["extcap"][..], call].concat())).into();
    insta::assert_snapshot!(told.join("\n"));
    let output = Command::new("tshark").args(["-r", file, "-T", "fields", "-e", "frame.interface_name"]).output();
    let output = output.expect("tshark is installed; see tools/need");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "ppp0\nppp0\nppp0\n");
}

#[test]
fn where_nothing_can_be_listed_one_interface_says_why() {
    let machine = Machine::new("nothing");
    let [listed, captured] = [
        &["extcap", "--extcap-interfaces"][..],
        &["extcap", "--capture", "--extcap-interface", "rebootping", "--fifo", "/dev/null"],
    ]
    .map(|call| machine.told(call));
    insta::assert_snapshot!([listed, captured].join("\n"));
}

#[test]
fn who_may_not_read_the_captures_gets_no_packet_and_is_told() {
    let machine = Machine::new("strangers");
    machine.write(TV, 0, "lan0", 1, 1);
    let program = machine.0.join("rebootping");
    // By a process of its own: whatever another test starts meanwhile would hold the file open for writing, and keep it from being run.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_rebootping")).arg(&program).status();
    assert!(copied.is_ok_and(|status| status.success()), "a copy that others may run");
    for (path, mode) in [("", 0o755), ("rebootping", 0o755), ("config.toml", 0o644), ("captures", 0o750)] {
        fs::set_permissions(machine.0.join(path), PermissionsExt::from_mode(mode)).expect("it is ours");
    }
    let as_nobody = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.arg("--config").arg(machine.0.join("config.toml")).args(arguments);
        let output = command.uid(NOBODY).gid(NOBODY).output().expect("it runs");
        (output.status.code(), output.stdout, String::from_utf8(output.stderr).expect("UTF-8"))
    };
    let interface = format!("rebootping-{TV}");
    let capture = ["extcap", "--capture", "--extcap-interface", &interface, "--fifo", "-", "--until", "1s"];
    for call in [&capture[..], &["pcap", TV]] {
        let (code, out, told) = as_nobody(call);
        assert_eq!((code, out), (Some(1), vec![]), "{told}");
        assert!(told.contains("is private to root and the group of rebootping-observer; use sudo"), "{told}");
    }
    let (_, listed, _) = as_nobody(&["extcap", "--extcap-interfaces"]);
    let listed = String::from_utf8_lossy(&listed);
    assert!(
        !listed.contains(TV) && listed.contains("is private to root and the group of rebootping-observer"),
        "{listed}"
    );
}
