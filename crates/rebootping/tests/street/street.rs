//! The street: devices on one hub before the gateway, which leases addresses to them (dnsmasq) and advertises IPv6 (radvd).
//!
//! ```text
//! phone laptop printer tv nas resolver scanner spoofer rogue router guest sensor
//!   └──────┴──────┴─────┴──┴── hub ──┴───────┴───────┴─────┴──┬──┴──────┴────┘
//!                               │                        inner1, inner2
//!                            lan0 gw (rebootping, dnsmasq, radvd)
//! ```

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rebootping_lab::{Ns, Yard, wait_until};

/// Whoever lives here; the place is the last number of the MAC and of the address.
pub(crate) const ROLES: [&str; 12] =
    ["phone", "laptop", "printer", "tv", "nas", "resolver", "scanner", "spoofer", "rogue", "router", "guest", "sensor"];
/// The name (option 12) and the software (option 60) that each tells the DHCP server.
const TELLS: [(&str, &str); 12] = [
    ("Pixel-7", "android-dhcp-14"),
    ("anna-laptop", "MSFT 5.0"),
    ("office-printer", "JetDirect"),
    ("living-room", "tv-os"),
    ("nas", "storage-os"),
    ("resolver", "resolver-os"),
    ("scanner", "scanner-os"),
    ("helpful", "helpful-os"),
    ("spare-box", "spare-os"),
    ("attic", "attic-os"),
    ("guest", "guest-os"),
    ("sensor", "sensor-os"),
];
/// The place of the first.
const FIRST: usize = 16;
pub(crate) const GATEWAY_MAC: &str = "02:00:00:00:00:01";
/// Leases and addresses by router advertisement take a few seconds each, more where the machine is slow.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

const DHCP_SCRIPT: &str = "#!/bin/sh
# What dhclient calls here: the address and the default route of the one interface, never a host's resolv.conf.
case $reason in
PREINIT) ip link set dev \"$interface\" up ;;
BOUND | RENEW | REBIND | REBOOT)
	ip -4 addr replace \"$new_ip_address/$new_subnet_mask\" dev \"$interface\"
	ip -4 route replace default via \"${new_routers%% *}\" dev \"$interface\"
	;;
esac
exit 0
";

/// The MAC of a role.
pub(crate) fn mac(role: &str) -> String {
    format!("02:00:00:00:00:{:02x}", place(role))
}

/// The address that the gateway leases to a role.
pub(crate) fn address(role: &str) -> String {
    format!("10.77.0.{}", place(role))
}

/// The address a role makes of what the router advertises (RFC 4291, appendix A).
pub(crate) fn global(role: &str) -> String {
    format!("2001:db8:77::ff:fe00:{:x}", place(role))
}

/// What is known of a role as soon as it has moved in, in the words of [`crate::support::lines`].
pub(crate) fn arrival(role: &str) -> String {
    let (name, class) = TELLS[place(role) - FIRST];
    let link_local = global(role).replace("2001:db8:77::", "fe80::");
    [
        "on lan0".to_owned(),
        format!("name {name} by dhcp"),
        format!("dhcp vendor_class {class}"),
        // What each asks for, as its configuration says.
        "dhcp parameters 1,3,6,12".to_owned(),
        format!("has {} by dhcp", address(role)),
        format!("has {} by ndp", global(role)),
        format!("has {link_local} by ndp"),
    ]
    .map(|line| format!("{role} {line}"))
    .join("\n")
}

fn place(role: &str) -> usize {
    FIRST + ROLES.iter().position(|known| *known == role).unwrap_or_else(|| panic!("nobody here is a {role}"))
}

/// A program that ends with its owner.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(command: &mut Command, log: &Path) -> Self {
        let out = File::create(log).expect("a log can be made");
        let err = out.try_clone().expect("a descriptor can be duplicated");
        Self(command.stdin(Stdio::null()).stdout(out).stderr(err).spawn().expect("`ip` starts"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The gateway, the hub, and who has moved in.
pub(crate) struct Street {
    running: Vec<Running>,
    devices: Vec<(&'static str, Ns)>,
    pub(crate) yard: Yard,
}

impl Street {
    /// A gateway that serves, and nobody yet.
    pub(crate) fn build(prefix: &str) -> Self {
        let yard = Yard::build(prefix, env!("CARGO_BIN_EXE_rebootping"));
        yard.lay_cable("lan0", GATEWAY_MAC);
        yard.street().run(
            "ip link add hub type bridge ageing_time 0 mcast_snooping 0 stp_state 0 && ip link set dev hub up && \
             ip link set dev lan0 master hub",
        );
        yard.gw().run(
            "sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.lan0.disable_ipv6=0 && \
             ip addr add 10.77.0.1/24 dev lan0 && ip addr add 2001:db8:77::1/64 dev lan0 nodad",
        );
        let mut street = Self { running: Vec::new(), devices: Vec::new(), yard };
        street.serve();
        street
    }

    /// The namespace of a role that has moved in.
    pub(crate) fn of(&self, role: &str) -> &Ns {
        let found = self.devices.iter().find(|(known, _)| *known == role);
        &found.unwrap_or_else(|| panic!("no {role} has moved in")).1
    }

    /// Plugs devices in, all at once, and waits until each has its lease and its addresses of IPv6.
    pub(crate) fn move_in(&mut self, roles: &[&'static str]) {
        for role in roles {
            self.plug_in(role);
        }
        let street = &*self;
        thread::scope(|scope| {
            for role in roles {
                scope.spawn(|| street.get_addresses(role));
            }
        });
    }

    /// Runs a program at a role's until the street is gone.
    pub(crate) fn run_at(&mut self, role: &str, program: &str, arguments: &[&str]) {
        let log = self.yard.dir().join(format!("{role}-{}.log", self.running.len()));
        let command = &mut self.of(role).command(program);
        self.running.push(Running::start(command.args(arguments), &log));
    }

    /// dnsmasq and radvd on the gateway. The guest is left to whoever else serves.
    fn serve(&mut self) {
        let dir = self.yard.dir().to_owned();
        let mut dnsmasq = self.yard.gw().command("dnsmasq");
        dnsmasq.args(["--keep-in-foreground", "--conf-file=/dev/null", "--interface=lan0", "--bind-interfaces"]);
        dnsmasq.args(["--no-ping", "--no-resolv", "--no-hosts", "--domain=home.example", "--user=root", "--pid-file="]);
        dnsmasq.args(["--log-facility=-", "--dhcp-authoritative", "--dhcp-range=10.77.0.100,10.77.0.199,1h"]);
        dnsmasq.arg(format!("--dhcp-leasefile={}", dir.join("leases").display()));
        dnsmasq.arg(format!("--dhcp-host={},ignore", mac("guest")));
        for role in ROLES.iter().filter(|role| **role != "guest") {
            dnsmasq.arg(format!("--dhcp-host={},{}", mac(role), address(role)));
        }
        self.running.push(Running::start(&mut dnsmasq, &dir.join("dnsmasq.log")));
        let settings = dir.join("radvd.conf");
        let advertised = "interface lan0 {\n AdvSendAdvert on;\n MinRtrAdvInterval 3;\n MaxRtrAdvInterval 4;\n \
                          prefix 2001:db8:77::/64 { AdvOnLink on; AdvAutonomous on; };\n};\n";
        fs::write(&settings, advertised).expect("settings can be written");
        let mut radvd = self.yard.gw().command("radvd");
        radvd.args(["--nodaemon", "--logmethod", "stderr", "--config"]).arg(settings);
        radvd.arg("--pidfile").arg(dir.join("radvd.pid"));
        self.running.push(Running::start(&mut radvd, &dir.join("radvd.log")));
    }

    fn plug_in(&mut self, role: &'static str) {
        let space = self.yard.space(role);
        self.yard.street().run(&format!(
            "ip link add eth0 netns {} address {} type veth peer name {role} && \
             ip link set dev {role} master hub && ip link set dev {role} up",
            space.name(),
            mac(role)
        ));
        self.devices.push((role, space));
    }

    fn get_addresses(&self, role: &str) {
        let (space, dir) = (self.of(role), self.yard.dir().join(role));
        fs::create_dir(&dir).expect("a folder can be made");
        let file = |name: &str, text: &str| fs::write(dir.join(name), text).expect("a file can be written");
        let (name, class) = TELLS[place(role) - FIRST];
        file(
            "conf",
            &format!(
                "send host-name \"{name}\";\nsend vendor-class-identifier \"{class}\";\n\
                 request subnet-mask, routers, domain-name-servers, host-name;\ninitial-interval 1;\nretry 2;\n"
            ),
        );
        file("script", DHCP_SCRIPT);
        fs::set_permissions(dir.join("script"), fs::Permissions::from_mode(0o755)).expect("a script may be run");
        let dir = dir.display();
        space.run(&format!(
            "ip link set dev eth0 up && \
             dhclient -4 -1 -cf {dir}/conf -sf {dir}/script -lf {dir}/leases -pf {dir}/pid eth0 > {dir}/log 2>&1"
        ));
        wait_until(&format!("{role} has its addresses"), SETTLED_WITHIN, || {
            let all = space.run("ip -brief address show dev eth0");
            all.contains(" 10.77.0.")
                && all.contains(&global(role))
                && !space.run("ip -6 address").contains("tentative")
        });
        // It speaks from each of its addresses.
        space.run("ping -q -c 1 -W 5 10.77.0.1 && ping -q -c 1 -W 5 2001:db8:77::1");
    }
}
