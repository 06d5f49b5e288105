//! What the operator lets devices do: names that fit DNS, restrictions with their hours, and the firewall table that carries them
//! out; and which IPv6 prefixes they should use.
//!
//! Times of day come from outside, as the clock on the wall shows them; the core knows no time zone.

pub mod label;
pub mod lease;
pub mod names;
pub mod outlook;
pub mod prefix;
pub mod restriction;
pub mod schedule;
pub mod table;
