//! The fields of Prometheus's HTTP clients.

use std::collections::BTreeMap;
use std::path::Path;

use super::values::ScalarText;
use crate::config::{Anything, Checking, Optional, Secret};
use crate::config_section;

config_section! {
    /// How targets are asked.
    pub struct ScrapeClientConfig {
        /// A user name and a password.
        pub basic_auth: Optional<BasicAuthConfig> = Optional::absent(BasicAuthConfig::default()),
        /// The `Authorization` header.
        pub authorization: Optional<AuthorizationConfig> = Optional::absent(AuthorizationConfig::default()),
        /// OAuth 2.0. Not supported.
        pub oauth2: Anything = Anything::default(),
        /// The older way to write `authorization` with `credentials`.
        pub bearer_token: Secret = Secret::default(),
        /// The older way to write `authorization` with `credentials_file`.
        pub bearer_token_file: String = String::new(),
        /// TLS, for targets with the scheme `https`.
        pub tls_config: ScrapeTlsConfig = ScrapeTlsConfig::default(),
        /// Whether redirects are followed.
        pub follow_redirects: bool = true,
        /// Whether HTTP/2 is offered under TLS.
        pub enable_http2: bool = true,
        /// The proxy, `http://host:port`.
        pub proxy_url: String = String::new(),
        /// Hosts that are asked without the proxy. Not supported.
        pub no_proxy: String = String::new(),
        /// Whether the proxies of the environment are used.
        pub proxy_from_environment: bool = false,
        /// Header fields for the proxy. Not supported.
        pub proxy_connect_header: Anything = Anything::default(),
        /// More header fields of each request.
        pub http_headers: BTreeMap<String, HttpHeaderConfig> = BTreeMap::new(),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// A user name and a password.
    pub struct BasicAuthConfig {
        /// The user.
        pub username: ScalarText = ScalarText::default(),
        /// A file with the user, in place of `username`.
        pub username_file: String = String::new(),
        /// The password.
        pub password: Secret = Secret::default(),
        /// A file with the password, in place of `password`.
        pub password_file: String = String::new(),
    }
    check(section, checking) {
        if !section.username.0.is_empty() && !section.username_file.is_empty() {
            checking.error("at most one of basic_auth username, username_file & username_ref must be configured");
        }
        if !section.password.reveal().is_empty() && !section.password_file.is_empty() {
            checking.error("at most one of basic_auth password, password_file & password_ref must be configured");
        }
    }
}

config_section! {
    /// The `Authorization` header.
    pub struct AuthorizationConfig {
        /// What stands before the credentials.
        pub r#type: String = "Bearer".to_owned(),
        /// The credentials.
        pub credentials: Secret = Secret::default(),
        /// A file with the credentials, read at each scrape, in place of `credentials`.
        pub credentials_file: String = String::new(),
    }
    check(section, checking) {
        if !section.credentials.reveal().is_empty() && !section.credentials_file.is_empty() {
            checking.error("at most one of authorization credentials & credentials_file must be configured");
        }
        if section.r#type.trim().eq_ignore_ascii_case("basic") {
            checking.error("authorization type cannot be set to \"basic\", use \"basic_auth\" instead");
        }
    }
}

config_section! {
    /// TLS in Prometheus's words.
    pub struct ScrapeTlsConfig {
        /// The CA certificates of targets as PEM text.
        pub ca: String = String::new(),
        /// A PEM file with them, in place of `ca`.
        pub ca_file: String = String::new(),
        /// The own certificate chain as PEM text.
        pub cert: String = String::new(),
        /// A PEM file with it, in place of `cert`.
        pub cert_file: String = String::new(),
        /// The own private key as PEM text.
        pub key: Secret = Secret::default(),
        /// A PEM file with it, in place of `key`.
        pub key_file: String = String::new(),
        /// The server name asked for and verified, in place of the target's host.
        pub server_name: String = String::new(),
        /// Whether any certificate of a target is accepted.
        pub insecure_skip_verify: bool = false,
        /// The oldest protocol version spoken: `TLS12` or `TLS13`.
        pub min_version: String = String::new(),
        /// The newest protocol version spoken: `TLS12` or `TLS13`.
        pub max_version: String = String::new(),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// The values of one header field.
    pub struct HttpHeaderConfig {
        /// Values.
        pub values: Vec<ScalarText> = Vec::new(),
        /// Values that are not shown.
        pub secrets: Vec<Secret> = Vec::new(),
        /// Files with values, read at each scrape.
        pub files: Vec<String> = Vec::new(),
    }
}

impl ScrapeClientConfig {
    /// Takes relative paths as relative to `folder`.
    pub(super) fn resolve_files(&mut self, folder: &Path) {
        let tls = &mut self.tls_config;
        let own = [&mut self.bearer_token_file, &mut tls.ca_file, &mut tls.cert_file, &mut tls.key_file];
        let basic = self.basic_auth.get_mut().into_iter();
        let basic = basic.flat_map(|basic| [&mut basic.username_file, &mut basic.password_file]);
        let bearer = self.authorization.get_mut().into_iter().map(|auth| &mut auth.credentials_file);
        let headers = self.http_headers.values_mut().flat_map(|header| &mut header.files);
        own.into_iter().chain(basic).chain(bearer).chain(headers).for_each(|path| resolve(path, folder));
    }

    fn check_values(&self, checking: &mut Checking) {
        let has_bearer = !self.bearer_token.reveal().is_empty() || !self.bearer_token_file.is_empty();
        if !self.bearer_token.reveal().is_empty() && !self.bearer_token_file.is_empty() {
            checking.error("at most one of bearer_token & bearer_token_file must be configured");
        }
        if self.basic_auth.is_on() && has_bearer {
            checking.error(
                "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured",
            );
        }
        if self.authorization.is_on() && has_bearer {
            checking.error("authorization is not compatible with bearer_token & bearer_token_file");
        }
        if self.authorization.is_on() && self.basic_auth.is_on() {
            checking.error("at most one of basic_auth, oauth2 & authorization must be configured");
        }
        for (field, value) in [("oauth2", &self.oauth2), ("proxy_connect_header", &self.proxy_connect_header)]
        {
            if !value.0.is_null() {
                checking.error_at(field, format!("{field} is not supported; remove it"));
            }
        }
        if !self.no_proxy.is_empty() {
            checking.error_at("no_proxy", "no_proxy is not supported; remove it");
        }
        if self.proxy_from_environment && !self.proxy_url.is_empty() {
            checking.error("if proxy_from_environment is configured, proxy_url must not be configured");
        }
        for name in self.http_headers.keys().filter(|name| is_reserved(name)) {
            checking.error_at("http_headers", format!("setting header {name:?} is not allowed"));
        }
    }
}

/// Header fields that the client writes itself, as in Prometheus.
fn is_reserved(name: &str) -> bool {
    const RESERVED: [&str; 18] = [
        "authorization",
        "host",
        "content-encoding",
        "content-length",
        "content-type",
        "user-agent",
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "www-authenticate",
        "accept-encoding",
        "x-prometheus-remote-write-version",
        "x-prometheus-remote-read-version",
        "x-prometheus-scrape-timeout-seconds",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-content-sha256",
    ];
    RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
}

impl ScrapeTlsConfig {
    fn check_values(&self, checking: &mut Checking) {
        let both = |text: &str, file: &str| !text.is_empty() && !file.is_empty();
        if both(&self.ca, &self.ca_file) {
            checking.error("at most one of ca, ca_file & ca_ref must be configured");
        }
        if both(&self.cert, &self.cert_file) {
            checking.error("at most one of cert, cert_file & cert_ref must be configured");
        }
        if both(self.key.reveal(), &self.key_file) {
            checking.error("at most one of key and key_file must be configured");
        }
        let has_certificate = !self.cert.is_empty() || !self.cert_file.is_empty();
        let has_key = !self.key.reveal().is_empty() || !self.key_file.is_empty();
        if has_certificate && !has_key {
            checking.error(
                "exactly one of key or key_file must be configured when a client certificate is configured",
            );
        }
        if has_key && !has_certificate {
            checking
                .error("exactly one of cert or cert_file must be configured when a client key is configured");
        }
        for (field, version) in [("min_version", &self.min_version), ("max_version", &self.max_version)] {
            if !version.is_empty() && tls_version(version).is_none() {
                checking.error_at(field, format!("unknown TLS version: {version}"));
            }
        }
    }
}

/// Takes a relative path as relative to `folder`.
pub(super) fn resolve(path: &mut String, folder: &Path) {
    if !path.is_empty() && !path.starts_with('/') {
        *path = folder.join(&*path).to_string_lossy().into_owned();
    }
}

/// A version of Prometheus's in the Collector's notation.
pub fn tls_version(name: &str) -> Option<&'static str> {
    match name {
        "TLS10" => Some("1.0"),
        "TLS11" => Some("1.1"),
        "TLS12" => Some("1.2"),
        "TLS13" => Some("1.3"),
        _ => None,
    }
}
