//! What users write about the console.

use crate::config::{ByteSize, GoDuration, Optional, Secret};
use crate::config_section;
use crate::network::check_listening_address;
use crate::network::tls::ServerTlsConfig;

use super::security::{WHAT_TO_DO_ABOUT_ADDRESS, may_be_local};

config_section! {
    /// Shows what the store keeps and what runs: an HTTP API and the page that draws it.
    pub struct ConsoleConfig {
        /// Where to listen: `host:port`, or a path where `transport` is `unix`. On an address that other machines
        /// reach, `auth` is required.
        pub endpoint: String = "localhost:4320".to_owned(),
        /// `tcp`, `tcp4`, `tcp6` or `unix`.
        pub transport: String = "tcp".to_owned(),
        /// TLS, where it is on.
        pub tls: Optional<ServerTlsConfig> = Optional::absent(ServerTlsConfig::default()),
        /// Who may look: a token, or a name with a password, or either.
        pub auth: Optional<ConsoleAuthConfig> = Optional::absent(ConsoleAuthConfig::default()),
        /// Names under which browsers may ask for the console without `auth`, beside `localhost`: those of a proxy or
        /// tunnel in front of it.
        pub allowed_hosts: Vec<String> = Vec::new(),
        /// The extension that keeps the telemetry.
        pub store: String = "store".to_owned(),
        /// Whether nothing can be changed through the console, demonstration data included.
        pub read_only: bool = false,
        /// Dashboards beside the automatic ones.
        pub dashboards: DashboardFilesConfig = DashboardFilesConfig::default(),
        /// How long a question to the store may take; what was found by then is answered.
        pub question_timeout: GoDuration = GoDuration::from_secs(10),
        /// How much of the store a question may read.
        pub question_bytes: ByteSize = ByteSize(1 << 30),
        /// How many questions may be answered at once; more wait.
        pub concurrent_questions: u64 = 4,
    }
    check(section, checking) {
        check_listening_address(&section.transport, &section.endpoint, checking);
        if section.endpoint.is_empty() {
            checking.error_at("endpoint", "endpoint must not be empty");
        } else if section.transport != "unix" && !section.auth.is_on() && !may_be_local(&section.endpoint) {
            let endpoint = &section.endpoint;
            let message = format!("{endpoint} can be reached from other machines: {WHAT_TO_DO_ABOUT_ADDRESS}");
            checking.error_at("endpoint", message);
        }
        if section.store.is_empty() {
            checking.error_at("store", "store must name the extension that keeps the telemetry");
        }
        if section.concurrent_questions == 0 {
            checking.error_at("concurrent_questions", "concurrent_questions must be at least 1");
        }
        if section.question_timeout.limit().is_none() {
            checking.error_at("question_timeout", "question_timeout must be positive");
        }
    }
}

config_section! {
    /// Where dashboards are read from at the start.
    pub struct DashboardFilesConfig {
        /// A folder whose `.yaml` files are dashboards.
        pub directory: String = String::new(),
        /// More files.
        pub files: Vec<String> = Vec::new(),
    }
}

config_section! {
    /// Who may look at the console.
    pub struct ConsoleAuthConfig {
        /// Lets in `Authorization: Bearer TOKEN`, and browsers that open `/?token=TOKEN` once.
        pub token: Secret = Secret::default(),
        /// The name for basic authentication.
        pub username: String = String::new(),
        /// Its password.
        pub password: Secret = Secret::default(),
    }
    check(section, checking) {
        let has_password = !section.password.reveal().is_empty();
        if section.token.reveal().is_empty() && section.username.is_empty() {
            checking.error("auth needs a token, or username and password");
        }
        if section.username.is_empty() == has_password {
            checking.error("username and password go together");
        }
        if section.username.contains(':') {
            checking.error_at("username", "a username of basic authentication has no colon");
        }
    }
}
