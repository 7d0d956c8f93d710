//! Certificates and keys read from PEM files or PEM text, with errors that name the field and the file.

use std::fs;
use std::path::Path;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::TlsConfig;

/// The own certificate chain and key, checked against each other.
pub(super) fn certified_key(config: &TlsConfig, provider: &CryptoProvider) -> Result<CertifiedKey, String> {
    let failed = |message: String| format!("failed to load TLS cert and key: {message}");
    let chain_pem = pem("cert_file", &config.cert_file, config.cert_pem.reveal()).map_err(failed)?;
    let chain = certificates(&chain_pem).map_err(failed)?;
    let key_pem = pem("key_file", &config.key_file, config.key_pem.reveal()).map_err(failed)?;
    let key = PrivateKeyDer::from_pem_slice(&key_pem.text)
        .map_err(|error| failed(format!("{} holds no private key in PEM: {error}", key_pem.source)))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| {
        failed(format!("{} and {} do not work together: {error}", chain_pem.source, key_pem.source))
    })
}

/// The CA certificates that the peer's certificate must lead to: the given ones, and the system's where
/// asked for or where none is given.
pub(super) fn roots(config: &TlsConfig) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    if config.has_ca() {
        let ca_pem = pem("ca_file", &config.ca_file, config.ca_pem.reveal())
            .map_err(|message| format!("failed to load CA CertPool: {message}"))?;
        add_roots(&mut roots, &ca_pem).map_err(|message| format!("failed to load CA CertPool: {message}"))?;
    }
    if !config.has_ca() || config.include_system_ca_certs_pool {
        add_system_roots(&mut roots);
    }
    Ok(roots)
}

/// The CA certificates of one PEM file.
pub(super) fn roots_of_file(field: &'static str, path: &str) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    add_roots(&mut roots, &pem(field, path, "")?)?;
    Ok(roots)
}

struct Pem {
    /// The field, and the file where there is one, for messages.
    source: String,
    text: Vec<u8>,
}

fn pem(field: &'static str, path: &str, text: &str) -> Result<Pem, String> {
    if path.is_empty() {
        let field = field.replace("_file", "_pem");
        return Ok(Pem { source: format!("tls.{field}"), text: text.as_bytes().to_vec() });
    }
    let source = format!("tls.{field} {path:?}");
    match fs::read(Path::new(path)) {
        Ok(text) => Ok(Pem { source, text }),
        Err(error) => Err(format!("cannot read {source}: {error}")),
    }
}

fn certificates(pem: &Pem) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem.text).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => {
            Err(format!("{} holds no certificate in PEM", pem.source))
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(format!("{} is not valid PEM: {error}", pem.source)),
    }
}

fn add_roots(roots: &mut RootCertStore, pem: &Pem) -> Result<(), String> {
    for certificate in certificates(pem)? {
        roots
            .add(certificate)
            .map_err(|error| format!("{} holds a certificate that cannot be used: {error}", pem.source))?;
    }
    Ok(())
}

fn add_system_roots(roots: &mut RootCertStore) {
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::warn!(%error, "a CA certificate of the system cannot be read");
    }
    let (added, _) = roots.add_parsable_certificates(system.certs);
    if added == 0 {
        tracing::warn!("the system has no CA certificates: no server can be verified; set tls.ca_file");
    }
}
