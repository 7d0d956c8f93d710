//! `service.telemetry`: Weir's own logs, metrics and resource, with the Collector's keys and defaults.

mod readers;
mod resource;

pub use readers::{
    ConsoleReader, MetricReader, OtlpReader, PeriodicExporter, PeriodicReader, PrometheusReader,
    PullExporter, PullReader,
};
pub use resource::ResourceAttributes;

use super::{
    Anything, Checking, ConfigValue, Decoding, GoDuration, Node, NodeValue, Optional, Secrets, TypeDocs,
};
use crate::config_section;
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

/// Declares a word that a key may have, with the Collector's sentence for any other.
macro_rules! word {
    (
        $(#[$doc:meta])* $name:ident, $what:literal, fold_case: $fold_case:literal,
        { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),* $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// Every word.
            const WORDS: &'static [&'static str] = &[$($word),*];

            /// The word as it is written.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl ConfigValue for $name {
            fn update(&mut self, node: &Node, decoding: &mut Decoding) {
                let text = match &node.value {
                    NodeValue::Null => return,
                    NodeValue::String(text) => text,
                    _ => return decoding.wrong_type(node, "string", Some(one_of(Self::WORDS))),
                };
                let word = if $fold_case { text.to_lowercase() } else { text.clone() };
                match word.as_str() {
                    $($word => *self = Self::$variant,)*
                    _ => {
                        let message = format!("'{}' unknown {} {text:?}", decoding.dotted_path(), $what);
                        decoding.error(&node.location, message, Some(one_of(Self::WORDS)));
                    }
                }
            }

            fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
                self.word().into()
            }

            fn type_docs() -> TypeDocs {
                TypeDocs::OneOf(Self::WORDS.to_vec())
            }
        }
    };
}

word!(
    /// The least severe log level that is written.
    LogLevel, "log level", fold_case: true,
    {
        /// Everything.
        Debug = "debug",
        /// What happens in normal operation, once.
        Info = "info",
        /// What somebody should know.
        Warn = "warn",
        /// What somebody should act on.
        Error = "error",
    }
);

word!(
    /// The form of log lines.
    LogEncoding, "log encoding", fold_case: false,
    {
        /// For people.
        Console = "console",
        /// One JSON object a line.
        Json = "json",
    }
);

word!(
    /// How much is measured.
    MetricsLevel, "metrics level", fold_case: true,
    {
        /// Nothing.
        None = "none",
        /// The essential.
        Basic = "basic",
        /// What most need.
        Normal = "normal",
        /// Everything.
        Detailed = "detailed",
    }
);

fn one_of(words: &[&str]) -> String {
    format!("one of {}", words.join(", "))
}
