//! Deletes connection tracking entries: of flows stranded on a link that is gone, and of devices that are restricted.

use super::exchange::Exchange;
use super::uapi::{
    CTA_ID, CTA_IP_V4_DST, CTA_IP_V4_SRC, CTA_IP_V6_DST, CTA_IP_V6_SRC, CTA_MARK, CTA_MARK_MASK, CTA_TUPLE_IP,
    CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_ZONE, IPCTNL_MSG_CT_DELETE, IPCTNL_MSG_CT_GET, IPCTNL_MSG_CT_NEW, NLM_F_ACK,
    NLM_F_DUMP, family_number,
};
use super::wire::{Attribute, Attributes, Request};
use nix::errno::Errno;
use nix::sys::socket::SockProtocol;
use rebootping_core::link::Family;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;

/// A socket for changes to connection tracking; each waits for the kernel's word, at most 2 s.
#[derive(Debug)]
pub(crate) struct Conntrack(Exchange);

impl Conntrack {
    pub(crate) fn open() -> io::Result<Self> {
        Exchange::open(SockProtocol::NetlinkNetFilter).map(Self)
    }

    /// Deletes the entries whose mark, under `mask`, is `mark`. An empty mask would mean every flow of every link and is
    /// refused.
    #[expect(clippy::similar_names, reason = "mark and mask are what iptables and iproute2 call them")]
    pub(crate) fn delete_marked(&mut self, family: Family, mark: u32, mask: u32) -> io::Result<()> {
        if mask == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a mark without a mask names every connection"));
        }
        let request = Request::new(IPCTNL_MSG_CT_DELETE, NLM_F_ACK, &header(family))
            .with(CTA_MARK, &mark.to_be_bytes())
            .with(CTA_MARK_MASK, &mask.to_be_bytes());
        nothing_is_fine(self.0.ask(request)).map(drop)
    }

    /// Deletes the entries of flows from or to these addresses, but for those whose other end is spared; returns how many.
    pub(crate) fn delete_of(
        &mut self,
        family: Family,
        addresses: &BTreeSet<IpAddr>,
        is_spared: impl Fn(IpAddr) -> bool,
    ) -> io::Result<usize> {
        self.delete_if(family, |original, reply| {
            let sender = end_of(original, CTA_IP_V4_SRC, CTA_IP_V6_SRC)?;
            let answerer = end_of(reply, CTA_IP_V4_SRC, CTA_IP_V6_SRC)?;
            let is_cut = |device, other| addresses.contains(&device) && !is_spared(other);
            Some(is_cut(sender, answerer) || is_cut(answerer, sender))
        })
    }

    /// Deletes the entries of others' flows that were given `address` as their source, as static SNAT does without a
    /// mark; returns how many there were. The gateway's own flows from that address stay.
    pub(crate) fn delete_translated_to(&mut self, address: IpAddr) -> io::Result<usize> {
        let family = if address.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 };
        self.delete_if(family, |original, reply| {
            let replies_go_to = end_of(reply, CTA_IP_V4_DST, CTA_IP_V6_DST)?;
            let sender = end_of(original, CTA_IP_V4_SRC, CTA_IP_V6_SRC)?;
            Some(replies_go_to == address && sender != address)
        })
    }

    /// Deletes the entries of which that is so, given their two tuples; an entry that cannot be read stays.
    fn delete_if(
        &mut self,
        family: Family,
        is_meant: impl Fn(&Attribute<'_>, &Attribute<'_>) -> Option<bool>,
    ) -> io::Result<usize> {
        let entries = self.0.ask(Request::new(IPCTNL_MSG_CT_GET, NLM_F_DUMP, &header(family)))?;
        let mut deleted = 0;
        for (_, body) in entries.iter().filter(|(kind, _)| *kind == IPCTNL_MSG_CT_NEW) {
            if let Some(request) = deletion_if(&is_meant, family, body) {
                nothing_is_fine(self.0.ask(request))?;
                deleted += 1;
            }
        }
        Ok(deleted)
    }
}

/// `struct nfgenmsg`. Only from version 1 on does the kernel heed the family in a deletion without a tuple.
fn header(family: Family) -> [u8; 4] {
    [family_number(family), 1, 0, 0]
}

fn deletion_if(
    is_meant: &impl Fn(&Attribute<'_>, &Attribute<'_>) -> Option<bool>,
    family: Family,
    body: &[u8],
) -> Option<Request> {
    let damaged = Cell::new(0);
    let attributes = Attributes::new(body.get(4..)?, &damaged);
    let original = attributes.find(CTA_TUPLE_ORIG)?;
    let reply = attributes.find(CTA_TUPLE_REPLY)?;
    if !is_meant(&original, &reply)? {
        return None;
    }
    let request =
        Request::new(IPCTNL_MSG_CT_DELETE, NLM_F_ACK, &header(family)).with_nested(CTA_TUPLE_ORIG, original.value);
    // The id keeps a new flow between the same ends safe; the zone is part of an entry's name.
    let also = [CTA_ID, CTA_ZONE].into_iter().filter_map(|kind| attributes.find(kind));
    Some(also.fold(request, |request, attribute| request.with(attribute.kind, attribute.value)))
}

fn end_of(tuple: &Attribute<'_>, ipv4: u16, ipv6: u16) -> Option<IpAddr> {
    let addresses = tuple.nested().find(CTA_TUPLE_IP)?.nested();
    addresses.find(ipv4).or_else(|| addresses.find(ipv6))?.ip()
}

/// An entry that has ended by itself is as good as deleted.
fn nothing_is_fine<T: Default>(answer: io::Result<T>) -> io::Result<T> {
    match answer {
        Err(error) if error.raw_os_error() == Some(Errno::ENOENT as i32) => Ok(T::default()),
        answer => answer,
    }
}
