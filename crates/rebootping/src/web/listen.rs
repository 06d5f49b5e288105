//! The sockets the page is served on: opened as root before anything is given up, and never on an Internet link unless told.

use crate::ipc::web::WebSettings;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::sockopt::{IpFreebind, Ipv6V6Only, ReuseAddr};
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, bind, listen, setsockopt, socket};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};

/// Connections that may wait to be taken.
const BACKLOG: i32 = 256;

/// What could be opened, and what not and why.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) listeners: Vec<TcpListener>,
    pub(super) troubles: Vec<String>,
}

/// Opens every address that may be served.
pub(super) fn open(settings: &WebSettings) -> Opened {
    let addresses = addresses();
    let mut opened = Opened { listeners: Vec::new(), troubles: Vec::new() };
    for &address in &settings.web.listen {
        match refusal(settings, address.ip(), &addresses) {
            Some(Refusal::NotYet) => {}
            Some(Refusal::Link(name)) => opened.troubles.push(format!(
                "the page is not served on {address}: that is the Internet link {name}; take it out of [web] listen, or set allow_links = true"
            )),
            None => match open_one(address) {
                Ok(listener) => opened.listeners.push(listener),
                Err(error) => opened.troubles.push(format!(
                    "the page is not served on {address}: {error}; free the port, or name another under [web] listen"
                )),
            },
        }
    }
    opened
}

/// The interface of each address of this host.
pub(super) fn addresses() -> BTreeMap<IpAddr, String> {
    let all = getifaddrs().into_iter().flatten();
    let named = all.filter_map(|found| {
        let address = found.address?;
        let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        let v6 = address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip()));
        Some((v4.or(v6)?, found.interface_name))
    });
    named.collect()
}

/// Why an address is not served.
#[derive(PartialEq, Eq, Debug)]
enum Refusal {
    /// It may be a link's, and the links are not known yet.
    NotYet,
    /// It is this link's.
    Link(String),
}

fn refusal(settings: &WebSettings, address: IpAddr, addresses: &BTreeMap<IpAddr, String>) -> Option<Refusal> {
    if settings.web.allow_links || address.is_loopback() {
        return None;
    }
    let Some(links) = &settings.links else { return Some(Refusal::NotYet) };
    let interface = addresses.get(&address)?;
    links.contains(interface).then(|| Refusal::Link(interface.clone()))
}

fn open_one(address: SocketAddr) -> io::Result<TcpListener> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let socket = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)?;
    setsockopt(&socket, ReuseAddr, &true)?;
    // The LAN's interface may get its address after us.
    setsockopt(&socket, IpFreebind, &true)?;
    if address.is_ipv6() {
        setsockopt(&socket, Ipv6V6Only, &true)?;
    }
    bind(std::os::fd::AsRawFd::as_raw_fd(&socket), &SockaddrStorage::from(address))?;
    listen(&socket, Backlog::new(BACKLOG)?)?;
    Ok(TcpListener::from(socket))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::serving::Web;
    use std::time::Duration;

    #[test]
    fn a_links_address_is_served_only_when_told() {
        let settings = |links: Option<&[&str]>, allow_links| WebSettings {
            user: String::new(),
            run: "/run".into(),
            access: "/state".into(),
            interval: Duration::from_secs(1),
            web: Web { allow_links, ..Web::default() },
            links: links.map(|links| links.iter().map(|&link| link.to_owned()).collect()),
        };
        let addresses: BTreeMap<IpAddr, String> = [("192.0.2.1", "wan1"), ("10.0.0.1", "lan0"), ("127.0.0.1", "lo")]
            .map(|(address, name)| (address.parse().unwrap(), name.to_owned()))
            .into();
        let check = |settings: &WebSettings, address: &str, expected| {
            assert_eq!(refusal(settings, address.parse().unwrap(), &addresses), expected, "{address}");
        };
        let known = settings(Some(&["wan1"]), false);
        check(&known, "192.0.2.1", Some(Refusal::Link("wan1".into())));
        check(&known, "10.0.0.1", None);
        check(&known, "10.0.0.99", None);
        let unknown = settings(None, false);
        check(&unknown, "10.0.0.1", Some(Refusal::NotYet));
        check(&unknown, "127.0.0.1", None);
        check(&unknown, "::1", None);
        check(&settings(None, true), "192.0.2.1", None);
    }
}
