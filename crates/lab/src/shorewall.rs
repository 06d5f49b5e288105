//! Writes a real Shorewall configuration for the gateway's namespace and starts it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use crate::files::{create_dir, read, write};
use crate::ns::{Ns, both};
use crate::plan::{self, Family, LAN_V4, LAN_V6, wan};
use crate::spec::{Firewall, Isusable, Spec, Style};

const ZONES: &str = include_str!("../shorewall/zones");
const POLICY: &str = include_str!("../shorewall/policy");
const RULES: &str = include_str!("../shorewall/rules");
const SEED_ISUSABLE: &str = include_str!("../shorewall/isusable");

/// Writes the configuration below `/etc/netns` and starts Shorewall, and Shorewall6 where the lab has IPv6.
pub(crate) fn start(gw: &Ns, spec: &Spec, dir: &Path) {
    let Some(firewall) = &spec.firewall else { return };
    let etc = Path::new("/etc/netns").join(gw.name());
    create_dir(&etc);
    keep_table_names(&etc);
    let families: &[Family] = if spec.has_ipv6() { &[Family::V4, Family::V6] } else { &[Family::V4] };
    for family in families {
        write_configuration(&etc.join(product(*family)), &var_dir(dir, *family), spec, firewall, *family);
    }
    thread::scope(|scope| {
        for family in families {
            scope.spawn(|| start_one(gw, product(*family)));
        }
    });
    ignore_advertised_routes(gw, spec);
}

/// Lets router advertisements bring addresses but no routes from now on, as a gateway with several providers must: Shorewall6
/// has taken their default routes out of the main table, and each advertisement would put one back in front of the providers'.
fn ignore_advertised_routes(gw: &Ns, spec: &Spec) {
    for isp in spec.each_isp().filter(|isp| spec.is_advertised(*isp)) {
        let link = wan(isp);
        gw.sysctl([(format!("net/ipv6/conf/{link}/accept_ra_defrtr").as_str(), "0")]);
        // One may have come in while Shorewall6 started; there may be none as well.
        gw.try_run(&format!("ip -6 route delete default dev {link} table main proto ra"));
    }
}

/// The program's name, which its directories have too.
pub(crate) fn product(family: Family) -> &'static str {
    match family {
        Family::V4 => "shorewall",
        Family::V6 => "shorewall6",
    }
}

/// Where it keeps its state.
pub(crate) fn var_dir(lab: &Path, family: Family) -> PathBuf {
    lab.join(product(family))
}

/// Gives the namespace its own routing table names: without them Shorewall would write the host's.
fn keep_table_names(etc: &Path) {
    let host = Path::new("/etc/iproute2");
    if host.is_dir() {
        let copied = Command::new("cp").arg("-r").arg(host).arg(etc.join("iproute2")).status();
        assert!(copied.is_ok_and(|status| status.success()), "cannot copy {}", host.display());
    }
}

fn write_configuration(etc: &Path, var: &Path, spec: &Spec, firewall: &Firewall, family: Family) {
    create_dir(etc);
    create_dir(var);
    let ip = match family {
        Family::V4 => "ipv4",
        Family::V6 => "ipv6",
    };
    write(&etc.join("zones"), &ZONES.replace("{ip}", ip));
    write(&etc.join("policy"), POLICY);
    write(&etc.join("rules"), RULES);
    write(&etc.join("vardir"), &format!("VARDIR={}\n", var.display()));
    write(&etc.join("interfaces"), &interfaces(spec, family));
    write(&etc.join("providers"), &providers(spec, firewall, family));
    write(&etc.join("snat"), &snat(spec, firewall, family));
    write(&etc.join(format!("{}.conf", product(family))), &settings(var, family));
    write(&var.join("messages"), "");
    match &firewall.isusable {
        Isusable::Seed => write(&etc.join("isusable"), SEED_ISUSABLE),
        Isusable::Hardened(script) => write(&etc.join("isusable"), &read(script)),
        Isusable::None => {}
    }
}

fn interfaces(spec: &Spec, family: Family) -> String {
    let mut file = String::from("?FORMAT 2\n");
    for isp in spec.each_isp() {
        let mut options = match family {
            Family::V4 => String::from("optional,logmartians=0"),
            Family::V6 => String::from("optional,forward=1"),
        };
        if family == Family::V4 && spec.is_dhcp(isp) {
            options.push_str(",dhcp");
        }
        if family == Family::V6 && spec.is_advertised(isp) {
            options.push_str(",accept_ra=2");
        }
        file.push_str(&["net  ", &wan(isp), "  ", &options, "\n"].concat());
    }
    file.push_str(match family {
        Family::V4 => "loc  lan0  -\n",
        Family::V6 => "loc  lan0  forward=1\n",
    });
    file
}

fn providers(spec: &Spec, firewall: &Firewall, family: Family) -> String {
    let line = |isp: usize| {
        let gateway = match family {
            Family::V4 if spec.tun == Some(isp) => "-".to_owned(),
            Family::V4 if spec.is_dhcp(isp) => "detect".to_owned(),
            Family::V4 => plan::isp_v4(isp).to_string(),
            // On a tun device too: the kernel refuses an IPv6 multipath route with a next hop that is a device alone.
            Family::V6 if spec.is_advertised(isp) || spec.tun == Some(isp) => plan::isp_link_local(isp).to_string(),
            Family::V6 => plan::isp_v6(isp).to_string(),
        };
        let share = match firewall.style {
            Style::Balance | Style::BalanceStaticSnat => "balance=1",
            Style::PrimaryFallback if isp == 1 => "primary",
            Style::PrimaryFallback => "fallback",
        };
        let persistent = if firewall.persistent { ",persistent" } else { "" };
        format!("isp{isp}  {isp}  {isp}  -  {}  {gateway}  track,{share}{persistent}\n", wan(isp))
    };
    spec.each_isp().map(line).collect()
}

fn snat(spec: &Spec, firewall: &Firewall, family: Family) -> String {
    let line = |isp: usize| {
        let action = match (firewall.style, family) {
            (Style::BalanceStaticSnat, Family::V4) => format!("SNAT({})", plan::gateway_v4(isp)),
            (Style::BalanceStaticSnat, Family::V6) if !spec.is_advertised(isp) => {
                format!("SNAT({})", plan::gateway_v6(isp))
            }
            _ => "MASQUERADE".to_owned(),
        };
        let lan = match family {
            Family::V4 => LAN_V4,
            Family::V6 => LAN_V6,
        };
        format!("{action}  {lan}  {}\n", wan(isp))
    };
    spec.each_isp().map(line).collect()
}

/// The distribution's own settings with what a lab must have otherwise.
fn settings(var: &Path, family: Family) -> String {
    let name = product(family);
    let path = format!("/usr/share/{name}/configfiles/{name}.conf");
    let var = var.display();
    let ours = [
        ("STARTUP_ENABLED", "Yes".to_owned()),
        ("LOGFILE", format!("{var}/messages")),
        ("STARTUP_LOG", format!("{var}/init.log")),
        ("SUBSYSLOCK", format!("{var}/subsyslock")),
        ("IP_FORWARDING", "On".to_owned()),
        // The builder has set it; Shorewall allows no `routefilter` on providers' interfaces.
        ("ROUTE_FILTER", "Keep".to_owned()),
        // With every provider out there shall be no default route, not the one from before the start.
        ("RESTORE_DEFAULT_ROUTE", "No".to_owned()),
    ];
    let line = |line: &str| {
        let key = line.split('=').next().unwrap_or_default();
        match ours.iter().find(|(name, _)| *name == key) {
            Some((_, value)) => format!("{key}={value}\n"),
            None => format!("{line}\n"),
        }
    };
    read(Path::new(&path)).lines().map(line).collect()
}

fn start_one(gw: &Ns, product: &str) {
    let output = gw.command(product).arg("start").output().expect("`ip` starts");
    assert!(output.status.success(), "`{product} start` in {}: {}\n{}", gw.name(), output.status, both(&output));
}
