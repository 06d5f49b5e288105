//! What people are told, from a gateway in the lab to servers on its Internet: mail by aiosmtpd of Debian, a name server, HTTP.

mod hooks;
mod internet;
mod kinds;
mod newcomers;
mod notes;
mod places;
mod sinks;
#[path = "../street/street.rs"]
#[expect(dead_code, reason = "the tests of devices ask it more")]
mod street;
