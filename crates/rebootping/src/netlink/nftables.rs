//! Looks at one nftables table of family inet, and hears when anything in it changes; writing is left to nft(8).

use super::exchange::Exchange;
use super::socket::receive_into;
use super::uapi::{
    NFNLGRP_NFTABLES, NFPROTO_INET, NFPROTO_UNSPEC, NFT_MSG_GETCHAIN, NFT_MSG_GETFLOWTABLE, NFT_MSG_GETRULE,
    NFT_MSG_GETSETELEM, NFT_MSG_GETTABLE, NFT_MSG_NEWCHAIN, NFT_MSG_NEWFLOWTABLE, NFT_MSG_NEWRULE, NFT_MSG_NEWSETELEM,
    NFT_MSG_NEWTABLE, NFTA_ANY_TABLE, NFTA_CHAIN_HOOK, NFTA_CHAIN_NAME, NFTA_CHAIN_POLICY, NFTA_CHAIN_TYPE,
    NFTA_COUNTER_BYTES, NFTA_COUNTER_PACKETS, NFTA_DATA_VALUE, NFTA_EXPR_DATA, NFTA_RULE_CHAIN, NFTA_RULE_EXPRESSIONS,
    NFTA_SET_ELEM_EXPR, NFTA_SET_ELEM_KEY, NFTA_SET_ELEM_LIST_ELEMENTS, NFTA_SET_ELEM_LIST_SET, NLM_F_ACK, NLM_F_DUMP,
};
use super::wire::{Attribute, Attributes, Frames, Request, array_at};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, setsockopt, socket, sockopt,
};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// `struct nfgenmsg` before the attributes.
const HEADER: usize = 4;
/// Room for what is announced while a firewall loads some thousand rules; what does not fit is as good as a change.
const RECEIVE_BUFFER: usize = 1 << 20;
const DATAGRAM: usize = 64 << 10;
/// Datagrams that one call reads at most.
const DATAGRAMS_PER_CALL: usize = 4096;

/// A socket for questions about tables.
#[derive(Debug)]
pub(crate) struct Nftables(Exchange);

/// What a table holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Listing {
    /// Its chains and rules in their order, as the kernel's bytes: to be compared, not read.
    pub(crate) rules: Vec<Vec<u8>>,
    /// The elements of its sets.
    pub(crate) sets: BTreeMap<String, Vec<Member>>,
}

/// An element of a set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Member {
    /// As the kernel compares it: the bytes of the packet.
    pub(crate) key: Vec<u8>,
    /// Packets that matched it, where it counts.
    pub(crate) packets: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
}

impl Nftables {
    pub(crate) fn open() -> io::Result<Self> {
        Exchange::open(SockProtocol::NetlinkNetFilter).map(Self)
    }

    /// Everything of a table but what its rules have counted; nothing where there is no such table.
    pub(crate) fn list(&mut self, table: &str, sets: &[&str]) -> io::Result<Option<Listing>> {
        let name = c_string(table);
        let question = Request::new(NFT_MSG_GETTABLE, NLM_F_ACK, &header(NFPROTO_INET)).with(NFTA_ANY_TABLE, &name);
        let Some(answer) = unless_absent(self.0.ask(question))? else { return Ok(None) };
        if !answer.iter().any(|(kind, _)| *kind == NFT_MSG_NEWTABLE) {
            return Ok(None);
        }
        let mut rules = self.dump(NFT_MSG_GETCHAIN, NFT_MSG_NEWCHAIN, table, chain)?;
        rules.extend(self.dump(NFT_MSG_GETRULE, NFT_MSG_NEWRULE, table, rule)?);
        let mut listing = Listing { rules, sets: BTreeMap::new() };
        for set in sets {
            // A set that is not there has no elements; the rules cannot be ours then.
            listing.sets.insert((*set).to_owned(), self.members(&name, set)?);
        }
        Ok(Some(listing))
    }

    /// Somebody has a flowtable: established flows in it pass all rules by.
    pub(crate) fn has_flowtable(&mut self) -> io::Result<bool> {
        let question = Request::new(NFT_MSG_GETFLOWTABLE, NLM_F_DUMP, &header(NFPROTO_UNSPEC));
        Ok(self.0.ask(question)?.iter().any(|(kind, _)| *kind == NFT_MSG_NEWFLOWTABLE))
    }

    /// What a dump says of one table, each answer as far as it is to be compared.
    fn dump(
        &mut self,
        question: u16,
        answer: u16,
        table: &str,
        read: impl Fn(&Attributes<'_>) -> Vec<u8>,
    ) -> io::Result<Vec<Vec<u8>>> {
        let question = Request::new(question, NLM_F_DUMP, &header(NFPROTO_INET)).with(NFTA_ANY_TABLE, &c_string(table));
        let damaged = Cell::new(0);
        let answers = self.0.ask(question)?;
        let bodies = answers.iter().filter(|(kind, _)| *kind == answer).filter_map(|(_, body)| body.get(HEADER..));
        let all = bodies.map(|body| Attributes::new(body, &damaged));
        Ok(all.filter(|it| is_of(it, table)).map(|it| read(&it)).collect())
    }

    fn members(&mut self, table: &[u8], set: &str) -> io::Result<Vec<Member>> {
        let question = Request::new(NFT_MSG_GETSETELEM, NLM_F_DUMP, &header(NFPROTO_INET))
            .with(NFTA_ANY_TABLE, table)
            .with(NFTA_SET_ELEM_LIST_SET, &c_string(set));
        let answers = unless_absent(self.0.ask(question))?.unwrap_or_default();
        let damaged = Cell::new(0);
        let lists = answers
            .iter()
            .filter(|(kind, _)| *kind == NFT_MSG_NEWSETELEM)
            .filter_map(|(_, body)| Attributes::new(body.get(HEADER..)?, &damaged).find(NFTA_SET_ELEM_LIST_ELEMENTS));
        Ok(lists.flat_map(|list| list.nested()).filter_map(|element| member(&element)).collect())
    }
}

/// Hears when anything in a table changes.
#[derive(Debug)]
pub(crate) struct Changes {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

impl Changes {
    pub(crate) fn open() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkNetFilter)?;
        if setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER).is_err() {
            setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER)?;
        }
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, 1 << (NFNLGRP_NFTABLES - 1)))?;
        Ok(Self { socket, buffer: vec![0; DATAGRAM] })
    }

    /// Takes in what was announced; true if any of it is about that table, or some was lost.
    pub(crate) fn hear(&mut self, table: &str) -> bool {
        let mut heard = false;
        for _ in 0..DATAGRAMS_PER_CALL {
            match receive_into(&self.socket, &mut self.buffer) {
                Ok((length, true)) => heard |= self.buffer.get(..length).is_none_or(|all| mentions(all, table)),
                Ok((_, false)) | Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => break,
                Err(_) => return true,
            }
        }
        heard
    }
}

impl AsFd for Changes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// An announcement about that table.
fn mentions(datagram: &[u8], table: &str) -> bool {
    let damaged = Cell::new(0);
    Frames::new(datagram, &damaged)
        .any(|frame| frame.body.get(HEADER..).is_some_and(|body| is_of(&Attributes::new(body, &damaged), table)))
}

fn is_of(attributes: &Attributes<'_>, table: &str) -> bool {
    attributes.find(NFTA_ANY_TABLE).is_some_and(|name| name.text() == table)
}

fn chain(attributes: &Attributes<'_>) -> Vec<u8> {
    values(attributes, &[NFTA_CHAIN_NAME, NFTA_CHAIN_HOOK, NFTA_CHAIN_POLICY, NFTA_CHAIN_TYPE])
}

fn rule(attributes: &Attributes<'_>) -> Vec<u8> {
    values(attributes, &[NFTA_RULE_CHAIN, NFTA_RULE_EXPRESSIONS])
}

/// The values of some attributes, each behind its length.
fn values(attributes: &Attributes<'_>, kinds: &[u16]) -> Vec<u8> {
    let found = kinds.iter().map(|kind| attributes.find(*kind).map_or(&[][..], |attribute| attribute.value));
    found.flat_map(|value| (value.len() as u32).to_be_bytes().into_iter().chain(value.iter().copied())).collect()
}

fn member(element: &Attribute<'_>) -> Option<Member> {
    let attributes = element.nested();
    let key = attributes.find(NFTA_SET_ELEM_KEY)?.nested().find(NFTA_DATA_VALUE)?.value.to_vec();
    let counter = attributes.find(NFTA_SET_ELEM_EXPR).and_then(|it| it.nested().find(NFTA_EXPR_DATA));
    let counted = |kind| {
        let value = counter.as_ref().and_then(|counter| counter.nested().find(kind));
        value.and_then(|value| array_at(value.value, 0)).map_or(0, u64::from_be_bytes)
    };
    Some(Member { key, packets: counted(NFTA_COUNTER_PACKETS), bytes: counted(NFTA_COUNTER_BYTES) })
}

/// `struct nfgenmsg`.
const fn header(family: u8) -> [u8; HEADER] {
    [family, 0, 0, 0]
}

fn c_string(text: &str) -> Vec<u8> {
    text.bytes().chain([0]).collect()
}

fn unless_absent<T>(answer: io::Result<T>) -> io::Result<Option<T>> {
    match answer {
        Err(error) if error.raw_os_error() == Some(Errno::ENOENT as i32) => Ok(None),
        answer => answer.map(Some),
    }
}
