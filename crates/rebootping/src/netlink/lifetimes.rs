//! How long this host's IPv6 addresses stay preferred (RFC 4862 section 5.5.4): asked, and changed while all else of them stays.

use super::exchange::Exchange;
use super::uapi::{
    IFA_ADDRESS, IFA_CACHEINFO, IFA_F_DADFAILED, IFA_F_DEPRECATED, IFA_F_PERMANENT, IFA_F_TEMPORARY, IFA_F_TENTATIVE,
    IFA_FLAGS, IFA_LOCAL, IFA_PROTO, NLM_F_ACK, NLM_F_DUMP, NLM_F_REPLACE, RTM_GETADDR, RTM_NEWADDR, family_number,
};
use super::wire::{Attributes, Request, u32_at};
use nix::errno::Errno;
use nix::sys::socket::SockProtocol;
use rebootping_core::link::Family;
use std::cell::Cell;
use std::io;
use std::net::{IpAddr, Ipv6Addr};

/// Seconds that never end (`INFINITY_LIFE_TIME`).
pub(crate) const FOREVER: u32 = u32::MAX;
/// `struct ifaddrmsg` before the attributes.
const HEADER: usize = 8;
/// What the kernel keeps by itself.
const STATE: u32 = IFA_F_DADFAILED | IFA_F_DEPRECATED | IFA_F_PERMANENT | IFA_F_TENTATIVE;

/// An IPv6 address and its lifetimes, in seconds from now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Lived {
    /// Its interface.
    pub(crate) index: u32,
    pub(crate) ip: Ipv6Addr,
    pub(crate) prefix_len: u8,
    /// `rt_scope`: 0 is global.
    pub(crate) scope: u8,
    pub(crate) preferred: u32,
    pub(crate) valid: u32,
    flags: u32,
    /// Who put it there, where the kernel knows (`IFA_PROTO`).
    origin: Option<u8>,
}

impl Lived {
    /// A privacy address (RFC 8981).
    pub(crate) const fn is_temporary(&self) -> bool {
        self.flags & IFA_F_TEMPORARY != 0
    }
}

/// A socket for questions and changes; each waits for the kernel's word, at most 2 s.
#[derive(Debug)]
pub(crate) struct Lifetimes(Exchange);

impl Lifetimes {
    pub(crate) fn open() -> io::Result<Self> {
        Exchange::open(SockProtocol::NetlinkRoute).map(Self)
    }

    /// All IPv6 addresses of this host.
    pub(crate) fn list(&mut self) -> io::Result<Vec<Lived>> {
        let mut header = [0; HEADER];
        header[0] = family_number(Family::Ipv6);
        let answers = self.0.ask(Request::new(RTM_GETADDR, NLM_F_DUMP, &header))?;
        let bodies = answers.iter().filter(|(kind, _)| *kind == RTM_NEWADDR).map(|(_, body)| body);
        Ok(bodies.filter_map(|body| lived(body)).collect())
    }

    /// Has an address be preferred for so many seconds; one that is gone is fine.
    pub(crate) fn prefer(&mut self, address: &Lived, seconds: u32) -> io::Result<()> {
        let preferred = seconds.min(address.valid);
        let mut header = vec![family_number(Family::Ipv6), address.prefix_len, 0, address.scope];
        header.extend(address.index.to_ne_bytes());
        let times = [preferred, address.valid, 0, 0].map(u32::to_ne_bytes).concat();
        let request = Request::new(RTM_NEWADDR, NLM_F_REPLACE | NLM_F_ACK, &header)
            .with_ip(IFA_LOCAL, IpAddr::V6(address.ip))
            .with_ip(IFA_ADDRESS, IpAddr::V6(address.ip))
            .with_u32(IFA_FLAGS, address.flags & !STATE)
            .with(IFA_CACHEINFO, &times);
        let request = address.origin.into_iter().fold(request, |request, origin| request.with(IFA_PROTO, &[origin]));
        match self.0.ask(request) {
            Err(error) if [Errno::ENOENT, Errno::ENODEV].iter().any(|it| error.raw_os_error() == Some(*it as i32)) => {
                Ok(())
            }
            answer => answer.map(drop),
        }
    }
}

/// `struct ifaddrmsg`, and `struct ifa_cacheinfo` among its attributes.
fn lived(body: &[u8]) -> Option<Lived> {
    let damaged = Cell::new(0);
    let attributes = Attributes::new(body.get(HEADER..)?, &damaged);
    let ip = attributes.find(IFA_LOCAL).or_else(|| attributes.find(IFA_ADDRESS))?.ip()?;
    let IpAddr::V6(ip) = ip else { return None };
    let times = attributes.find(IFA_CACHEINFO)?.value;
    Some(Lived {
        index: u32_at(body, 4)?,
        ip,
        prefix_len: *body.get(1)?,
        scope: *body.get(3)?,
        preferred: u32_at(times, 0)?,
        valid: u32_at(times, 4)?,
        flags: attributes.find(IFA_FLAGS).and_then(|flags| flags.u32()).unwrap_or(u32::from(*body.get(2)?)),
        origin: attributes.find(IFA_PROTO).and_then(|origin| origin.u8()),
    })
}
