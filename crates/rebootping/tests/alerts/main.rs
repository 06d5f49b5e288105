//! What people are told, from a gateway in the lab to servers on its Internet: mail by aiosmtpd of Debian, a name server, HTTP.

mod hooks;
mod internet;
mod sinks;
