//! Prometheus's view of metrics, shared by every component that speaks to Prometheus: how OpenTelemetry
//! names become metric and label names ([`Naming`]), and what a scrape shows ([`MetricFamily`]) in the
//! formats it is asked for ([`text`], [`open_metrics`]).
//!
//! Names follow the OpenTelemetry specification's
//! <https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/> as the Collector's
//! translator reads it, which dashboards rest on.

mod escaping;
mod exemplar;
pub mod exposition;
mod family;
mod label_name;
mod label_rules;
mod metric_name;
mod native_histogram;
pub mod open_metrics;
mod resource_labels;
mod samples;
mod series_labels;
pub mod text;
mod trimmed_name;
mod unit_name;

#[cfg(test)]
mod tests;

pub use escaping::with_underscores;
pub use exemplar::Exemplar;
pub use family::{
    Bucket, FamilyKind, HistogramValue, Label, MetricFamily, SeriesValue, ShownSeries, SummaryValue,
};
pub use label_rules::{Destination, InvalidLabelName, LabelRules, TargetName};
pub use metric_name::{NamedKind, Naming, STRATEGIES};
pub use native_histogram::{NativeBuckets, NativeHistogram, NotNative, STALE};
pub use resource_labels::ResourceLabelsConfig;
pub use series_labels::SeriesLabels;
pub use trimmed_name::trimmed_name;
pub use unit_name::unit_of_words;
