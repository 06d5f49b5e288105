//! `[web]` and `[dhcp]`: where the page is served, and whose leases give devices their names.

use super::field::Fields;
use super::values::{flag, list, one_of, path, socket, text};
use core::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// `[web]`: where the page is served, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Web {
    /// Addresses and ports.
    pub(crate) listen: Vec<SocketAddr>,
    /// Names under which browsers may ask for it, beside its addresses.
    pub(crate) allowed_hosts: Vec<String>,
    /// Certificate and key, if it is served over TLS.
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    /// The page may change which links are used.
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
        Self {
            listen: fields.get("listen", list(socket)).unwrap_or(Self::default().listen),
            allowed_hosts: fields.get("allowed_hosts", list(text)).unwrap_or_default(),
            tls: certificate.zip(key),
            allow_links: fields.get("allow_links", flag).unwrap_or_default(),
        }
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
