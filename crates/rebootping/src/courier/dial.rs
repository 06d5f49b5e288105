//! Connects to a host by name, and encrypts the connection once both want that.

use super::names::Names;
use super::wire::{Timed, Wire};
use crate::authorities;
use crate::clock;
use rebootping_core::time::Time;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, Error, StreamOwned};
use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// No address of a host that has several is waited for longer.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);

/// All it takes to connect, read while files could be read.
pub(super) struct Dialer {
    names: Names,
    /// None where no version of TLS can be spoken, which is not so.
    tls: Result<Arc<ClientConfig>, Error>,
}

impl Dialer {
    /// Reads the list of authorities that this machine trusts.
    pub(super) fn prepare() -> Self {
        let versions = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let tls = versions
            .with_safe_default_protocol_versions()
            .map(|versions| Arc::new(versions.with_root_certificates(authorities::trusted()).with_no_client_auth()));
        Self { names: Names::default(), tls }
    }

    /// The file that says who knows names is another one than the one that may be read.
    pub(super) fn names_moved(&self) -> bool {
        self.names.moved()
    }

    /// Connects; all that is ever said over it must be said by then.
    pub(super) fn dial(&self, host: &str, port: u16, until: Time) -> Result<Wire, String> {
        let mut error = None;
        for address in self.names.look_up(host, until)? {
            let limit = clock::until(until).min(CONNECTED_WITHIN);
            if limit.is_zero() {
                break;
            }
            match TcpStream::connect_timeout(&(address, port).into(), limit) {
                Ok(stream) => {
                    // Lines of SMTP are short, and each waits for an answer.
                    drop(stream.set_nodelay(true));
                    return Ok(Wire::Plain(Timed::new(stream, until)));
                }
                Err(why) => error = Some(why),
            }
        }
        let why = error.unwrap_or_else(|| io::Error::new(io::ErrorKind::TimedOut, "it took too long"));
        Err(format!("{host} port {port} cannot be reached: {why}"))
    }

    /// Encrypts a connection to this host, and is sure of the other end.
    pub(super) fn encrypt(&self, wire: Wire, host: &str) -> Result<Wire, String> {
        let Wire::Plain(mut stream) = wire else { return Ok(wire) };
        let config = self.tls.as_ref().map_err(ToString::to_string)?;
        let name = ServerName::try_from(host.to_owned()).map_err(|_| format!("{host:?} is no name of a host"))?;
        let mut connection = ClientConnection::new(Arc::clone(config), name).map_err(|error| error.to_string())?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream).map_err(|error| not_encrypted(host, &error))?;
        }
        Ok(Wire::Encrypted(Box::new(StreamOwned::new(connection, stream))))
    }
}

fn not_encrypted(host: &str, error: &io::Error) -> String {
    match error.get_ref().and_then(|error| error.downcast_ref()) {
        Some(Error::InvalidCertificate(why)) => format!(
            "{host} shows a certificate that this machine does not trust ({why:?}); where it is one of your own, add its authority to this machine's list (update-ca-certificates)"
        ),
        _ => format!("{host} does not speak TLS as expected: {error}"),
    }
}
