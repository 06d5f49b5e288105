//! Devices restricted and named as an operator orders it: real Shorewall, nftables, dnsmasq and Kea in network namespaces.

mod delegated;
mod firewall;
mod kea;
mod orders;
mod prefixes;
mod quarantine;
mod rename;
mod restrict;
mod socket;
mod support;
