//! The block under which a gRPC client is configured: the Collector's `configgrpc` client fields.

use crate::config::{GoDuration, Optional};
use crate::config_section;
use crate::network::compression::Compression;
use crate::network::headers::HeaderFields;
use crate::network::tls::ClientTlsConfig;
use crate::network::{AuthConfig, MiddlewareConfig, refuse_missing_extensions};
use crate::pipeline::BuildError;

config_section! {
    /// A gRPC client.
    pub struct GrpcClientConfig {
        /// Where to: `host:port`, `http://host:port`, `https://host:port`, `dns:///host:port` or `unix:///path`.
        pub endpoint: String = String::new(),
        /// `gzip`, `snappy`, `zstd` or `none`.
        pub compression: Compression = Compression::Gzip,
        /// TLS, which is on unless `insecure: true`.
        pub tls: ClientTlsConfig = ClientTlsConfig::default(),
        /// Pings on a connection that is silent.
        pub keepalive: Optional<KeepaliveClientConfig> = Optional::absent(KeepaliveClientConfig::default()),
        /// Taken for compatibility: answers are small.
        pub read_buffer_size: usize = 0,
        /// Taken for compatibility: requests are written from where they lie.
        pub write_buffer_size: usize = 512 * 1024,
        /// Whether a call waits for a connection instead of failing at once.
        pub wait_for_ready: bool = false,
        /// Headers sent with each call.
        pub headers: HeaderFields = HeaderFields::default(),
        /// In place of Weir's own user agent.
        pub user_agent: String = String::new(),
        /// `round_robin` and `pick_first` are taken; each worker has a connection to the next address in turn.
        pub balancer_name: String = "round_robin".to_owned(),
        /// In place of the endpoint's host in the `:authority` of each call.
        pub authority: String = String::new(),
        /// The extension that authenticates calls.
        pub auth: Optional<AuthConfig> = Optional::absent(AuthConfig::default()),
        /// Extensions the calls pass through.
        pub middlewares: Vec<MiddlewareConfig> = Vec::new(),
    }
    check(section, checking) {
        if let Err(message) = section.target() {
            checking.error_at("endpoint", message);
        }
        if !["", "round_robin", "pick_first"].contains(&section.balancer_name.as_str()) {
            checking.error_at("balancer_name", format!("invalid balancer_name: {}", section.balancer_name));
        }
        if !matches!(section.compression, Compression::None | Compression::Gzip | Compression::Snappy | Compression::Zstd) {
            checking.error_at("compression", format!("unsupported compression type {:?}", section.compression.name()));
        }
    }
}

config_section! {
    /// Pings on a connection that is silent.
    pub struct KeepaliveClientConfig {
        /// How long a connection may be silent before it is pinged.
        pub time: GoDuration = GoDuration::from_secs(10),
        /// How long an answer to a ping may take.
        pub timeout: GoDuration = GoDuration::from_secs(10),
        /// Whether to ping while no call is under way.
        pub permit_without_stream: bool = false,
    }
}

/// Where a client connects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A host, as `host:port`.
    Tcp {
        /// `host:port`.
        address: String,
        /// Whether the endpoint said `https`, which forces TLS.
        https: bool,
    },
    /// A unix socket's path.
    Unix(String),
}

impl GrpcClientConfig {
    /// Refuses what needs an extension that does not exist.
    ///
    /// # Errors
    ///
    /// A sentence that names the extension.
    pub fn check_extensions(&self) -> Result<(), BuildError> {
        let instead = "remove auth or write the header under headers";
        refuse_missing_extensions(self.auth.get(), &self.middlewares, instead)
    }

    /// Where the endpoint points, or what is wrong with it in the Collector's words.
    pub fn target(&self) -> Result<Target, String> {
        let endpoint = self.endpoint.trim();
        if endpoint.is_empty() {
            return Err("requires a non-empty \"endpoint\"".to_owned());
        }
        for scheme in ["unix://", "unix:"] {
            if let Some(path) = endpoint.strip_prefix(scheme) {
                return Ok(Target::Unix(path.to_owned()));
            }
        }
        let https = endpoint.starts_with("https://");
        let mut address = endpoint;
        for scheme in ["https://", "http://", "dns:///", "dns://", "passthrough:///"] {
            address = address.strip_prefix(scheme).unwrap_or(address);
        }
        let address = address.trim_end_matches('/');
        let Some((host, port)) = address.rsplit_once(':') else {
            return Err(format!("address {address}: missing port in address"));
        };
        if port.parse::<u16>().is_err() {
            return Err(format!("invalid port {port:?}"));
        }
        let host = if host.is_empty() { "localhost" } else { host };
        Ok(Target::Tcp { address: format!("{host}:{port}"), https })
    }
}
