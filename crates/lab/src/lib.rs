//! Internet providers, a gateway with real Shorewall and a LAN, in network namespaces: for tests, the demo and benches.
//!
//! ```no_run
//! use rebootping_lab::{Family, Lab, SWITCH_LIMIT, wait_until};
//!
//! let lab = Lab::builder("example").isps(2).build();
//! let daemon = lab.gw().daemon("[select]\nhold_down = \"10s\"\n");
//! daemon.wait_ready();
//! lab.isp(1).blackhole(true);
//! wait_until("wan1 left the balance", SWITCH_LIMIT, || !lab.gw().balance_has("wan1", Family::V4));
//! ```
//!
//! Everything a lab made is gone when it is dropped, also by a panic. It needs root; no packet leaves the namespaces.

mod child;
pub mod crowd;
mod daemon;
mod dhcp;
mod echo_log;
mod echo_server;
mod fault;
mod files;
mod flood;
mod flow;
mod flows;
mod gateway;
mod isp;
mod lab;
mod ns;
pub mod openmetrics;
mod plan;
mod ra;
mod random;
mod remains;
mod rtnl;
mod shorewall;
mod spec;
mod stop;
mod sys;
pub mod talk;
mod topology;
mod tun;
mod wait;
mod watcher;
mod wire;
mod yard;

pub use daemon::Daemon;
pub use echo_log::Echo;
pub use flood::{Flood, Tap, imix, udp_frame};
pub use flow::{FlowReport, Protocol};
pub use flows::Flows;
pub use gateway::Gw;
pub use isp::Isp;
pub use lab::Lab;
pub use ns::Ns;
pub use plan::{
    Family, PUBLIC_V4, PUBLIC_V6, TARGETS_V4, TARGETS_V6, gateway_v4, gateway_v6, isp_link_local, isp_v4, isp_v6, wan,
};
pub use remains::{remove_own, sweep};
pub use rtnl::DefaultRoute;
pub use spec::{Builder, Isusable, Style};
pub use sys::open_tun;
pub use wait::{SWITCH_LIMIT, wait_until};
pub use watcher::{Change, Gap, Watcher};
pub use wire::{Conditions, Wire};
pub use yard::Yard;
