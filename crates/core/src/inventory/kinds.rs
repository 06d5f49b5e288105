//! A guess of what a device is, with its reason: rules from the surest to the vaguest, the first that fits.

use super::device::Device;
use super::vendor;
use crate::untrusted::Untrusted;
use alloc::format;
use alloc::string::String;

/// A guess.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Guess {
    pub(super) kind: &'static str,
    pub(super) reason: String,
}

/// Services by the beginning of what is announced.
const SERVICES: &[(&str, &str)] = &[
    ("_ipp._tcp", "printer"),
    ("_ipps._tcp", "printer"),
    ("_printer._tcp", "printer"),
    ("_pdl-datastream._tcp", "printer"),
    ("_scanner._tcp", "printer"),
    ("_googlecast._tcp", "media player"),
    ("_googlezone._tcp", "media player"),
    ("_airplay._tcp", "media player"),
    ("_raop._tcp", "media player"),
    ("_sonos._tcp", "speaker"),
    ("_spotify-connect._tcp", "speaker"),
    ("_androidtvremote", "television"),
    ("_amzn-wplay._tcp", "media player"),
    ("_hue._tcp", "smart home"),
    ("_hap._tcp", "smart home"),
    ("_matter._tcp", "smart home"),
    ("_esphomelib._tcp", "smart home"),
    ("_home-assistant._tcp", "smart home"),
    ("_axis-video._tcp", "camera"),
    ("_apple-mobdev2._tcp", "phone or tablet"),
    ("_afpovertcp._tcp", "computer"),
    ("_smb._tcp", "computer"),
    ("_workstation._tcp", "computer"),
    ("_rfb._tcp", "computer"),
    ("_ssh._tcp", "computer"),
    ("_companion-link._tcp", "Apple device"),
    ("urn:schemas-upnp-org:device:InternetGatewayDevice", "router"),
    ("urn:schemas-upnp-org:device:MediaRenderer", "media player"),
    ("urn:schemas-upnp-org:device:MediaServer", "media server"),
    ("urn:dial-multiscreen-org", "television"),
    ("roku:ecp", "media player"),
    ("urn:schemas-upnp-org:device:Printer", "printer"),
];

/// Words of names, models, DHCP classes and user agents, in lower case.
const WORDS: &[(&str, &str)] = &[
    ("iphone", "phone"),
    ("ipad", "tablet"),
    ("android-dhcp", "phone or tablet"),
    ("galaxy", "phone or tablet"),
    ("pixel", "phone or tablet"),
    ("macbook", "computer"),
    ("imac", "computer"),
    ("windows nt", "computer"),
    ("macintosh", "computer"),
    ("msft 5.0", "Windows computer"),
    ("x11; linux", "computer"),
    ("android", "phone or tablet"),
    ("playstation", "games console"),
    ("xbox", "games console"),
    ("nintendo", "games console"),
    ("roku", "media player"),
    ("chromecast", "media player"),
    ("appletv", "media player"),
    ("bravia", "television"),
    ("webos", "television"),
    ("tizen", "television"),
    ("sonos", "speaker"),
    ("synology", "storage"),
    ("diskstation", "storage"),
    ("qnap", "storage"),
    ("truenas", "storage"),
    ("laserjet", "printer"),
    ("officejet", "printer"),
    ("epson", "printer"),
    ("brother", "printer"),
    ("hikvision", "camera"),
    ("ipcam", "camera"),
    ("polycom", "telephone"),
    ("yealink", "telephone"),
    ("snom", "telephone"),
    ("espressif", "smart home"),
    ("esp32", "smart home"),
    ("shelly", "smart home"),
    ("tasmota", "smart home"),
    ("raspberry", "small computer"),
    ("openwrt", "router"),
    ("fritz", "router"),
    ("mikrotik", "router"),
    ("arista", "switch"),
    ("tl-sg", "switch"),
    ("udhcp", "small device"),
    ("dhcpcd", "Linux computer"),
];

/// Vendors that make one kind of thing.
const VENDORS: &[(&str, &str)] = &[
    ("Espressif", "smart home"),
    ("Tuya", "smart home"),
    ("Signify", "smart home"),
    ("Philips Lighting", "smart home"),
    ("Raspberry Pi", "small computer"),
    ("Sonos", "speaker"),
    ("Roku", "media player"),
    ("Nintendo", "games console"),
    ("Synology", "storage"),
    ("QNAP", "storage"),
    ("Hikvision", "camera"),
    ("Dahua", "camera"),
    ("Axis", "camera"),
    ("Yealink", "telephone"),
    ("Polycom", "telephone"),
    ("Snom", "telephone"),
    ("Ubiquiti", "network equipment"),
    ("Mikrotik", "network equipment"),
    ("Routerboard", "network equipment"),
    ("Juniper", "network equipment"),
    ("Arista", "network equipment"),
    ("Brother", "printer"),
    ("Seiko Epson", "printer"),
    ("Kyocera", "printer"),
    ("Lexmark", "printer"),
];

/// What a device probably is; none if nothing tells.
pub(super) fn guess(device: &Device, vendor: Option<&str>) -> Option<Guess> {
    by_place(device)
        .or_else(|| by_role(device))
        .or_else(|| by_service(device))
        .or_else(|| by_word(device))
        .or_else(|| by_port(device))
        .or_else(|| by_vendor(device, vendor))
}

fn by_place(device: &Device) -> Option<Guess> {
    let reason = "it lives on an Internet link";
    (!device.is_local).then(|| Guess { kind: "provider's equipment or neighbour", reason: reason.into() })
}

fn by_role(device: &Device) -> Option<Guess> {
    let roles = &device.roles;
    let (kind, reason) = if roles.is_telephone {
        ("telephone", "it says so by LLDP or CDP")
    } else if roles.is_access_point {
        ("access point", "it says so by LLDP or CDP")
    } else if roles.advertises_routes {
        ("router", "it advertises itself as one (IPv6)")
    } else if roles.routes || device.addresses.is_router() {
        ("router", "it passes on what others send")
    } else if roles.is_bridge {
        ("switch", "it bridges: spanning tree, LLDP or CDP")
    } else if roles.is_dhcp_server {
        ("router", "it gives out addresses (DHCP)")
    } else {
        return None;
    };
    Some(Guess { kind, reason: reason.into() })
}

fn by_service(device: &Device) -> Option<Guess> {
    SERVICES.iter().find_map(|(begin, kind)| {
        let announced = device.services.iter().any(|service| service.name.raw().starts_with(begin));
        announced.then(|| Guess { kind, reason: format!("it announces {begin}") })
    })
}

fn by_word(device: &Device) -> Option<Guess> {
    let texts = || {
        let names = device.names.all().iter().map(|name| (&name.name, "name"));
        let class = device.dhcp.vendor_class.iter().map(|class| (class, "DHCP class"));
        let models = device.models.iter().map(|model| (model, "model"));
        let agents = device.user_agents.iter().map(|agent| (agent, "user agent"));
        models.chain(class).chain(names).chain(agents)
    };
    WORDS.iter().find_map(|(word, kind)| {
        let (_, what) = texts().find(|(text, _)| holds(text, word))?;
        Some(Guess { kind, reason: format!("its {what} has \"{word}\"") })
    })
}

fn by_port(device: &Device) -> Option<Guess> {
    const PORTS: [(u16, &str); 7] = [
        (9100, "printer"),
        (62078, "phone or tablet"),
        (8009, "media player"),
        (554, "camera"),
        (3389, "Windows computer"),
        (445, "computer"),
        (22, "computer"),
    ];
    PORTS.iter().find_map(|(number, kind)| {
        let open = device.ports.all().iter().any(|port| port.port == *number);
        open.then(|| Guess { kind, reason: format!("its port {number} is open") })
    })
}

fn by_vendor(device: &Device, vendor: Option<&str>) -> Option<Guess> {
    if let Some(program) = vendor::virtual_by(device.mac) {
        return Some(Guess { kind: "virtual machine or container", reason: format!("its MAC is one of {program}") });
    }
    let vendor = vendor?;
    let (name, kind) = VENDORS.iter().find(|(name, _)| vendor.starts_with(name))?;
    Some(Guess { kind, reason: format!("{name} makes such") })
}

fn holds(text: &Untrusted, word: &str) -> bool {
    text.raw().as_bytes().windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}
