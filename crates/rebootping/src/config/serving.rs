//! `[web]`, `[restrict]` and `[dhcp]`: where the page is served, what strangers may do, and whose leases give devices their names.

use super::field::{Field, Fields, Read};
use super::values::{flag, list, one_of, path, socket, text};
use core::net::{Ipv4Addr, SocketAddr};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[web]`: where the page is served, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Web {
    /// Addresses and ports.
    pub(crate) listen: Vec<SocketAddr>,
    /// Names under which browsers may ask for it, beside its addresses; once there is one, reading takes a login everywhere.
    pub(crate) allowed_hosts: Vec<String>,
    /// Certificate and key, if it is served over TLS.
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    /// It may be served on addresses of the Internet links too.
    pub(crate) allow_links: bool,
}

impl Default for Web {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8067))],
            allowed_hosts: Vec::new(),
            tls: None,
            allow_links: false,
        }
    }
}

impl Web {
    pub(super) fn read(mut fields: Fields<'_>) -> Self {
        let (certificate, key) = (fields.get("tls_cert", path), fields.get("tls_key", path));
        for (one, other) in [("tls_cert", "tls_key"), ("tls_key", "tls_cert")] {
            if let (Some(field), None) = (fields.field(one), fields.field(other)) {
                fields.wrong(field.problem(format!("is set without {other}"), format!("add {other}, or remove {one}")));
            }
        }
        let web = Self {
            listen: fields.get("listen", list(socket)).unwrap_or(Self::default().listen),
            allowed_hosts: fields.get("allowed_hosts", list(host_name)).unwrap_or_default(),
            tls: certificate.zip(key),
            allow_links: fields.get("allow_links", flag).unwrap_or_default(),
        };
        web.refuse_every_address(&mut fields);
        web
    }

    /// Every address of a gateway is also its links' addresses.
    fn refuse_every_address(&self, fields: &mut Fields<'_>) {
        let every = self.listen.iter().find(|address| address.ip().is_unspecified());
        if let (Some(every), Some(field), false) = (every, fields.field("listen"), self.allow_links) {
            let remedy = "name the addresses it is to be served on; `rebootping web enable` lists those of the LAN";
            fields.wrong(field.problem(format!("has {every}, which is on the Internet links too"), remedy));
        }
    }
}

/// Reads a name as it stands in a browser's address line, without port and path.
fn host_name(field: &Field<'_>) -> Read<String> {
    let name = text(field)?;
    let is_one = !name.starts_with('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']'));
    let has_port = name.contains(':') && name.trim_matches(['[', ']']).parse::<core::net::Ipv6Addr>().is_err();
    if is_one && !has_port {
        return Ok(name.to_ascii_lowercase());
    }
    field.refuse(format!("{name:?}, which is no host name"), "write the name alone, such as \"gateway.example\"")
}

/// `[restrict]`: what is kept from devices without an order for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Restrict {
    /// Interfaces behind which devices that nobody knows have no Internet; empty is none.
    pub(crate) quarantine: Vec<String>,
}

impl Restrict {
    pub(super) fn read(mut fields: Fields<'_>) -> Self {
        Self { quarantine: fields.get("quarantine", list(text)).unwrap_or_default() }
    }
}

/// Which DHCP server runs here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DhcpServer {
    /// Whichever is found.
    #[default]
    Auto,
    /// dnsmasq.
    Dnsmasq,
    /// ISC Kea.
    Kea,
    /// None that is to be asked.
    None,
}

/// `[dhcp]`: where the DHCP server keeps its files; what is `None` is found where possible.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dhcp {
    /// Which server.
    pub(crate) server: DhcpServer,
    /// dnsmasq's `dhcp-hostsdir`.
    pub(crate) dnsmasq_hostsdir: Option<PathBuf>,
    /// dnsmasq's `dhcp-leasefile`.
    pub(crate) dnsmasq_leases: Option<PathBuf>,
    /// dnsmasq's `pid-file`.
    pub(crate) dnsmasq_pid_file: Option<PathBuf>,
    /// Kea's control socket.
    pub(crate) kea_socket: Option<PathBuf>,
    /// Kea's lease file.
    pub(crate) kea_leases: Option<PathBuf>,
}

impl Dhcp {
    pub(super) fn read(mut fields: Fields<'_>) -> Self {
        const SERVERS: [(&str, DhcpServer); 4] = [
            ("auto", DhcpServer::Auto),
            ("dnsmasq", DhcpServer::Dnsmasq),
            ("kea", DhcpServer::Kea),
            ("none", DhcpServer::None),
        ];
        Self {
            server: fields.get("server", one_of(&SERVERS)).unwrap_or_default(),
            dnsmasq_hostsdir: fields.get("dnsmasq_hostsdir", path),
            dnsmasq_leases: fields.get("dnsmasq_leases", path),
            dnsmasq_pid_file: fields.get("dnsmasq_pid_file", path),
            kea_socket: fields.get("kea_socket", path),
            kea_leases: fields.get("kea_leases", path),
        }
    }
}
