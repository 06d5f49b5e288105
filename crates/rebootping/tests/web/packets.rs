//! Packets over HTTP: the same that `rebootping pcap` writes, for those with control alone, and followed.

use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rebootping_lab::{Flood, udp_frame, wait_until};

use crate::raw::connect;
use crate::site::{GATEWAY, LIMIT, LOOPBACK, Site, address, request};

const TV: [u8; 6] = [0x02, 0xde, 0, 0, 0, 7];

#[track_caller]
fn speak(site: &Site, port: u16) {
    Flood::of(vec![udp_frame(GATEWAY, TV, port, 60)]).send_in(site.yard.gw(), "lan0");
    Flood::of(vec![udp_frame(TV, GATEWAY, port, 60)]).send_in(site.yard.street(), "lan0");
}

/// A site whose TV has captures.
#[track_caller]
fn site(prefix: &str) -> Site {
    let site = Site::start(prefix, "");
    wait_until("lan0 is captured", LIMIT, || {
        let interfaces = site.daemon.status()["capture"]["interfaces"].clone();
        interfaces.as_array().into_iter().flatten().any(|name| name == "lan0")
    });
    wait_until("the TV is proven and has captures", LIMIT, || {
        speak(&site, 1);
        let reply = site.get("/api/v1/devices/02:de:00:00:00:07", &[]);
        reply.status == 200 && reply.json()["captures"].is_object()
    });
    site
}

/// Every packet as tcpdump has it, with its time and all its bytes.
fn packets(file: &Path) -> String {
    let output = Command::new("tcpdump").args(["-n", "-tttt", "-xx", "-r"]).arg(file).output().expect("tcpdump starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn what_was_captured_is_handed_out_whole() {
    let site = site("pcapget");
    let token = format!("Authorization: Bearer {}", site.token("control"));
    let path = "/api/v1/devices/02:de:00:00:00:07/pcap?until=1s";
    let file = site.yard.dir().join("tv.pcapng");
    std::thread::sleep(Duration::from_secs(3));
    let output = site.daemon.cli(&["pcap", "02:de:00:00:00:07", "--until", "1s", "-w", &file.display().to_string()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let reply = site.get(path, &[&token]);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/x-pcapng"));
    assert!(reply.header("content-disposition").is_some_and(|name| name.contains("02-de-00-00-00-07.pcapng")));
    let handed_out = site.yard.dir().join("handed-out.pcapng");
    std::fs::write(&handed_out, &reply.body).expect("it can be written");
    // Statistics bear the time at which they were written.
    assert_eq!(packets(&handed_out), packets(&file));
    assert!(packets(&file).lines().count() > 2, "{}", packets(&file));
    assert_eq!(site.get(path, &[]).status, 401, "never without control");
}

#[test]
fn what_comes_is_followed_and_given_up_with_the_connection() {
    let site = site("pcaptail");
    let token = format!("Authorization: Bearer {}", site.token("control"));
    let path = "/api/v1/devices/02:de:00:00:00:07/pcap?since=0s&follow=true";
    let mut stream = connect(site.yard.gw(), address(LOOPBACK)).expect("it is served");
    stream.write_all(&request("GET", path, LOOPBACK, &[&token], "")).expect("it is read");
    let mut seen = Vec::new();
    let holds = |seen: &[u8], port: u16| seen.windows(2).any(|two| two == port.to_be_bytes());
    stream.set_read_timeout(Some(Duration::from_secs(1))).expect("a socket");
    wait_until("a packet is followed", LIMIT, || {
        speak(&site, 51_966);
        let mut buffer = [0; 8192];
        if let Ok(length) = stream.read(&mut buffer) {
            seen.extend_from_slice(&buffer[..length]);
        }
        holds(&seen, 51_966)
    });
    drop(stream);
    // Four may be handed out at once: a fifth after four that were given up shows that those ended.
    for _ in 0..5 {
        let mut stream = connect(site.yard.gw(), address(LOOPBACK)).expect("it is served");
        stream.write_all(&request("GET", path, LOOPBACK, &[&token], "")).expect("it is read");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 200");
        drop(stream);
        std::thread::sleep(Duration::from_millis(500));
    }
}
