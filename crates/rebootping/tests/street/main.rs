//! Devices as a running daemon reports them: a street of real clients and servers before a gateway, and a report that says exactly that.

mod later;
mod live;
mod mischief;
mod servers;
mod street;
mod support;
