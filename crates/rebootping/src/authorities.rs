//! The authorities whose certificates this machine trusts.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::fs;
use std::path::PathBuf;

/// Where distributions keep them: Debian, Fedora, openSUSE, Alpine.
const FILES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// Names another file of them, as it does for openssl.
const NAMED: &str = "SSL_CERT_FILE";

/// All of them; none where the machine has no list.
pub(crate) fn trusted() -> RootCertStore {
    let named = std::env::var_os(NAMED).map(PathBuf::from);
    let found = named.into_iter().chain(FILES.map(PathBuf::from)).find_map(|path| fs::read(path).ok());
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(
        CertificateDer::pem_slice_iter(found.as_deref().unwrap_or_default()).filter_map(Result::ok),
    );
    roots
}
