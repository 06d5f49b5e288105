//! The daemon on a gateway with two or three ISPs and a real Shorewall, held to what it promises.

mod asking;
mod check;
mod denials;
mod exec;
mod failover;
mod flows;
mod hold_down;
mod ipv6;
mod observe;
mod orders;
mod plain_routes;
mod providers;
mod refusals;
mod release;
mod slow_disk;
mod support;
mod targets;
mod told;
