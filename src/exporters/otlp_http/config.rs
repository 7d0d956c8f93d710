//! The section of the exporter, and the URL it means for each signal.

use http::Uri;

use crate::config::{Checking, GoDuration, Optional};
use crate::network::compression::Compression;
use crate::network::http_client::HttpClientConfig;
use crate::otlp::Signal;
use crate::pipeline::exporting::{RetryConfig, SendingQueueConfig};
use crate::{config_section, config_word};

config_section! {
    /// Sends OTLP over HTTP.
    pub struct OtlpHttpExporterConfig {
        /// The client. The path of the signal, such as `/v1/traces`, is appended to its `endpoint`.
        pub [flatten] client: HttpClientConfig = default_client(),
        /// Where spans go, path included, in place of `endpoint`.
        pub traces_endpoint: String = String::new(),
        /// Where data points go, path included, in place of `endpoint`.
        pub metrics_endpoint: String = String::new(),
        /// Where log records go, path included, in place of `endpoint`.
        pub logs_endpoint: String = String::new(),
        /// Accepted for the Collector's configurations; Weir carries no profiles.
        pub profiles_endpoint: String = String::new(),
        /// How requests are encoded: `proto` or `json`.
        pub encoding: OtlpEncoding = OtlpEncoding::Protobuf,
        /// Tries again what was not taken for a reason that may pass.
        pub retry_on_failure: RetryConfig = RetryConfig::default(),
        /// Keeps batches until they are sent.
        pub sending_queue: Optional<SendingQueueConfig> = Optional::on(SendingQueueConfig::default()),
    }
    check(section, checking) {
        section.check_endpoints(checking);
    }
}

fn default_client() -> HttpClientConfig {
    HttpClientConfig {
        timeout: GoDuration::from_secs(30),
        write_buffer_size: 512 * 1024,
        compression: Compression::Gzip,
        ..HttpClientConfig::default()
    }
}

config_word! {
    /// How requests are encoded.
    #[derive(Default)]
    pub enum OtlpEncoding {
        /// Binary protobuf.
        #[default]
        Protobuf = "proto",
        /// The JSON encoding of OTLP.
        Json = "json",
    }
    refused(text) { format!("invalid encoding type: {text}") }
}

impl OtlpHttpExporterConfig {
    /// Where requests of `signal` go.
    ///
    /// # Errors
    ///
    /// A sentence where there is no such place or it is no URL.
    pub fn url_of(&self, signal: Signal) -> Result<Uri, String> {
        let own = self.own_endpoint(signal);
        if !own.is_empty() {
            return http_url(&format!("{signal}_endpoint"), own);
        }
        let endpoint = &self.client.endpoint;
        if endpoint.is_empty() {
            return Err(format!("either endpoint or {signal}_endpoint must be specified"));
        }
        let separator = if endpoint.ends_with('/') { "" } else { "/" };
        http_url("endpoint", &format!("{endpoint}{separator}v1/{signal}"))
    }

    fn own_endpoint(&self, signal: Signal) -> &str {
        match signal {
            Signal::Traces => &self.traces_endpoint,
            Signal::Metrics => &self.metrics_endpoint,
            Signal::Logs => &self.logs_endpoint,
        }
    }

    fn check_endpoints(&self, checking: &mut Checking) {
        let own = Signal::ALL.map(|signal| self.own_endpoint(signal));
        let all_empty = own.iter().all(|endpoint| endpoint.is_empty());
        if self.client.endpoint.is_empty() && all_empty && self.profiles_endpoint.is_empty() {
            checking.error("at least one endpoint must be specified");
        }
        if !self.client.endpoint.is_empty()
            && let Err(message) = http_url("endpoint", &self.client.endpoint)
        {
            checking.error_at("endpoint", message);
        }
        for (signal, endpoint) in Signal::ALL.into_iter().zip(own) {
            let field = format!("{signal}_endpoint");
            if !endpoint.is_empty()
                && let Err(message) = http_url(&field, endpoint)
            {
                checking.error_at(&field, message);
            }
        }
    }
}

fn http_url(field: &str, text: &str) -> Result<Uri, String> {
    let wanted = |problem: &str| format!("{field} must be a valid URL: {text:?} {problem}");
    let url: Uri = text.parse().map_err(|error| wanted(&format!("is not one ({error})")))?;
    match url.scheme_str() {
        Some("http" | "https") if url.host().is_some_and(|host| !host.is_empty()) => Ok(url),
        Some("http" | "https") => Err(wanted("has no host")),
        _ => Err(wanted("begins neither with http:// nor with https://")),
    }
}
