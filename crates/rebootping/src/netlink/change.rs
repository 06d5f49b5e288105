//! Changes rules and default routes, each request safe to make twice.

use super::exchange::Exchange;
use super::uapi::{
    FR_ACT_TO_TBL, FRA_FWMARK, FRA_FWMASK, FRA_PRIORITY, FRA_TABLE, NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL,
    NLM_F_REPLACE, RT_TABLE_COMPAT, RTA_GATEWAY, RTA_OIF, RTA_TABLE, RTA_VIA, RTM_DELROUTE, RTM_DELRULE, RTM_GETROUTE,
    RTM_NEWROUTE, RTM_NEWRULE, RTN_UNICAST, RTNH_F_ONLINK, RTPROT_STATIC, family_number,
};
use super::wire::{Attributes, Request, u32_at};
use nix::errno::Errno;
use nix::sys::socket::SockProtocol;
use rebootping_core::link::Family;
use std::cell::Cell;
use std::io;
use std::net::IpAddr;

/// A rule that sends packets of one firewall mark to one table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct MarkRule {
    pub(crate) family: Family,
    pub(crate) priority: u32,
    pub(crate) mark: u32,
    pub(crate) mask: u32,
    pub(crate) table: u32,
}

/// A socket for changes; each waits for the kernel's word, at most 2 s.
#[derive(Debug)]
pub(crate) struct Routing(Exchange);

impl Routing {
    pub(crate) fn open() -> io::Result<Self> {
        Exchange::open(SockProtocol::NetlinkRoute).map(Self)
    }

    /// Adds the rule; one that is there already is fine.
    pub(crate) fn add_rule(&mut self, rule: &MarkRule) -> io::Result<()> {
        let answer = self.0.ask(rule_request(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule));
        unless(&[Errno::EEXIST], answer)
    }

    /// Deletes the rule; one that is not there is fine.
    pub(crate) fn delete_rule(&mut self, rule: &MarkRule) -> io::Result<()> {
        unless(&[Errno::ENOENT], self.0.ask(rule_request(RTM_DELRULE, 0, rule)))
    }

    /// Puts the default route of a table, of metric 0 (IPv6: 1024), in place of any other. The gateway is taken to be on
    /// that link whatever the addresses say, as providers with a /32 need it; `None` on a point-to-point device.
    pub(crate) fn replace_default(
        &mut self,
        family: Family,
        gateway: Option<IpAddr>,
        index: u32,
        table: u32,
    ) -> io::Result<()> {
        let hop_flags = if gateway.is_some() { RTNH_F_ONLINK } else { 0 };
        let header = route_header(family, hop_flags);
        let request = Request::new(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, &header)
            .with_u32(RTA_TABLE, table)
            .with_u32(RTA_OIF, index);
        let request = match gateway {
            Some(gateway) => with_gateway(request, family, gateway),
            None => request,
        };
        self.0.ask(request).map(drop)
    }

    /// Deletes every route of a table; an empty one is fine.
    pub(crate) fn flush_table(&mut self, family: Family, table: u32) -> io::Result<()> {
        for route in self.routes_of(family, table)? {
            let request = Request::new(RTM_DELROUTE, NLM_F_ACK, &route);
            unless(&[Errno::ESRCH, Errno::ENOENT], self.0.ask(request))?;
        }
        Ok(())
    }

    /// The routes of a table as the kernel wrote them, so that they name themselves when they are deleted.
    fn routes_of(&mut self, family: Family, table: u32) -> io::Result<Vec<Vec<u8>>> {
        let mut header = [0; 12];
        header[0] = family_number(family);
        let request = Request::new(RTM_GETROUTE, NLM_F_DUMP, &header).with_u32(RTA_TABLE, table);
        let answers = match self.0.ask(request) {
            Err(error) if error.raw_os_error() == Some(Errno::ENOENT as i32) => return Ok(Vec::new()),
            answers => answers?,
        };
        let routes = answers.into_iter().filter(|(kind, _)| *kind == RTM_NEWROUTE).map(|(_, body)| body);
        Ok(routes.filter(|body| table_of(body) == Some(table)).collect())
    }
}

fn rule_request(kind: u16, flags: u16, rule: &MarkRule) -> Request {
    let header = [family_number(rule.family), 0, 0, 0, RT_TABLE_COMPAT, 0, 0, FR_ACT_TO_TBL, 0, 0, 0, 0];
    Request::new(kind, flags | NLM_F_ACK, &header)
        .with_u32(FRA_PRIORITY, rule.priority)
        .with_u32(FRA_FWMARK, rule.mark)
        .with_u32(FRA_FWMASK, rule.mask)
        .with_u32(FRA_TABLE, rule.table)
}

/// `struct rtmsg` of a unicast default route, of global scope as one with a gateway must be.
fn route_header(family: Family, hop_flags: u32) -> Vec<u8> {
    let mut header = vec![family_number(family), 0, 0, 0, RT_TABLE_COMPAT, RTPROT_STATIC, 0, RTN_UNICAST];
    header.extend(hop_flags.to_ne_bytes());
    header
}

/// A gateway of the other family is given as `struct rtvia`.
fn with_gateway(request: Request, family: Family, gateway: IpAddr) -> Request {
    match (family, gateway) {
        (Family::Ipv4, IpAddr::V6(gateway)) => {
            let via = u16::from(family_number(Family::Ipv6)).to_ne_bytes();
            request.with(RTA_VIA, &[&via[..], &gateway.octets()].concat())
        }
        (Family::Ipv4 | Family::Ipv6, gateway) => request.with_ip(RTA_GATEWAY, gateway),
    }
}

fn table_of(route: &[u8]) -> Option<u32> {
    let damaged = Cell::new(0);
    let attribute = Attributes::new(route.get(12..)?, &damaged).find(RTA_TABLE)?;
    u32_at(attribute.value, 0)
}

/// Takes these errors as success: what was asked for is already so.
fn unless<T>(fine: &[Errno], answer: io::Result<T>) -> io::Result<()> {
    match answer {
        Err(error) if fine.iter().any(|&errno| error.raw_os_error() == Some(errno as i32)) => Ok(()),
        answer => answer.map(drop),
    }
}
