//! Verbosity `normal`: a line for each resource, scope and item.

use std::fmt::Write as _;

use super::buckets::{bound, buckets};
use super::value_text::{assignments, fixed_number, id_text, shortest_number};
use crate::otlp::{
    Batch, ExponentialHistogramDataPointView, HistogramDataPointView, KeyValueView, List, LogRecordView,
    MetricData, MetricView, NumberDataPointView, NumberValue, ScopeGroup, Signal, SpanView,
    SummaryDataPointView, Text,
};

/// The lines of `batch`, each with its line break.
pub fn text(batch: &Batch) -> String {
    let kind = match batch.signal() {
        Signal::Traces => "Traces",
        Signal::Metrics => "Metrics",
        Signal::Logs => "Log",
    };
    let mut text = String::new();
    for (index, resource_group) in batch.resource_groups().enumerate() {
        let schema = bracketed(resource_group.schema_url);
        let attributes = spaced(resource_group.resource.attributes);
        line(&mut text, format_args!("Resource{kind} #{index}{schema}{attributes}"));
        for (index, scope_group) in resource_group.scope_groups.iter().enumerate() {
            line(&mut text, format_args!("Scope{kind} #{index}{}", scope_text(&scope_group)));
            append_items(&mut text, batch.signal(), scope_group);
        }
    }
    text
}

fn append_items(text: &mut String, signal: Signal, scope_group: ScopeGroup<'_>) {
    match signal {
        Signal::Traces => scope_group.spans().for_each(|span| append_span(text, span)),
        Signal::Metrics => scope_group.metrics().for_each(|metric| append_metric(text, metric)),
        Signal::Logs => scope_group.log_records().for_each(|record| append_log_record(text, record)),
    }
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}

/// ` [url]`, or nothing.
fn bracketed(schema_url: Text<'_>) -> String {
    if schema_url.is_empty() { String::new() } else { format!(" [{schema_url}]") }
}

/// ` key=value key=value`, or nothing.
fn spaced(attributes: List<'_, KeyValueView<'_>>) -> String {
    assignments(attributes).iter().map(|assignment| format!(" {assignment}")).collect()
}

/// ` name@version [url] key=value`, of which each part may be missing.
fn scope_text(scope_group: &ScopeGroup<'_>) -> String {
    let scope = scope_group.scope;
    let version = if scope.version.is_empty() { String::new() } else { format!("@{}", scope.version) };
    let name = format!("{}{version}", scope.name);
    let name = if name.is_empty() { name } else { format!(" {name}") };
    format!("{name}{}{}", bracketed(scope_group.schema_url), spaced(scope.attributes))
}

fn append_span(text: &mut String, span: SpanView<'_>) {
    let (trace_id, span_id) = (id_text(span.trace_id), id_text(span.span_id));
    line(text, format_args!("{} {trace_id} {span_id}{}", span.name, spaced(span.attributes)));
}

fn append_log_record(text: &mut String, record: LogRecordView<'_>) {
    let attributes = assignments(record.attributes).join(" ");
    line(text, format_args!("{} {attributes}", record.body.to_text()));
}

fn append_metric(text: &mut String, metric: MetricView<'_>) {
    let mut point = |attributes: List<'_, KeyValueView<'_>>, value: String| {
        line(text, format_args!("{}{{{}}} {value}", metric.name, assignments(attributes).join(",")));
    };
    match metric.data {
        MetricData::Empty => {}
        MetricData::Gauge { data_points } | MetricData::Sum { data_points, .. } => {
            data_points.iter().for_each(|data_point| point(data_point.attributes, number(&data_point)));
        }
        MetricData::Histogram { data_points, .. } => {
            data_points.iter().for_each(|data_point| point(data_point.attributes, histogram(&data_point)));
        }
        MetricData::ExponentialHistogram { data_points, .. } => data_points
            .iter()
            .for_each(|data_point| point(data_point.attributes, exponential_histogram(&data_point))),
        MetricData::Summary { data_points } => {
            data_points.iter().for_each(|data_point| point(data_point.attributes, summary(&data_point)));
        }
    }
}

fn number(data_point: &NumberDataPointView<'_>) -> String {
    match data_point.value {
        Some(NumberValue::Int(value)) => value.to_string(),
        Some(NumberValue::Double(value)) => shortest_number(value),
        None => String::new(),
    }
}

/// `count=3 sum=1.5 min=.. max=..`; what was not sent is left out.
fn totals(count: u64, sum: Option<f64>, min: Option<f64>, max: Option<f64>) -> String {
    let optional = [("sum", sum), ("min", min), ("max", max)];
    let shown = optional.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let shown: String = shown.map(|(name, value)| format!(" {name}={}", shortest_number(value))).collect();
    format!("count={count}{shown}")
}

fn histogram(data_point: &HistogramDataPointView<'_>) -> String {
    let mut text = totals(data_point.count, data_point.sum, data_point.min, data_point.max);
    let mut bounds = data_point.explicit_bounds.iter();
    for count in data_point.bucket_counts.iter() {
        let bound = bounds.next().map_or(String::new(), |bound| format!("le{}=", shortest_number(bound)));
        // Writing to a string cannot fail.
        let _ = write!(text, " {bound}{count}");
    }
    text
}

fn exponential_histogram(data_point: &ExponentialHistogramDataPointView<'_>) -> String {
    let mut text = totals(data_point.count, data_point.sum, data_point.min, data_point.max);
    for (index, count) in buckets(data_point.negative).into_iter().rev() {
        append_bucket(&mut text, -bound(index, data_point.scale), count);
    }
    if data_point.zero_count != 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, " zero={}", data_point.zero_count);
    }
    for (index, count) in buckets(data_point.positive) {
        append_bucket(&mut text, bound(index + 1.0, data_point.scale), count);
    }
    text
}

fn append_bucket(text: &mut String, upper_bound: f64, count: u64) {
    // Writing to a string cannot fail.
    let _ = write!(text, " le{}={count}", shortest_number(upper_bound));
}

fn summary(data_point: &SummaryDataPointView<'_>) -> String {
    let mut text = format!("count={} sum={}", data_point.count, fixed_number(data_point.sum));
    for at in data_point.quantile_values.iter() {
        // Writing to a string cannot fail.
        let _ = write!(text, " q{}={}", shortest_number(at.quantile), shortest_number(at.value));
    }
    text
}
