//! Addresses by DHCP: dnsmasq at the ISP, dhclient on the gateway.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::child::Owned;
use crate::files::write;
use crate::ns::Ns;
use crate::plan::{self, wan};
use crate::remains::Remains;
use crate::topology::Spaces;
use crate::wait::wait_until;

const SCRIPT: &str = include_str!("../shorewall/dhclient-script");
/// dhclient waits up to four seconds before it asks again.
const LEASE_LIMIT: Duration = Duration::from_secs(20);

/// Last number of the address that a link is given.
pub(crate) const HOST: u8 = 2;
/// Last number of the router's address that comes with it.
pub(crate) const ROUTER: u8 = 1;

/// Starts, or starts anew, DHCP on the link to ISP `isp`: `host` and `router` are the last numbers of what is given.
pub(crate) fn start(spaces: &Spaces, isp: usize, (host, router): (u8, u8), remains: &mut Remains) {
    let (server, client) = (format!("dnsmasq{isp}"), format!("dhclient{isp}"));
    // The old ones go first: two cannot listen on one port.
    remains.children.remove(&client);
    remains.children.remove(&server);
    let dir = &remains.dir;
    let started =
        serve(&spaces.isps[isp - 1], (plan::host_v4(isp, host), plan::host_v4(isp, router)), &log(dir, &server));
    remains.children.insert(server, started);
    let dir = &remains.dir;
    let started = ask(&spaces.gw, isp, dir, &log(dir, &client));
    remains.children.insert(client, started);
}

/// Waits until the link to ISP `isp` has this address and router.
pub(crate) fn wait_for_lease(gw: &Ns, isp: usize, (host, router): (u8, u8)) {
    let (link, host, router) = (wan(isp), plan::host_v4(isp, host), plan::host_v4(isp, router));
    let leases = format!("/var/lib/dhcp/dhclient.{link}.leases");
    wait_until(&format!("{link} has the address {host} by DHCP"), LEASE_LIMIT, || {
        gw.run(&format!("ip -4 -brief address show dev {link}")).contains(&format!(" {host}/"))
            && gw.run(&format!("grep routers {leases} | tail -n 1")).contains(&format!(" {router};"))
    });
}

/// dnsmasq, which gives the address `host` and names the router `router`.
fn serve(ns: &Ns, (host, router): (Ipv4Addr, Ipv4Addr), log: &Path) -> Owned {
    let mut command = ns.command("dnsmasq");
    command.args(["--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=c0", "--bind-interfaces"]);
    command.args([
        "--no-ping",
        "--leasefile-ro",
        "--user=root",
        "--log-facility=-",
        "--pid-file=",
        "--dhcp-authoritative",
    ]);
    command.arg(format!("--dhcp-range={host},{host},255.255.255.0,1h")).arg(format!("--dhcp-option=3,{router}"));
    Owned::start(&mut command, log)
}

/// dhclient for the link to ISP `isp`; its lease file is where Shorewall looks for it.
fn ask(gw: &Ns, isp: usize, dir: &Path, log: &Path) -> Owned {
    let link = wan(isp);
    let script = dir.join("dhclient-script");
    write(&script, SCRIPT);
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a script can be made executable");
    let settings = dir.join("dhclient.conf");
    write(&settings, "request subnet-mask, routers;\ninitial-interval 1;\nretry 2;\n");
    let mut command = gw.command("dhclient");
    command.args(["-4", "-d", "-cf"]).arg(settings).arg("-sf").arg(script);
    command.args(["-lf", &format!("/var/lib/dhcp/dhclient.{link}.leases")]);
    command.arg("-pf").arg(dir.join(format!("dhclient.{link}.pid"))).arg(&link);
    Owned::start(&mut command, log)
}

fn log(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.log"))
}
