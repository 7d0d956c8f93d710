//! Exporter `debug`: writes telemetry as text for people, into the log or onto an output of its own.

mod buckets;
mod detailed;
mod metric_text;
mod normal;
mod summary;
mod value_text;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tracing::Span;

use crate::config::telemetry::MetricsLevel;
use crate::config::{GoDuration, Optional};
use crate::config_section;
use crate::otlp::export_response::ExportResponse;
use crate::otlp::{Batch, Signal};
use crate::pipeline::exporting::{ExporterOptions, Sender, SendingQueueConfig, build_exporter};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{BoxFuture, BuildError, ExporterType, Host, Refusal, Settings, Stability, StartError};
use crate::telemetry::component_span;
use crate::telemetry::logging::{LogOutput, LogSampler, OUTPUT_TARGET};
use summary::Summary;

config_section! {
    /// Writes telemetry as text for people, into Weir's own log or onto an output of its own.
    pub struct DebugConfig {
        /// `basic`: how much came. `normal`: a line for each item. `detailed`: every field.
        pub verbosity: MetricsLevel = MetricsLevel::Basic,
        /// Of texts that are the same, how many of each second are written.
        pub sampling_initial: i64 = 2,
        /// Of those beyond, every n-th is written; 0 for none.
        pub sampling_thereafter: i64 = 1,
        /// Whether texts go through Weir's own log, at its level `info`.
        pub use_internal_logger: bool = true,
        /// Where texts go otherwise: `stdout`, `stderr` or paths of files; `stdout` where nothing is written.
        pub output_paths: Option<Vec<String>> = None,
        /// A queue before the exporter.
        pub sending_queue: Optional<SendingQueueConfig> = Optional::off(SendingQueueConfig::default()),
    }
    check(section, checking) {
        if section.verbosity == MetricsLevel::None {
            checking.error_at("verbosity", "verbosity level \"None\" is not supported");
        }
        let paths = section.output_paths.as_ref();
        if section.use_internal_logger && paths.is_some() {
            checking.error_at(
                "output_paths",
                "output_paths is not supported when use_internal_logger is true",
            );
        }
        if !section.use_internal_logger && paths.is_some_and(Vec::is_empty) {
            checking.error_at(
                "output_paths",
                "output_paths must not be empty when use_internal_logger is false",
            );
        }
    }
}

/// The type `debug` among exporters.
pub struct DebugExporter {
    config: Arc<DebugConfig>,
    span: Span,
    sampler: LogSampler,
    /// Open from the start on, where texts do not go through our own log.
    output: Mutex<LogOutput>,
}

impl ExporterType for DebugExporter {
    const TYPE: &'static str = "debug";
    const SIGNALS: &'static [(Signal, Stability)] = &[
        (Signal::Traces, Stability::Alpha),
        (Signal::Metrics, Stability::Alpha),
        (Signal::Logs, Stability::Alpha),
    ];
    type Config = DebugConfig;

    fn create(config: Arc<DebugConfig>, settings: Settings) -> Result<Consuming, BuildError> {
        let options =
            ExporterOptions { timeout: GoDuration::ZERO, retry: None, queue: config.sending_queue.clone() };
        let exporter = Self {
            span: component_span(&settings, "exporter"),
            sampler: LogSampler::new(
                Duration::from_secs(1),
                config.sampling_initial,
                config.sampling_thereafter,
            ),
            output: Mutex::default(),
            config,
        };
        build_exporter(&settings, options, exporter)
    }
}

impl Sender for DebugExporter {
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async {
            if !self.config.use_internal_logger {
                let paths = self.config.output_paths.clone().unwrap_or_else(|| vec!["stdout".to_owned()]);
                *self.output.lock() =
                    LogOutput::open(&paths).map_err(|error| StartError(error.to_string()))?;
            }
            Ok(())
        })
    }

    fn send(&self, batch: Batch) -> BoxFuture<'_, Result<ExportResponse, Refusal>> {
        Box::pin(async move {
            self.write_summary(&Summary::of(&batch));
            match self.config.verbosity {
                MetricsLevel::None | MetricsLevel::Basic => {}
                MetricsLevel::Normal => self.write_text(&normal::text(&batch)),
                MetricsLevel::Detailed => self.write_text(&detailed::text(&batch)),
            }
            Ok(ExportResponse::default())
        })
    }
}

impl DebugExporter {
    fn write_summary(&self, summary: &Summary) {
        if !self.sampler.admits("info", summary.title()) {
            return;
        }
        if self.config.use_internal_logger {
            return summary.log(&self.span);
        }
        let line = format!("{}\t{}", summary.title(), summary.fields().spaced_json());
        self.output.lock().write_line(&line);
    }

    fn write_text(&self, text: &str) {
        if !self.sampler.admits("info", text) {
            return;
        }
        if self.config.use_internal_logger {
            tracing::info!(target: OUTPUT_TARGET, parent: &self.span, "{text}");
        } else {
            self.output.lock().write_line(text);
        }
    }
}

#[cfg(test)]
mod tests;
