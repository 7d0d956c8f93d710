//! The rustls configuration of a client.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;

use super::certificate::ReloadingCertificate;
use super::verifier::AnyServerCertificate;
use super::{ClientTlsConfig, material, parameters};
use crate::pipeline::BuildError;

impl ClientTlsConfig {
    /// The rustls configuration that offers the protocols `alpn`, best first; none where the section asks
    /// for plain text.
    ///
    /// # Errors
    ///
    /// A sentence that names the field, and the file where it is one.
    pub fn client_config(&self, alpn: &[&[u8]]) -> Result<Option<Arc<ClientConfig>>, BuildError> {
        if self.insecure && !self.shared.has_ca() {
            return Ok(None);
        }
        self.client_config_of_https(alpn).map(Some)
    }

    /// As [`client_config`](Self::client_config), for an endpoint whose `https` overrules `insecure`.
    ///
    /// # Errors
    ///
    /// A sentence that names the field, and the file where it is one.
    pub fn client_config_of_https(&self, alpn: &[&[u8]]) -> Result<Arc<ClientConfig>, BuildError> {
        let failed = |message: String| BuildError(format!("failed to load TLS config: {message}"));
        let provider = parameters::provider(&self.shared)?;
        let versions = parameters::versions(&self.shared)?;
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions)
            .map_err(|error| failed(error.to_string()))?;
        let builder = if self.insecure_skip_verify {
            let verifier = Arc::new(AnyServerCertificate::new(Arc::clone(&provider)));
            builder.dangerous().with_custom_certificate_verifier(verifier)
        } else {
            builder.with_root_certificates(material::roots(&self.shared).map_err(failed)?)
        };
        let mut config = if self.shared.has_certificate() {
            let certificate = ReloadingCertificate::load(&self.shared, &provider).map_err(failed)?;
            builder.with_client_cert_resolver(Arc::new(certificate))
        } else {
            builder.with_no_client_auth()
        };
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(Arc::new(config))
    }

    /// The name the server's certificate must carry: `server_name_override`, else `host` (a DNS name or
    /// an IP address, IPv6 with or without brackets).
    ///
    /// # Errors
    ///
    /// A sentence that names the field.
    pub fn server_name(&self, host: &str) -> Result<ServerName<'static>, BuildError> {
        let (field, name) = match self.server_name_override.as_str() {
            "" => ("endpoint", host.trim_start_matches('[').trim_end_matches(']')),
            name => ("tls.server_name_override", name),
        };
        ServerName::try_from(name.to_owned())
            .map_err(|_| BuildError(format!("{field}: {name:?} is neither a DNS name nor an IP address")))
    }
}
