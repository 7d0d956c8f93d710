//! The Collector's block for HTTP servers (`confighttp`).

use super::super::compression::Compression;
use super::super::headers::HeaderFields;
use super::super::tls::ServerTlsConfig;
use super::cors::CorsConfig;
use crate::config::{Checking, GoDuration, Optional};
use crate::config_section;
use crate::network::{AuthConfig, MiddlewareConfig, check_listening_address, refuse_missing_extensions};
use crate::pipeline::BuildError;

config_section! {
    /// An HTTP server.
    pub struct HttpServerConfig {
        /// Where to listen: `host:port`, or a path where `transport` is `unix`.
        pub endpoint: String = String::new(),
        /// `tcp`, `tcp4`, `tcp6` or `unix`.
        pub transport: String = "tcp".to_owned(),
        /// TLS, where it is on.
        pub tls: Optional<ServerTlsConfig> = Optional::absent(ServerTlsConfig::default()),
        /// Which web pages of other origins may send.
        pub cors: Optional<CorsConfig> = Optional::absent(CorsConfig::default()),
        /// The extension that says who may send. Weir has none yet.
        pub auth: Optional<HttpAuthConfig> = Optional::absent(HttpAuthConfig::default()),
        /// The longest body in bytes, as sent and again when decompressed; 0 for 20 MiB.
        pub max_request_body_size: i64 = DEFAULT_MAX_REQUEST_BODY_SIZE,
        /// The `Content-Encoding`s taken; an empty text stands for bodies that are not compressed.
        pub compression_algorithms: Vec<String> = default_algorithms(),
        /// Whether the request's header fields are kept with the batch as client metadata.
        pub include_metadata: bool = false,
        /// Header fields of every response.
        pub response_headers: HeaderFields = HeaderFields::default(),
        /// How long a request may take to arrive; 0 for no limit.
        pub read_timeout: GoDuration = GoDuration::ZERO,
        /// How long the head of a request may take to arrive; 0 for `read_timeout`.
        pub read_header_timeout: GoDuration = GoDuration::from_secs(60),
        /// How long a request may take from its head to the response; 0 for no limit.
        pub write_timeout: GoDuration = GoDuration::from_secs(30),
        /// How long a connection may be silent between requests; 0 for `read_timeout`.
        pub idle_timeout: GoDuration = GoDuration::from_secs(60),
        /// Whether a connection may be used for more than one request.
        pub keep_alives_enabled: bool = true,
        /// Extensions requests pass through. Weir has none yet.
        pub middlewares: Vec<MiddlewareConfig> = Vec::new(),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// Who may send.
    pub struct HttpAuthConfig {
        /// Which extension authenticates.
        pub [flatten] auth: AuthConfig = AuthConfig::default(),
        /// Query parameters handed to the authenticator beside the header fields.
        pub request_params: Vec<String> = Vec::new(),
    }
}

const DEFAULT_MAX_REQUEST_BODY_SIZE: i64 = 20 * 1024 * 1024;

fn default_algorithms() -> Vec<String> {
    let names = Compression::ALL.into_iter().map(Compression::name);
    std::iter::once("").chain(names).map(str::to_owned).collect()
}

impl HttpServerConfig {
    /// The longest body in bytes.
    pub fn body_limit(&self) -> usize {
        let limit = if self.max_request_body_size > 0 {
            self.max_request_body_size
        } else {
            DEFAULT_MAX_REQUEST_BODY_SIZE
        };
        usize::try_from(limit).unwrap_or(usize::MAX)
    }

    /// Refuses what needs an extension that does not exist.
    ///
    /// # Errors
    ///
    /// A sentence that names the extension.
    pub fn check_extensions(&self) -> Result<(), BuildError> {
        let auth = self.auth.get().map(|auth| &auth.auth);
        refuse_missing_extensions(auth, &self.middlewares, "remove auth")
    }

    fn check_values(&self, checking: &mut Checking) {
        check_listening_address(&self.transport, &self.endpoint, checking);
        for name in &self.compression_algorithms {
            if Compression::from_content_encoding(name).is_none() {
                let message = format!("unsupported compression type {name:?}");
                checking.error_at("compression_algorithms", message);
            }
        }
        let timeouts = [
            ("read_timeout", self.read_timeout),
            ("read_header_timeout", self.read_header_timeout),
            ("write_timeout", self.write_timeout),
            ("idle_timeout", self.idle_timeout),
        ];
        for (field, timeout) in timeouts {
            if timeout.is_negative() {
                checking.error_at(field, format!("'{field}' must be non-negative"));
            }
        }
    }
}
