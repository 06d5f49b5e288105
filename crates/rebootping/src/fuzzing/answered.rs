//! The door to what servers elsewhere answer the courier: name servers, web servers and mail servers.

use crate::courier::{mail, names, post};

/// A datagram of a name server, or all that a web server or a mail server says.
pub fn answers(data: &[u8]) {
    names::read_any(data);
    post::read_any(data);
    mail::read_any(data);
}
