//! The block under which a gRPC server is configured: the Collector's `configgrpc` server fields.

use crate::config::{GoDuration, Optional};
use crate::config_section;
use crate::network::tls::ServerTlsConfig;
use crate::network::{AuthConfig, MiddlewareConfig, check_listening_address, refuse_missing_extensions};
use crate::pipeline::BuildError;

config_section! {
    /// A gRPC server.
    pub struct GrpcServerConfig {
        /// The address to listen on, `host:port`; a path where `transport` is `unix`.
        pub endpoint: String = "localhost:4317".to_owned(),
        /// `tcp`, `tcp4`, `tcp6` or `unix`.
        pub transport: String = "tcp".to_owned(),
        /// TLS; without it the server speaks plain text.
        pub tls: Optional<ServerTlsConfig> = Optional::absent(ServerTlsConfig::default()),
        /// The largest message taken, in MiB; 0 means 4.
        pub max_recv_msg_size_mib: u64 = 0,
        /// How many calls one connection may have under way; 0 means 256.
        pub max_concurrent_streams: u32 = 0,
        /// Taken for compatibility: the read buffer grows with what a peer sends.
        pub read_buffer_size: usize = 512 * 1024,
        /// Taken for compatibility: answers are written without a buffer of their own.
        pub write_buffer_size: usize = 0,
        /// Pings, and how long connections live.
        pub keepalive: Optional<KeepaliveServerConfig> = Optional::off(KeepaliveServerConfig::default()),
        /// The extension that says whether a client may send.
        pub auth: Optional<AuthConfig> = Optional::absent(AuthConfig::default()),
        /// Whether request headers are kept with what was received, for processors that tell clients apart.
        pub include_metadata: bool = false,
        /// Extensions the calls pass through.
        pub middlewares: Vec<MiddlewareConfig> = Vec::new(),
    }
    check(section, checking) {
        check_listening_address(&section.transport, &section.endpoint, checking);
        if section.max_recv_msg_size_mib > 2048 {
            checking.error_at("max_recv_msg_size_mib", "'max_recv_msg_size_mib' must not be more than 2048");
        }
    }
}

config_section! {
    /// Keepalive of a server's connections.
    pub struct KeepaliveServerConfig {
        /// When the server pings and when it closes connections.
        pub server_parameters: Optional<KeepaliveServerParameters> =
            Optional::off(KeepaliveServerParameters::default()),
        /// What clients may do. Taken for compatibility: floods of pings are refused by HTTP/2 itself.
        pub enforcement_policy: Optional<KeepaliveEnforcementPolicy> =
            Optional::off(KeepaliveEnforcementPolicy::default()),
    }
}

config_section! {
    /// When a server pings and when it closes connections. 0 means never.
    pub struct KeepaliveServerParameters {
        /// A connection without a call for this long is closed.
        pub max_connection_idle: GoDuration = GoDuration::ZERO,
        /// A connection of this age is told to go.
        pub max_connection_age: GoDuration = GoDuration::ZERO,
        /// How long calls under way may take after that.
        pub max_connection_age_grace: GoDuration = GoDuration::ZERO,
        /// How long a connection may be silent before it is pinged; 0 means 2h.
        pub time: GoDuration = GoDuration::ZERO,
        /// How long an answer to a ping may take; 0 means 20s.
        pub timeout: GoDuration = GoDuration::ZERO,
    }
}

config_section! {
    /// What clients may do to keep their connections.
    pub struct KeepaliveEnforcementPolicy {
        /// The least time between two pings of a client.
        pub min_time: GoDuration = GoDuration::ZERO,
        /// Whether clients may ping while they have no call under way.
        pub permit_without_stream: bool = false,
    }
}

/// The message limit gRPC has where none is configured.
const DEFAULT_MESSAGE_LIMIT: usize = 4 * 1024 * 1024;

/// The calls one connection may have under way where no number is configured.
const DEFAULT_CONCURRENT_STREAMS: u32 = 256;

impl GrpcServerConfig {
    /// Refuses what needs an extension that does not exist.
    ///
    /// # Errors
    ///
    /// A sentence that names the extension.
    pub fn check_extensions(&self) -> Result<(), BuildError> {
        refuse_missing_extensions(self.auth.get(), &self.middlewares, "remove auth")
    }

    /// The largest message taken, in bytes.
    pub fn message_limit(&self) -> usize {
        match usize::try_from(self.max_recv_msg_size_mib) {
            Ok(0) | Err(_) => DEFAULT_MESSAGE_LIMIT,
            Ok(mebibytes) => mebibytes * 1024 * 1024,
        }
    }

    /// How many calls one connection may have under way.
    pub const fn concurrent_streams(&self) -> u32 {
        if self.max_concurrent_streams == 0 {
            DEFAULT_CONCURRENT_STREAMS
        } else {
            self.max_concurrent_streams
        }
    }

    /// The keepalive parameters, where they are written.
    pub fn keepalive_parameters(&self) -> KeepaliveServerParameters {
        let keepalive = self.keepalive.get().and_then(|keepalive| keepalive.server_parameters.get());
        keepalive.cloned().unwrap_or_default()
    }
}
