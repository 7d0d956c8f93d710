//! `service.telemetry`: Weir's own logs, metrics and resource, with the Collector's keys and defaults.

mod readers;
mod resource;

pub use readers::{
    ConsoleReader, MetricReader, OtlpReader, PeriodicExporter, PeriodicReader, PrometheusReader,
    PullExporter, PullReader,
};
pub use resource::ResourceAttributes;

use super::{Anything, Checking, GoDuration, Optional};
use crate::{config_section, config_word};
use std::collections::BTreeMap;

config_section! {
    /// Weir's own telemetry.
    pub struct TelemetrySection {
        /// Own logs.
        pub logs: LogsTelemetry = LogsTelemetry::default(),
        /// Own metrics.
        pub metrics: MetricsTelemetry = MetricsTelemetry::default(),
        /// Own traces. Accepted; none are made.
        pub traces: TracesTelemetry = TracesTelemetry::default(),
        /// What own telemetry says it comes from. A value of `null` removes an attribute that is there by default.
        pub resource: ResourceAttributes = ResourceAttributes::default(),
    }
}

config_section! {
    /// Own logs.
    pub struct LogsTelemetry {
        /// The least severe level that is written: `debug`, `info`, `warn` or `error`.
        pub level: LogLevel = LogLevel::Info,
        /// Lines for people (`console`) or one JSON object a line (`json`).
        pub encoding: LogEncoding = LogEncoding::Console,
        /// Accepted; changes nothing.
        pub development: bool = false,
        /// Thins out messages that repeat.
        pub sampling: Optional<LogSampling> = Optional::on_unless_null(LogSampling::default()),
        /// Where log lines go: `stdout`, `stderr` or paths of files.
        pub output_paths: Vec<String> = vec!["stderr".to_owned()],
        /// Where errors of logging itself go.
        pub error_output_paths: Vec<String> = vec!["stderr".to_owned()],
        /// Whether the place in the source is left out of each line.
        pub disable_caller: bool = false,
        /// Accepted; no stack traces are written.
        pub disable_stacktrace: bool = false,
        /// Whether the resource is left out of each line.
        pub disable_zap_resource: bool = false,
        /// Fields that every line carries.
        pub initial_fields: BTreeMap<String, Anything> = BTreeMap::new(),
        /// OTLP export of own logs. Accepted; nothing is exported.
        pub processors: Vec<Anything> = Vec::new(),
    }
}

config_section! {
    /// Of messages with the same text, the first few of each tick are written, then every n-th.
    pub struct LogSampling {
        /// The length of a tick.
        pub tick: GoDuration = GoDuration::from_secs(10),
        /// How many of each tick are written.
        pub initial: i64 = 10,
        /// Of those beyond, every n-th is written; 0 for none.
        pub thereafter: i64 = 100,
    }
}

config_section! {
    /// Own metrics.
    pub struct MetricsTelemetry {
        /// How much is measured: `none`, `basic`, `normal` or `detailed`.
        pub level: MetricsLevel = MetricsLevel::Normal,
        /// Who reads the metrics.
        pub readers: Vec<MetricReader> = vec![MetricReader::by_default()],
        /// Views that rename or drop; only at level `detailed`.
        pub views: Vec<Anything> = Vec::new(),
        /// Ignored, as in the Collector since 0.123; use `readers`.
        pub address: String = String::new(),
    }
    check(section, checking) {
        section.check_readers(checking);
    }
}

config_section! {
    /// Own traces.
    pub struct TracesTelemetry {
        /// How much is traced: `none`, `basic`, `normal` or `detailed`.
        pub level: MetricsLevel = MetricsLevel::Basic,
        /// Who takes the spans.
        pub processors: Vec<Anything> = Vec::new(),
        /// How trace context travels.
        pub propagators: Vec<String> = Vec::new(),
        /// Which traces are recorded.
        pub sampler: Anything = Anything::default(),
    }
}

impl MetricsTelemetry {
    /// The Prometheus endpoints to open; none at level `none`.
    pub fn prometheus_readers(&self) -> Vec<&PrometheusReader> {
        if self.level == MetricsLevel::None {
            return Vec::new();
        }
        self.readers.iter().filter_map(MetricReader::prometheus).collect()
    }

    fn check_readers(&self, checking: &mut Checking) {
        if self.level != MetricsLevel::None && self.readers.is_empty() {
            checking.error_at(
                "readers",
                "collector telemetry metrics reader should exist when metric level is not none",
            );
        }
        if self.level != MetricsLevel::Detailed && !self.views.is_empty() {
            checking.error_at(
                "views",
                "service::telemetry::metrics::views can only be set when service::telemetry::metrics::level \
                 is detailed",
            );
        }
    }
}

config_word! {
    /// The least severe log level that is written.
    pub enum LogLevel [fold_case] {
        /// Everything.
        Debug = "debug",
        /// What happens in normal operation, once.
        Info = "info",
        /// What somebody should know.
        Warn = "warn",
        /// What somebody should act on.
        Error = "error",
    }
    refused(text) { format!("unknown log level {text:?}") }
}

config_word! {
    /// The form of log lines.
    pub enum LogEncoding {
        /// For people.
        Console = "console",
        /// One JSON object a line.
        Json = "json",
    }
    refused(text) { format!("unknown log encoding {text:?}") }
}

config_word! {
    /// How much is measured.
    pub enum MetricsLevel [fold_case] {
        /// Nothing.
        None = "none",
        /// The essential.
        Basic = "basic",
        /// What most need.
        Normal = "normal",
        /// Everything.
        Detailed = "detailed",
    }
    refused(text) { format!("unknown metrics level {text:?}") }
}
