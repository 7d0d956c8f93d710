//! The Collector's `tls` blocks, for clients and for servers, and the rustls configurations built from
//! them.

mod certificate;
mod client;
mod material;
mod parameters;
mod server;
#[cfg(test)]
mod tests;
mod verifier;

use crate::config::{Checking, GoDuration, Secret};
use crate::config_section;

config_section! {
    /// What a TLS client and a TLS server have in common.
    pub struct TlsConfig {
        /// The CA certificates the peer's certificate must lead to, a PEM file.
        pub ca_file: String = String::new(),
        /// The CA certificates as PEM text, in place of `ca_file`.
        pub ca_pem: Secret = Secret::default(),
        /// The own certificate chain, a PEM file.
        pub cert_file: String = String::new(),
        /// The own certificate chain as PEM text, in place of `cert_file`.
        pub cert_pem: Secret = Secret::default(),
        /// The own private key, a PEM file.
        pub key_file: String = String::new(),
        /// The own private key as PEM text, in place of `key_file`.
        pub key_pem: Secret = Secret::default(),
        /// The oldest protocol version spoken: `1.2` or `1.3`; `1.0` and `1.1` are raised to `1.2`.
        pub min_version: String = String::new(),
        /// The newest protocol version spoken: `1.2` or `1.3`.
        pub max_version: String = String::new(),
        /// The cipher suites of TLS 1.2, by their IANA names; those of TLS 1.3 are always on.
        pub cipher_suites: Vec<String> = Vec::new(),
        /// The key exchange groups, best first: `X25519`, `P256`, `P384`.
        pub curve_preferences: Vec<String> = Vec::new(),
        /// Accepted for the Collector's configurations; Weir has no insecure cipher suites.
        pub include_insecure_cipher_suites: bool = false,
        /// Whether the system's CA certificates count besides the given ones.
        pub include_system_ca_certs_pool: bool = false,
        /// How often `cert_file` and `key_file` are read again; 0 for never.
        pub reload_interval: GoDuration = GoDuration::ZERO,
        /// A private key inside a trusted platform module. Not supported.
        pub tpm: TpmConfig = TpmConfig::default(),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// The Collector's block for keys inside a trusted platform module, which Weir refuses.
    pub struct TpmConfig {
        /// Whether the key is inside a module.
        pub enabled: bool = false,
        /// The module's device or socket.
        pub path: String = String::new(),
        /// The key's password.
        pub auth: Secret = Secret::default(),
        /// The owner's password.
        pub owner_auth: Secret = Secret::default(),
    }
    check(section, checking) {
        if section.enabled {
            checking.error_at("enabled", "keys inside a TPM are not supported; use key_file or key_pem");
        }
    }
}

config_section! {
    /// TLS of a client.
    pub struct ClientTlsConfig {
        /// The fields of both sides.
        pub [flatten] shared: TlsConfig = TlsConfig::default(),
        /// Plain text instead of TLS, unless CA certificates are given.
        pub insecure: bool = false,
        /// Whether any certificate of the server is accepted.
        pub insecure_skip_verify: bool = false,
        /// The server name asked for and verified, in place of the endpoint's host.
        pub server_name_override: String = String::new(),
    }
}

config_section! {
    /// TLS of a server.
    pub struct ServerTlsConfig {
        /// The fields of both sides.
        pub [flatten] shared: TlsConfig = TlsConfig::default(),
        /// The CA certificates every client's certificate must lead to, a PEM file; turns on mutual TLS.
        pub client_ca_file: String = String::new(),
        /// Whether `client_ca_file` is read again when it changes.
        pub client_ca_file_reload: bool = false,
    }
    check(section, checking) {
        let shared = &section.shared;
        if !shared.has_certificate() || !shared.has_key() {
            checking.error("TLS configuration must include both certificate and key for server connections");
        }
    }
}

impl TlsConfig {
    fn has_certificate(&self) -> bool {
        !self.cert_file.is_empty() || !self.cert_pem.reveal().is_empty()
    }

    fn has_key(&self) -> bool {
        !self.key_file.is_empty() || !self.key_pem.reveal().is_empty()
    }

    fn has_ca(&self) -> bool {
        !self.ca_file.is_empty() || !self.ca_pem.reveal().is_empty()
    }

    fn check_values(&self, checking: &mut Checking) {
        if !self.ca_file.is_empty() && !self.ca_pem.reveal().is_empty() {
            checking.error("provide either a CA file or the PEM-encoded string, but not both");
        }
        if !self.cert_file.is_empty() && !self.cert_pem.reveal().is_empty() {
            checking.error(
                "for auth via TLS, provide either a certificate or the PEM-encoded string, but not both",
            );
        }
        if !self.key_file.is_empty() && !self.key_pem.reveal().is_empty() {
            checking.error("for auth via TLS, provide either a key or the PEM-encoded string, but not both");
        }
        if self.has_certificate() != self.has_key() {
            checking.error("for auth via TLS, provide both certificate and key, or neither");
        }
        if self.reload_interval.is_negative() {
            checking.error_at("reload_interval", "'reload_interval' must be non-negative");
        }
        for (field, message) in parameters::problems(self) {
            checking.error_at(field, message);
        }
    }
}
