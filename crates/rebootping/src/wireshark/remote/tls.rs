//! Whom we talk to, proven: a certificate the operator pinned, or one that an authority of this machine vouches for.

use super::fingerprint::Fingerprint;
use crate::authorities::trusted;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
};
use std::net::TcpStream;
use std::sync::{Arc, OnceLock};

/// An encrypted connection.
pub(super) type Encrypted = StreamOwned<ClientConnection, TcpStream>;

/// Speaks TLS over a connection, and is sure of the other end; the error is what to tell the operator.
pub(super) fn encrypt(mut stream: TcpStream, host: &str, pinned: Option<Fingerprint>) -> Result<Encrypted, String> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(Verifier::new(&provider, pinned)?);
    let name = ServerName::try_from(host.to_owned()).map_err(|_| format!("{host:?} is no name of a host"))?;
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions.map_err(|error| error.to_string())?.dangerous();
    let config = config.with_custom_certificate_verifier(Arc::clone(&verifier) as _).with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())?;
    while connection.is_handshaking() {
        let shaken = connection.complete_io(&mut stream);
        shaken.map_err(|error| verifier.explain(error.get_ref().and_then(|error| error.downcast_ref()), &error))?;
    }
    Ok(StreamOwned::new(connection, stream))
}

/// Decides about a certificate.
#[derive(Debug)]
struct Verifier {
    trust: Trust,
    provider: Arc<CryptoProvider>,
    /// What was shown, for the operator to compare.
    shown: OnceLock<Fingerprint>,
}

#[derive(Debug)]
enum Trust {
    /// In this certificate alone, whatever it says of itself.
    Pinned(Fingerprint),
    /// In the authorities of this machine.
    Authorities(Arc<WebPkiServerVerifier>),
}

impl Verifier {
    fn new(provider: &Arc<CryptoProvider>, pinned: Option<Fingerprint>) -> Result<Self, String> {
        let trust = match pinned {
            Some(pinned) => Trust::Pinned(pinned),
            None => Trust::Authorities(authorities(provider)?),
        };
        Ok(Self { trust, provider: Arc::clone(provider), shown: OnceLock::new() })
    }

    /// Why no connection came about.
    fn explain(&self, tls: Option<&Error>, error: &std::io::Error) -> String {
        let (Some(Error::InvalidCertificate(why)), Some(shown)) = (tls, self.shown.get()) else {
            return format!("does not speak TLS as expected ({error}); is it the page, and has it a certificate?");
        };
        match self.trust {
            Trust::Pinned(pinned) => format!(
                "shows another certificate than the one pinned, {pinned}; either it was renewed, or somebody is in between. It shows {shown}: compare that with what `openssl x509 -noout -fingerprint -sha256 -in CERT` prints on the gateway, and pin it only if they agree"
            ),
            Trust::Authorities(_) => format!(
                "shows a certificate that this machine does not trust ({why:?}). Its fingerprint is {shown}: compare that with what `openssl x509 -noout -fingerprint -sha256 -in CERT` prints on the gateway, and give it as the fingerprint if they agree"
            ),
        }
    }
}

fn authorities(provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, String> {
    let missing = "cannot be trusted: this machine has no list of authorities; give the certificate's fingerprint";
    WebPkiServerVerifier::builder_with_provider(Arc::new(trusted()), Arc::clone(provider))
        .build()
        .map_err(|_| missing.to_owned())
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = *self.shown.get_or_init(|| Fingerprint::of(end_entity));
        match &self.trust {
            Trust::Pinned(pinned) if *pinned == shown => Ok(ServerCertVerified::assertion()),
            Trust::Pinned(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
            Trust::Authorities(known) => {
                known.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
