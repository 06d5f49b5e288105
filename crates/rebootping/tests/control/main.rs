//! Devices restricted and named as an operator orders it: real Shorewall, nftables, dnsmasq and Kea in network namespaces.

mod firewall;
mod kea;
mod orders;
mod quarantine;
mod rename;
mod restrict;
mod support;
