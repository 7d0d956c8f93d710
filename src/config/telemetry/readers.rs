//! `service.telemetry.metrics.readers`: who reads own metrics.

use crate::config::{Anything, Secret};
use crate::config_section;

config_section! {
    /// One reader of own metrics: `pull` or `periodic`.
    pub struct MetricReader {
        /// Waits to be asked.
        pub pull: Option<PullReader> = None,
        /// Sends at an interval.
        pub periodic: Option<PeriodicReader> = None,
    }
    check(section, checking) {
        if section.pull.is_none() && section.periodic.is_none() {
            checking.error("no valid metric reader: write pull or periodic");
        }
    }
}

config_section! {
    /// A reader that waits to be asked.
    pub struct PullReader {
        /// How it is asked.
        pub exporter: PullExporter = PullExporter::default(),
        /// Accepted; changes nothing.
        pub producers: Anything = Anything::default(),
        /// Accepted; changes nothing.
        pub cardinality_limits: Anything = Anything::default(),
    }
    check(section, checking) {
        if section.exporter.prometheus.is_none() {
            checking.error_at("exporter", "no valid exporter: write prometheus");
        }
    }
}

config_section! {
    /// How a waiting reader is asked.
    pub struct PullExporter {
        /// A Prometheus endpoint.
        pub prometheus: Option<PrometheusReader> = None,
    }
}

config_section! {
    /// A Prometheus endpoint with Weir's own metrics, under `/metrics`. As in the Collector since 0.155, names
    /// go without suffixes unless these are asked for.
    pub struct PrometheusReader {
        /// Where to listen.
        pub host: String = "localhost".to_owned(),
        /// The port to listen on.
        pub port: u32 = 8888,
        /// Whether the labels and metric of the instrumentation scope are left out.
        pub without_scope_info: bool = true,
        /// Whether names go without the suffix of their unit, such as `_seconds`.
        pub without_units: bool = true,
        /// Whether names go without the suffix of their type, such as `_total`.
        pub without_type_suffix: bool = true,
        /// Which resource attributes become labels. Accepted; changes nothing.
        pub with_resource_constant_labels: Anything = Anything::default(),
        /// How names are translated. Accepted; changes nothing.
        pub translation_strategy: Option<String> = None,
    }
    check(section, checking) {
        if section.port > u32::from(u16::MAX) {
            checking.error_at("port", "'port' must be at most 65535");
        }
    }
}

config_section! {
    /// A reader that sends at an interval.
    pub struct PeriodicReader {
        /// Milliseconds from one sending to the next.
        pub interval: i64 = 60_000,
        /// Milliseconds one sending may take.
        pub timeout: i64 = 30_000,
        /// Where it sends to.
        pub exporter: PeriodicExporter = PeriodicExporter::default(),
        /// Accepted; changes nothing.
        pub producers: Anything = Anything::default(),
        /// Accepted; changes nothing.
        pub cardinality_limits: Anything = Anything::default(),
    }
    check(section, checking) {
        if section.interval <= 0 {
            checking.error_at("interval", "'interval' must be positive");
        }
        if section.timeout < 0 {
            checking.error_at("timeout", "'timeout' must be non-negative");
        }
        if section.exporter.otlp.is_none() && section.exporter.console.is_none() {
            checking.error_at("exporter", "no valid exporter: write otlp or console");
        }
    }
}

config_section! {
    /// Where a sending reader sends to.
    pub struct PeriodicExporter {
        /// An OTLP endpoint.
        pub otlp: Option<OtlpReader> = None,
        /// Standard output.
        pub console: Option<ConsoleReader> = None,
    }
}

config_section! {
    /// Writes own metrics to standard output.
    pub struct ConsoleReader {}
}

config_section! {
    /// Sends own metrics to an OTLP endpoint.
    pub struct OtlpReader {
        /// `grpc/protobuf` or `http/protobuf`.
        pub protocol: String = "http/protobuf".to_owned(),
        /// Where to: a URL.
        pub endpoint: String = String::new(),
        /// Headers: a list of `name` and `value`, or a map.
        pub headers: Anything = Anything::default(),
        /// Headers as `name=value,name=value`.
        pub headers_list: Secret = Secret::default(),
        /// `gzip` or `none`.
        pub compression: String = String::new(),
        /// Milliseconds one request may take.
        pub timeout: i64 = 10_000,
        /// A file with the certificates to trust.
        pub certificate: String = String::new(),
        /// A file with the client's certificate.
        pub client_certificate: String = String::new(),
        /// A file with the client's key.
        pub client_key: String = String::new(),
        /// Whether to connect without TLS.
        pub insecure: bool = false,
        /// `cumulative`, `delta` or `lowmemory`.
        pub temporality_preference: String = String::new(),
        /// `explicit_bucket_histogram` or `base2_exponential_bucket_histogram`.
        pub default_histogram_aggregation: String = String::new(),
    }
}

impl MetricReader {
    /// The reader there is when none is written.
    pub fn by_default() -> Self {
        let exporter = PullExporter { prometheus: Some(PrometheusReader::default()) };
        Self { pull: Some(PullReader { exporter, ..PullReader::default() }), periodic: None }
    }

    /// The Prometheus endpoint, where the reader is one.
    pub fn prometheus(&self) -> Option<&PrometheusReader> {
        self.pull.as_ref()?.exporter.prometheus.as_ref()
    }
}
