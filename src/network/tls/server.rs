//! The rustls configuration of a server.

use std::sync::Arc;

use rustls::ServerConfig;

use super::certificate::ReloadingCertificate;
use super::verifier::ReloadingClientVerifier;
use super::{ServerTlsConfig, parameters};
use crate::pipeline::BuildError;

impl ServerTlsConfig {
    /// The rustls configuration that speaks the protocols `alpn`, best first; with `client_ca_file`
    /// clients must show a certificate.
    ///
    /// # Errors
    ///
    /// A sentence that names the field, and the file where it is one.
    pub fn server_config(&self, alpn: &[&[u8]]) -> Result<Arc<ServerConfig>, BuildError> {
        let failed = |message: String| BuildError(format!("failed to load TLS config: {message}"));
        let provider = parameters::provider(&self.shared)?;
        let versions = parameters::versions(&self.shared)?;
        let certificate = ReloadingCertificate::load(&self.shared, &provider).map_err(failed)?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions)
            .map_err(|error| failed(error.to_string()))?;
        let builder = if self.client_ca_file.is_empty() {
            builder.with_no_client_auth()
        } else {
            let verifier =
                ReloadingClientVerifier::load(&self.client_ca_file, self.client_ca_file_reload, provider)
                    .map_err(|message| failed(format!("failed to load client CA CertPool: {message}")))?;
            builder.with_client_cert_verifier(Arc::new(verifier))
        };
        let mut config = builder.with_cert_resolver(Arc::new(certificate));
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(Arc::new(config))
    }
}
