//! The Collector's block for HTTP clients (`confighttp`).

use super::super::compression::{Compression, CompressionParams};
use super::super::headers::HeaderFields;
use super::super::tls::ClientTlsConfig;
use super::proxy::Proxies;
use crate::config::{Checking, GoDuration, Optional};
use crate::config_section;
use crate::network::http_server::HttpAuthConfig;
use crate::network::{MiddlewareConfig, refuse_missing_extensions};
use crate::pipeline::BuildError;

config_section! {
    /// An HTTP client.
    pub struct HttpClientConfig {
        /// Where requests go: `http://host:port` or `https://host:port`, with a path where there is one.
        pub endpoint: String = String::new(),
        /// The proxy, `http://host:port`; where none is written the environment's `HTTP_PROXY`,
        /// `HTTPS_PROXY` and `NO_PROXY` hold.
        pub proxy_url: String = String::new(),
        /// TLS, for endpoints with `https`.
        pub tls: ClientTlsConfig = ClientTlsConfig::default(),
        /// Accepted for the Collector's configurations; buffers size themselves.
        pub read_buffer_size: i64 = 0,
        /// Accepted for the Collector's configurations; bodies are written from where they lie.
        pub write_buffer_size: i64 = 0,
        /// How long a request may take to its response's end; 0 for no limit.
        pub timeout: GoDuration = GoDuration::ZERO,
        /// Header fields of every request. `Host` sets the host.
        pub headers: HeaderFields = HeaderFields::default(),
        /// The extension that authenticates requests. Weir has none yet.
        pub auth: Optional<HttpAuthConfig> = Optional::absent(HttpAuthConfig::default()),
        /// How bodies are compressed.
        pub compression: Compression = Compression::None,
        /// How hard bodies are compressed.
        pub compression_params: CompressionParams = CompressionParams::default(),
        /// How many unused connections are kept; 0 for any number.
        pub max_idle_conns: i64 = 100,
        /// How many unused connections are kept to one host; 0 for `max_idle_conns`.
        pub max_idle_conns_per_host: i64 = 0,
        /// How many requests may be under way to one host; 0 for any number.
        pub max_conns_per_host: i64 = 0,
        /// How long an unused connection is kept; 0 for ever.
        pub idle_conn_timeout: GoDuration = GoDuration::from_secs(90),
        /// Whether each request has a connection of its own.
        pub disable_keep_alives: bool = false,
        /// After how long a silent HTTP/2 connection is asked for a sign of life; 0 for never.
        pub http2_read_idle_timeout: GoDuration = GoDuration::ZERO,
        /// How long that sign may take; 0 for 15s.
        pub http2_ping_timeout: GoDuration = GoDuration::ZERO,
        /// A cookie jar. Not supported.
        pub cookies: Optional<CookiesConfig> = Optional::absent(CookiesConfig::default()),
        /// Whether HTTP/2 is offered under TLS.
        pub force_attempt_http2: bool = true,
        /// Extensions requests pass through. Weir has none yet.
        pub middlewares: Vec<MiddlewareConfig> = Vec::new(),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// A cookie jar.
    pub struct CookiesConfig {}
}

impl HttpClientConfig {
    /// Refuses what needs an extension that does not exist.
    ///
    /// # Errors
    ///
    /// A sentence that names the extension.
    pub(super) fn check_extensions(&self) -> Result<(), BuildError> {
        let auth = self.auth.get().map(|auth| &auth.auth);
        let instead = "remove auth or write the header under headers";
        refuse_missing_extensions(auth, &self.middlewares, instead)
    }

    fn check_values(&self, checking: &mut Checking) {
        self.compression.check_level(&self.compression_params, checking);
        if self.timeout.is_negative() {
            checking.error_at("timeout", "'timeout' must be non-negative");
        }
        if self.cookies.is_on() {
            checking.error_at("cookies", "cookies are not supported; remove the key");
        }
        if let Err(message) = Proxies::new(&self.proxy_url) {
            checking.error_at("proxy_url", message);
        }
    }
}
