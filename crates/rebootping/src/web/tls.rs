//! TLS with the operator's certificate, read as root before the process gives up reading what is not its own.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What accepts TLS connections.
pub(super) fn load(certificate: &Path, key: &Path) -> io::Result<TlsAcceptor> {
    let named = |path: &Path, error: &dyn std::fmt::Display| io::Error::other(format!("{}: {error}", path.display()));
    let read = |path: &Path| fs::read(path).map_err(|error| named(path, &error));
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(certificate)?)
        .collect::<Result<_, _>>()
        .map_err(|error| named(certificate, &error))?;
    let secret = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|error| named(key, &error))?;
    let versions = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = versions
        .with_safe_default_protocol_versions()
        .and_then(|versions| versions.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|error| named(certificate, &error))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
