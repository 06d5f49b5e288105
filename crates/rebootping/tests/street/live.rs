//! A day in the street, and the report of it: every device, name, address, port, service and event, and nothing else.

use crate::mischief::{claim, scan};
use crate::servers::{look_up, search, visit};
use crate::street::{Street, address, arrival, global, mac};
use crate::support::expect;
use std::fs;
use std::net::Ipv4Addr;
use std::time::Duration;

use rebootping_lab::wait_until;

/// What happens to devices is said once a second.
const SAID_WITHIN: Duration = Duration::from_secs(10);
const LEASED: [&str; 10] =
    ["phone", "laptop", "printer", "tv", "nas", "resolver", "scanner", "spoofer", "rogue", "router"];

const SSDP_ANSWER: &str = "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nEXT:\r\n\
     LOCATION: http://10.77.0.19:49153/description.xml\r\nSERVER: Linux/5.4 UPnP/1.0 Show/2.1\r\n\
     ST: urn:schemas-upnp-org:device:MediaRenderer:1\r\n\
     USN: uuid:2fac1234-31f8-11b4-a222-08002b34c003::urn:schemas-upnp-org:device:MediaRenderer:1\r\n\r\n";

const AVAHI: &str = "[server]\nhost-name=office-printer\nuse-ipv4=yes\nuse-ipv6=no\nallow-interfaces=eth0\nenable-dbus=no\n\
     [publish]\npublish-workstation=no\npublish-hinfo=no\n";

const AVAHI_SERVICE: &str = "<service-group><name>Office</name>\
     <service><type>_ipp._tcp</type><port>631</port></service></service-group>";

/// What is to be told beyond what each says when it moves in.
const REPORT: &str = "
    phone kind phone or tablet
    laptop kind Windows computer
    printer kind printer
    tv kind media player
    nas kind computer
    rogue kind router
    router kind router

    nas name files.example by dns
    nas name nas.home.example by dns
    printer name office-printer.local by mdns
    tv name Big Screen by ssdp

    printer announces _ipp._tcp Office by mdns at 631
    tv announces urn:schemas-upnp-org:device:MediaRenderer:1 by ssdp at 49153

    nas open 10.77.0.20 22/tcp established: ssh, SSH-2.0-OpenSSH_9.2p1
    nas open 2001:db8:77::ff:fe00:14 22/tcp established: ssh, SSH-2.0-OpenSSH_9.2p1
    nas open 10.77.0.20 80/tcp established: http, nginx/1.22.1
    tv open 10.77.0.19 49153/tcp established: unknown, Show/2.1
    resolver open 10.77.0.21 53/udp answered: domain
    host behind router open 10.78.1.2 22/tcp established: ssh, SSH-2.0-dropbear_2022.83
    host behind router open 10.78.2.2 8080/tcp established: http-alt

    spoofer has 10.77.0.1 by arp
    spoofer has 10.77.0.16 by arp

    event: router acts_as_router name attic advertises false
    event: rogue acts_as_dhcp_server name spare-box is_v6 false
    event: spoofer address_conflict name helpful ip 10.77.0.16 with phone
    event: spoofer address_conflict name helpful ip 10.77.0.1 with the gateway
";

#[test]
fn the_report_says_who_is_there_and_nothing_else() {
    let mut street = Street::build("devices");
    let daemon = street.yard.daemon("");
    daemon.wait_ready();
    street.move_in(&LEASED);
    announce(&mut street);
    serve(&street);
    beyond_the_router(&street);
    for victim in ["nas", "phone", "printer"] {
        scan(street.of("scanner"), ipv4(victim));
    }
    serve_beside_the_gateway(&mut street);
    claim(street.of("spoofer"), &mac("spoofer"), ipv4("phone"));
    claim(street.of("spoofer"), &mac("spoofer"), Ipv4Addr::new(10, 77, 0, 1));
    let everyone = LEASED.iter().chain(&["guest"]).map(|role| arrival(role));
    expect(&daemon, &everyone.chain([REPORT.to_owned()]).collect::<Vec<_>>().join("\n"));
    wait_until("every event is in the log", SAID_WITHIN, || said(&daemon.log()).lines().count() >= 4);
    insta::assert_snapshot!(said(&daemon.log()));
}

/// The printer by avahi, the television by SSDP.
fn announce(street: &mut Street) {
    let settings = format!("/etc/netns/{}/avahi", street.of("printer").name());
    fs::create_dir_all(format!("{settings}/services")).expect("a folder can be made");
    fs::write(format!("{settings}/avahi-daemon.conf"), AVAHI).expect("settings can be written");
    fs::write(format!("{settings}/services/office.service"), AVAHI_SERVICE).expect("a service can be written");
    // It keeps its process id where only one daemon of a machine can.
    let line = "mkdir -p /run/avahi-daemon && mount -t tmpfs none /run/avahi-daemon && \
                exec avahi-daemon --no-chroot --no-drop-root --no-proc-title";
    street.run_at("printer", "sh", &["-c", line]);
    search((street.of("phone"), ipv4("phone")), (street.of("tv"), ipv4("tv")), SSDP_ANSWER);
}

/// Servers on the network, each visited once.
fn serve(street: &Street) {
    let (laptop, phone, nas) = (street.of("laptop"), street.of("phone"), street.of("nas"));
    let at = |role: &str, port: u16| format!("{}:{port}", address(role));
    visit(laptop, nas, &at("nas", 22), "", "SSH-2.0-OpenSSH_9.2p1\r\n");
    visit(laptop, nas, &format!("[{}]:22", global("nas")), "", "SSH-2.0-OpenSSH_9.2p1\r\n");
    let get = "GET / HTTP/1.1\r\nHost: nas.home.example\r\nUser-Agent: Show/1.0\r\n\r\n";
    let page = "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 2\r\n\r\nhi";
    visit(phone, nas, &at("nas", 80), get, page);
    let description = "HTTP/1.1 200 OK\r\nServer: Show/2.1\r\nContent-Type: text/xml\r\n\r\n\
         <root xmlns=\"urn:schemas-upnp-org:device-1-0\"><device><friendlyName>Big Screen</friendlyName><manufacturer>Acme</manufacturer>\
         <modelName>View 55</modelName></device></root>";
    let get = "GET /description.xml HTTP/1.1\r\nHost: 10.77.0.19:49153\r\n\r\n";
    visit(phone, street.of("tv"), &at("tv", 49153), get, description);
    look_up(laptop, Ipv4Addr::new(10, 77, 0, 1), "nas.home.example", None);
    look_up(phone, ipv4("resolver"), "files.example", Some((street.of("resolver"), ipv4("nas"))));
}

/// Two servers in networks of their own behind the router.
fn beyond_the_router(street: &Street) {
    let (router, laptop) = (street.of("router"), street.of("laptop"));
    router.run("sysctl -qw net.ipv4.ip_forward=1");
    laptop.run(&format!("ip route add 10.78.0.0/16 via {}", address("router")));
    for (number, port, says) in [(1, 22, "SSH-2.0-dropbear_2022.83\r\n"), (2, 8080, "")] {
        let host = street.yard.space(&format!("inner{number}"));
        router.run(&format!(
            "ip link add in{number} type veth peer name eth0 netns {} && ip link set dev in{number} up && \
             ip addr add 10.78.{number}.1/24 dev in{number}",
            host.name()
        ));
        host.run(&format!(
            "ip link set dev eth0 up && ip addr add 10.78.{number}.2/24 dev eth0 && \
             ip route add default via 10.78.{number}.1"
        ));
        visit(laptop, &host, &format!("10.78.{number}.2:{port}"), "", says);
    }
}

/// A second DHCP server, from which the guest has its address.
fn serve_beside_the_gateway(street: &mut Street) {
    let range = format!("--dhcp-range={0},{0},1h", address("guest"));
    let arguments = ["--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=eth0", "--user=root"];
    let more = ["--no-ping", "--leasefile-ro", "--log-facility=-", "--pid-file=", &range];
    street.run_at("rogue", "dnsmasq", &[&arguments[..], &more[..]].concat());
    street.move_in(&["guest"]);
}

/// What the daemon said, a line each, without whatever is not about devices.
fn said(log: &str) -> String {
    let about = |line: &&str| line.contains("02:00:00:00:00:");
    log.lines().filter(about).collect::<Vec<_>>().join("\n")
}

fn ipv4(role: &str) -> Ipv4Addr {
    address(role).parse().expect("an address")
}
