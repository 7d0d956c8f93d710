//! What every verbosity says of a batch: how much there is of what.

use serde_json::Value;
use tracing::Span;

use crate::otlp::{Batch, Signal};
use crate::telemetry::logging::{LogFields, OUTPUT_TARGET};

/// The sizes of a batch.
pub struct Summary {
    signal: Signal,
    resource_groups: usize,
    metrics: usize,
    items: usize,
}

impl Summary {
    /// The sizes of `batch`.
    pub fn of(batch: &Batch) -> Self {
        let signal = batch.signal();
        let scope_groups =
            batch.resource_groups().flat_map(|resource_group| resource_group.scope_groups.iter());
        let metrics = match signal {
            Signal::Metrics => scope_groups.map(|scope_group| scope_group.records().count()).sum(),
            Signal::Traces | Signal::Logs => 0,
        };
        Self { signal, resource_groups: batch.resource_groups().count(), metrics, items: batch.items() }
    }

    /// The message of the line.
    pub const fn title(&self) -> &'static str {
        match self.signal {
            Signal::Traces => "Traces",
            Signal::Metrics => "Metrics",
            Signal::Logs => "Logs",
        }
    }

    /// The fields of the line.
    pub fn fields(&self) -> LogFields {
        let mut fields = LogFields::default();
        let mut push = |name, size: usize| fields.push(name, Value::from(size));
        match self.signal {
            Signal::Traces => {
                push("resource spans", self.resource_groups);
                push("spans", self.items);
            }
            Signal::Metrics => {
                push("resource metrics", self.resource_groups);
                push("metrics", self.metrics);
                push("data points", self.items);
            }
            Signal::Logs => {
                push("resource logs", self.resource_groups);
                push("log records", self.items);
            }
        }
        fields
    }

    /// Writes the line into our own log. The names of an event's fields are fixed where it is written,
    /// so there is one event for each signal.
    pub fn log(&self, span: &Span) {
        let (groups, items) = (self.resource_groups, self.items);
        match self.signal {
            Signal::Traces => tracing::info!(
                target: OUTPUT_TARGET, parent: span, { "resource spans" = groups, "spans" = items }, "Traces"
            ),
            Signal::Metrics => tracing::info!(
                target: OUTPUT_TARGET, parent: span,
                { "resource metrics" = groups, "metrics" = self.metrics, "data points" = items }, "Metrics"
            ),
            Signal::Logs => tracing::info!(
                target: OUTPUT_TARGET, parent: span, { "resource logs" = groups, "log records" = items }, "Logs"
            ),
        }
    }
}
