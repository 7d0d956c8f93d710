//! The own certificate, read again from its files every `reload_interval`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{TlsConfig, material};

/// Hands the own certificate to each handshake.
///
/// A handshake that finds the interval passed reads the files itself: two small files, once per
/// interval. Where they cannot be read or do not fit together the last good certificate stays.
#[derive(Debug)]
pub(super) struct ReloadingCertificate {
    config: TlsConfig,
    provider: Arc<CryptoProvider>,
    interval: Option<Duration>,
    loaded: Mutex<LoadedCertificate>,
}

#[derive(Debug)]
struct LoadedCertificate {
    certificate: Arc<CertifiedKey>,
    read_at: Instant,
}

impl ReloadingCertificate {
    /// Reads the certificate for the first time.
    pub(super) fn load(config: &TlsConfig, provider: &Arc<CryptoProvider>) -> Result<Self, String> {
        let certificate = Arc::new(material::certified_key(config, provider)?);
        let from_files = !config.cert_file.is_empty() || !config.key_file.is_empty();
        Ok(Self {
            config: config.clone(),
            provider: Arc::clone(provider),
            interval: config.reload_interval.limit().filter(|_| from_files),
            loaded: Mutex::new(LoadedCertificate { certificate, read_at: Instant::now() }),
        })
    }

    fn current(&self) -> Arc<CertifiedKey> {
        let mut loaded = self.loaded.lock();
        if self.interval.is_some_and(|interval| loaded.read_at.elapsed() >= interval) {
            loaded.read_at = Instant::now();
            match material::certified_key(&self.config, &self.provider) {
                Ok(certificate) => loaded.certificate = Arc::new(certificate),
                Err(error) => tracing::warn!(%error, "keeping the last good TLS certificate"),
            }
        }
        Arc::clone(&loaded.certificate)
    }
}

impl ResolvesServerCert for ReloadingCertificate {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

impl ResolvesClientCert for ReloadingCertificate {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }

    fn has_certs(&self) -> bool {
        true
    }
}
