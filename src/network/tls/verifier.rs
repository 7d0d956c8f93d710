//! Who is trusted beyond what rustls offers: any server where asked for, and clients by a CA file that
//! may change.

use std::fs;
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::material;

/// Accepts any certificate of a server (`insecure_skip_verify`), though the server must own its key.
#[derive(Debug)]
pub(super) struct AnyServerCertificate {
    provider: Arc<CryptoProvider>,
}

impl AnyServerCertificate {
    pub(super) const fn new(provider: Arc<CryptoProvider>) -> Self {
        Self { provider }
    }
}

impl ServerCertVerifier for AnyServerCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Verifies clients by `client_ca_file`, which is read again after a change where
/// `client_ca_file_reload` says so; a file that cannot be read leaves the last good one in force.
#[derive(Debug)]
pub(super) struct ReloadingClientVerifier {
    path: String,
    reload: bool,
    provider: Arc<CryptoProvider>,
    loaded: Mutex<LoadedVerifier>,
}

#[derive(Debug)]
struct LoadedVerifier {
    verifier: Arc<dyn ClientCertVerifier>,
    version: Option<FileVersion>,
}

/// What changes when a file does.
#[derive(Debug, PartialEq, Eq)]
struct FileVersion {
    modified: SystemTime,
    bytes: u64,
}

impl ReloadingClientVerifier {
    /// Reads the CA file for the first time.
    pub(super) fn load(path: &str, reload: bool, provider: Arc<CryptoProvider>) -> Result<Self, String> {
        let version = file_version(path);
        let verifier = client_verifier(path, &provider)?;
        let loaded = Mutex::new(LoadedVerifier { verifier, version });
        Ok(Self { path: path.to_owned(), reload, provider, loaded })
    }

    fn current(&self) -> Arc<dyn ClientCertVerifier> {
        let mut loaded = self.loaded.lock();
        if self.reload {
            let version = file_version(&self.path);
            if version != loaded.version {
                loaded.version = version;
                match client_verifier(&self.path, &self.provider) {
                    Ok(verifier) => loaded.verifier = verifier,
                    Err(error) => tracing::warn!(%error, "keeping the last good client CA certificates"),
                }
            }
        }
        Arc::clone(&loaded.verifier)
    }
}

fn file_version(path: &str) -> Option<FileVersion> {
    let metadata = fs::metadata(path).ok()?;
    Some(FileVersion { modified: metadata.modified().ok()?, bytes: metadata.len() })
}

fn client_verifier(
    path: &str,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let roots = Arc::new(material::roots_of_file("client_ca_file", path)?);
    let built = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider)).build();
    built.map_err(|error| format!("tls.client_ca_file {path:?}: {error}"))
}

impl ClientCertVerifier for ReloadingClientVerifier {
    /// No hints: they would have to outlive a reload, and clients do without.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.current().verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
