//! What Wireshark asks of its extcap programs, word for word, and what operators ask about Wireshark.

use crate::duration::When;
use crate::wireshark::{Address, Fingerprint};
use clap::{Args, Subcommand};
use std::net::IpAddr;
use std::path::PathBuf;

/// The calls of Wireshark's extcap interface (extcap(4)). One of the first four is made at a time; a capture filter without any of
/// them is to be judged.
#[expect(clippy::struct_excessive_bools, reason = "Wireshark's calls are flags side by side")]
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[group(skip)]
pub(crate) struct Extcap {
    /// List what can be captured.
    #[arg(long = "extcap-interfaces", group = "call")]
    pub(crate) interfaces: bool,
    /// List what packets of the interface begin with.
    #[arg(long = "extcap-dlts", group = "call", requires = "interface")]
    pub(crate) types: bool,
    /// List the options of a capture.
    #[arg(long = "extcap-config", group = "call", requires = "interface")]
    pub(crate) options: bool,
    /// Capture.
    #[arg(long, group = "call", requires = "interface", requires = "fifo")]
    pub(crate) capture: bool,
    /// One of those listed.
    #[arg(long = "extcap-interface", value_name = "NAME")]
    pub(crate) interface: Option<String>,
    /// The pipe that takes the packets, as pcapng.
    #[arg(long, value_name = "PIPE")]
    pub(crate) fifo: Option<PathBuf>,
    /// Only packets from or to hosts, as in "host 10.0.0.5 or host 10.0.0.6".
    #[arg(long = "extcap-capture-filter", value_name = "FILTER", requires = "interface")]
    pub(crate) filter: Option<String>,
    /// Wireshark's version, which makes no difference.
    #[arg(long = "extcap-version", value_name = "VERSION")]
    pub(crate) wireshark: Option<String>,
    /// Packets from then on instead of from now: RFC 3339, or an age such as 2h.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<When>,
    /// End with packets of then instead of going on.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<When>,
    /// Only packets from or to this address.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) host: Option<IpAddr>,
    /// As many bytes of each packet.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..=262_144))]
    pub(crate) snaplen: Option<u32>,
    /// The page of a gateway elsewhere, whose packets are meant; `REBOOTPING_GATEWAY` is another way to name it.
    #[arg(long, value_name = "URL", overrides_with = "gateway")]
    pub(crate) gateway: Option<String>,
    /// The SHA-256 fingerprint of its certificate, where no authority vouches for that; or `REBOOTPING_FINGERPRINT`.
    #[arg(long, value_name = "SHA256", overrides_with = "fingerprint")]
    pub(crate) fingerprint: Option<String>,
    /// A token of that page, as Wireshark hands it over; by hand, set `REBOOTPING_TOKEN`, which others cannot read.
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Option<String>,
    /// One of that gateway's devices, by name or MAC, or one of its links.
    #[arg(long, value_name = "DEVICE")]
    pub(crate) device: Option<String>,
    /// List the values of one option only.
    #[arg(long = "extcap-reload-option", value_name = "OPTION", requires = "options")]
    pub(crate) reload: Option<String>,
}

/// What is done for Wireshark.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum WiresharkOrder {
    /// Have Wireshark and tshark list this gateway's devices among their interfaces.
    Install {
        /// For all users of this machine instead of this one.
        #[arg(long)]
        system: bool,
        /// Take it back.
        #[arg(long)]
        undo: bool,
        /// List the devices of a gateway elsewhere, by its page's address, instead of this machine's.
        #[arg(long, value_name = "URL", conflicts_with = "undo")]
        gateway: Option<Address>,
        /// The SHA-256 fingerprint of its certificate, where no authority vouches for that.
        #[arg(long, value_name = "SHA256", requires = "gateway")]
        fingerprint: Option<Fingerprint>,
    },
    /// Write a profile: names of devices, colours for events and links, a column for devices.
    Profile {
        /// The profile's folder, such as ~/.config/wireshark/profiles/gateway.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}
