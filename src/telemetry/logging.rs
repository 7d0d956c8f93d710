//! Weir's own logs: lines in the form the Collector's logger writes them, on the console for people or as
//! JSON, one object a line.

mod encoding;
mod fields;
mod output;
mod sampling;

pub use encoding::{LogEntry, LogFields};
pub use output::LogOutput;
pub use sampling::LogSampler;

use std::time::SystemTime;

use parking_lot::Mutex;
use serde_json::Value;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber, span};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

use crate::config::telemetry::{LogEncoding, LogLevel, LogsTelemetry};
use fields::FieldCollector;

/// Events with this target are the product of a component (the `debug` exporter), not remarks about our
/// work: they carry no place in the source.
pub const OUTPUT_TARGET: &str = "weir::output";

/// Sends all log lines of the process where `config` says, from now on and until its end.
///
/// `resource` (attributes of our own resource, such as `service.name`) is on every line unless the
/// configuration leaves it out. The error says which path could not be opened.
pub fn start_logging(config: &LogsTelemetry, resource: &[(String, String)]) -> Result<(), String> {
    let output = LogOutput::open(&config.output_paths).map_err(|error| error.to_string())?;
    tracing::subscriber::set_global_default(log_subscriber(config, resource, output))
        .map_err(|_| "logging was started already".to_owned())
}

/// What [`start_logging`] installs, writing to `output`.
pub fn log_subscriber(
    config: &LogsTelemetry,
    resource: &[(String, String)],
    output: LogOutput,
) -> impl Subscriber + Send + Sync + for<'a> LookupSpan<'a> {
    let sampling = config.sampling.get();
    let layer = LogLayer {
        encoding: config.encoding,
        with_caller: !config.disable_caller,
        leading_fields: leading_fields(config, resource),
        sampler: sampling
            .map(|sampling| LogSampler::new(sampling.tick.to_std(), sampling.initial, sampling.thereafter)),
        output: Mutex::new(output),
    };
    Registry::default().with(layer.with_filter(targets(config.level)))
}

/// Libraries say at `info` what is our business to say.
fn targets(level: LogLevel) -> Targets {
    let own = match level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    Targets::new().with_default(own.min(LevelFilter::WARN)).with_target("weir", own)
}

fn leading_fields(config: &LogsTelemetry, resource: &[(String, String)]) -> LogFields {
    let mut fields = LogFields::default();
    for (name, value) in &config.initial_fields {
        fields.push(name.clone(), serde_json::to_value(&value.0).unwrap_or_default());
    }
    if !config.disable_zap_resource && !resource.is_empty() {
        let attributes = resource.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        fields.push("resource", Value::Object(attributes.collect()));
    }
    fields
}

struct LogLayer {
    encoding: LogEncoding,
    with_caller: bool,
    leading_fields: LogFields,
    sampler: Option<LogSampler>,
    output: Mutex<LogOutput>,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLayer {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut collector = FieldCollector::default();
            attributes.record(&mut collector);
            span.extensions_mut().insert(collector.fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut collector = FieldCollector::default();
        event.record(&mut collector);
        let level = level_name(*event.metadata().level());
        if self.sampler.as_ref().is_some_and(|sampler| !sampler.admits(level, &collector.message)) {
            return;
        }
        let mut fields = self.leading_fields.clone();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(of_span) = span.extensions().get::<LogFields>() {
                fields.extend(of_span);
            }
        }
        fields.extend(&collector.fields);
        let entry = LogEntry {
            time: SystemTime::now(),
            level,
            caller: self.caller(event),
            message: &collector.message,
            fields: &fields,
        };
        let line = match self.encoding {
            LogEncoding::Console => entry.console_line(),
            LogEncoding::Json => entry.json_line(),
        };
        self.output.lock().write_line(&line);
    }
}

impl LogLayer {
    /// The source file with its folder, and the line.
    fn caller(&self, event: &Event<'_>) -> Option<String> {
        let metadata = event.metadata();
        if !self.with_caller || metadata.target() == OUTPUT_TARGET {
            return None;
        }
        let (file, line) = (metadata.file()?, metadata.line()?);
        let from = file.rmatch_indices('/').nth(1).map_or(0, |(index, _)| index + 1);
        Some(format!("{}:{line}", file.get(from..)?))
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG | Level::TRACE => "debug",
    }
}

#[cfg(test)]
mod tests;
