//! A lab in which each ISP delegates a prefix to the LAN and drops what comes with another's source; and a web server with both IP versions.

use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use rebootping_lab::{Family, Lab, Ns, wait_until};

use crate::support::{Running, dnsmasq, lab, look_up};

/// A name that has an address of IPv4 and one of IPv6.
pub(crate) const NAME: &str = "dual.lab";
/// Whoever serves prefixes may be slow to begin.
pub(crate) const SERVED_LIMIT: Duration = Duration::from_secs(30);

/// The network of the LAN out of what ISP `isp` delegates.
pub(crate) fn network(isp: usize) -> String {
    format!("2001:db8:{isp}00:")
}

/// The gateway with a network of each ISP's on its LAN, and a rule that sends each over its link.
pub(crate) fn delegated(prefix: &str) -> Lab {
    let lab = lab(prefix).build();
    let whole = |isp| format!("{}:/56", network(isp));
    for isp in [1, 2] {
        let whole = whole(isp);
        lab.isp(isp).ns().run(&format!(
            "ip -6 route add {whole} via 2001:db8:{isp}::2 dev c0 && nft 'add table ip6 ingress' && \
             nft 'add chain ip6 ingress forward {{ type filter hook forward priority -50; }}' && \
             nft 'add rule ip6 ingress forward iifname c0 ip6 saddr != {{ 2001:db8:{isp}::/64, {whole} }} drop'"
        ));
        lab.net().run(&format!("ip -6 route add {whole} via 2001:db8:f{isp}::1"));
        lab.gw().run(&format!("ip -6 addr add {}:1/64 dev lan0", network(isp)));
    }
    let rules = [1, 2].map(|isp| format!("{} - isp{isp} 11000\n", whole(isp))).concat();
    fs::write(lab.gw().etc_dir(Family::V6).join("rtrules"), rules).expect("a file can be written");
    assert!(lab.gw().shorewall6("restart").status.success());
    lab.lan(1).run(
        "ip -6 addr flush dev eth0 scope global && ip -6 route flush dev eth0 && ip link set dev eth0 down && \
         ip link set dev eth0 up && ip route replace default via 10.50.0.1",
    );
    let etc = PathBuf::from("/etc/netns").join(lab.lan(1).name());
    fs::create_dir_all(&etc).expect("a folder can be made");
    fs::write(etc.join("resolv.conf"), "nameserver 10.50.0.1\n").expect("a file can be written");
    serve_pages(lab.net());
    lab
}

/// A web server that says who asks.
fn serve_pages(net: &Ns) {
    let listener = net.enter(|| TcpListener::bind("[::]:80")).expect("nobody else listens there");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let Ok(peer) = stream.peer_addr() else { continue };
            let body = format!("{}\n", peer.ip().to_canonical());
            let mut question = [0; 4096];
            // Who has gone needs no answer.
            let _gone = stream.read(&mut question).is_err();
            let length = body.len();
            let _gone = write!(stream, "HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n{body}").is_err();
        }
    });
}

/// DNS on the gateway, which knows the name; what else it shall do is added.
pub(crate) fn names(lab: &Lab, more: &[&str]) -> Running {
    let mut dnsmasq = dnsmasq(lab);
    dnsmasq.args(["--pid-file=", "--leasefile-ro", "--host-record=dual.lab,192.0.2.1,2001:db8:9::1"]).args(more);
    let running = Running::start(&mut dnsmasq, &lab.dir().join("dnsmasq.log"));
    wait_until("dnsmasq answers", SERVED_LIMIT, || look_up(lab.lan(2), NAME).is_some());
    running
}

/// radvd on the gateway's LAN with this file.
pub(crate) fn radvd(lab: &Lab, text: &str) -> Running {
    let file = radvd_file(lab);
    fs::write(&file, text).expect("a file can be written");
    let mut radvd = lab.gw().command("radvd");
    radvd.args(["--nodaemon", "--logmethod", "stderr", "--config"]).arg(file);
    radvd.arg("--pidfile").arg(lab.dir().join("radvd.pid"));
    Running::start(&mut radvd, &lab.dir().join("radvd.log"))
}

/// Where its file is.
pub(crate) fn radvd_file(lab: &Lab) -> PathBuf {
    lab.dir().join("radvd.conf")
}

/// As whom the tablet is seen by the web server, if it reaches it.
pub(crate) fn fetch(lab: &Lab, options: &str) -> Option<IpAddr> {
    let output = lab.lan(1).try_run(&format!("curl -sS --max-time 3 {options} http://{NAME}/"));
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// Whether it is seen with an address of what ISP `isp` delegates.
pub(crate) fn is_of(address: Option<IpAddr>, isp: usize) -> bool {
    address.is_some_and(|address| address.to_string().starts_with(&network(isp)))
}

/// The tablet's networks of which it would take an address for something new, by their ISPs.
pub(crate) fn preferred(lab: &Lab) -> Vec<usize> {
    let shown = lab.lan(1).run("ip -6 -o address show dev eth0 scope global -deprecated");
    [1, 2].into_iter().filter(|isp| shown.contains(&network(*isp))).collect()
}
