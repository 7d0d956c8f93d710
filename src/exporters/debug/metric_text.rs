//! Metrics at verbosity `detailed`.

use super::buckets::{bound, buckets};
use super::detailed::Lines;
use super::value_text::{fixed_number, id_text};
use crate::otlp::{
    ExemplarView, ExponentialHistogramDataPointView, HistogramDataPointView, KeyValueView, List, MetricData,
    MetricView, NumberDataPointView, NumberValue, SummaryDataPointView,
};
use crate::telemetry::UtcTime;

/// Appends the metric with all its data points.
pub fn append_metric(lines: &mut Lines, index: usize, metric: &MetricView<'_>) {
    lines.add(format_args!("Metric #{index}"));
    lines.add(format_args!("Descriptor:"));
    lines.add(format_args!("     -> Name: {}", metric.name));
    lines.add(format_args!("     -> Description: {}", metric.description));
    lines.add(format_args!("     -> Unit: {}", metric.unit));
    lines.add(format_args!("     -> DataType: {}", data_type(&metric.data)));
    lines.add_attributes("     -> Metadata", metric.metadata);
    match metric.data {
        MetricData::Empty => {}
        MetricData::Gauge { data_points } => append_all(lines, data_points, append_number),
        MetricData::Sum { data_points, aggregation_temporality, is_monotonic } => {
            lines.add(format_args!("     -> IsMonotonic: {is_monotonic}"));
            append_temporality(lines, aggregation_temporality);
            append_all(lines, data_points, append_number);
        }
        MetricData::Histogram { data_points, aggregation_temporality } => {
            append_temporality(lines, aggregation_temporality);
            append_all(lines, data_points, append_histogram);
        }
        MetricData::ExponentialHistogram { data_points, aggregation_temporality } => {
            append_temporality(lines, aggregation_temporality);
            append_all(lines, data_points, append_exponential_histogram);
        }
        MetricData::Summary { data_points } => append_all(lines, data_points, append_summary),
    }
}

fn data_type(data: &MetricData<'_>) -> &'static str {
    match data {
        MetricData::Empty => "Empty",
        MetricData::Gauge { .. } => "Gauge",
        MetricData::Sum { .. } => "Sum",
        MetricData::Histogram { .. } => "Histogram",
        MetricData::ExponentialHistogram { .. } => "ExponentialHistogram",
        MetricData::Summary { .. } => "Summary",
    }
}

fn append_temporality(lines: &mut Lines, aggregation_temporality: i32) {
    let name = match aggregation_temporality {
        0 => "Unspecified",
        1 => "Delta",
        2 => "Cumulative",
        _ => "",
    };
    lines.add(format_args!("     -> AggregationTemporality: {name}"));
}

fn append_all<'a, V: crate::otlp::View<'a>>(
    lines: &mut Lines,
    data_points: List<'a, V>,
    append: impl Fn(&mut Lines, usize, &V),
) {
    data_points.iter().enumerate().for_each(|(index, data_point)| append(lines, index, &data_point));
}

/// What data points of every kind begin with.
fn append_head(
    lines: &mut Lines,
    title: std::fmt::Arguments<'_>,
    attributes: List<'_, KeyValueView<'_>>,
    start_time_unix_nano: u64,
    time_unix_nano: u64,
) {
    lines.add(title);
    lines.add_attributes("Data point attributes", attributes);
    lines.add(format_args!("StartTimestamp: {}", UtcTime::from_unix_nano(start_time_unix_nano)));
    lines.add(format_args!("Timestamp: {}", UtcTime::from_unix_nano(time_unix_nano)));
}

fn append_number(lines: &mut Lines, index: usize, data_point: &NumberDataPointView<'_>) {
    append_head(
        lines,
        format_args!("NumberDataPoints #{index}"),
        data_point.attributes,
        data_point.start_time_unix_nano,
        data_point.time_unix_nano,
    );
    if let Some(value) = data_point.value {
        lines.add(format_args!("Value: {}", value_text(value)));
    }
    append_exemplars(lines, data_point.exemplars);
}

fn value_text(value: NumberValue) -> String {
    match value {
        NumberValue::Int(value) => value.to_string(),
        NumberValue::Double(value) => fixed_number(value),
    }
}

fn append_totals(lines: &mut Lines, count: u64, sum: Option<f64>, min: Option<f64>, max: Option<f64>) {
    lines.add(format_args!("Count: {count}"));
    for (name, value) in [("Sum", sum), ("Min", min), ("Max", max)] {
        if let Some(value) = value {
            lines.add(format_args!("{name}: {}", fixed_number(value)));
        }
    }
}

fn append_histogram(lines: &mut Lines, index: usize, data_point: &HistogramDataPointView<'_>) {
    append_head(
        lines,
        format_args!("HistogramDataPoints #{index}"),
        data_point.attributes,
        data_point.start_time_unix_nano,
        data_point.time_unix_nano,
    );
    append_totals(lines, data_point.count, data_point.sum, data_point.min, data_point.max);
    for (index, bound) in data_point.explicit_bounds.iter().enumerate() {
        lines.add(format_args!("ExplicitBounds #{index}: {}", fixed_number(bound)));
    }
    for (index, count) in data_point.bucket_counts.iter().enumerate() {
        lines.add(format_args!("Buckets #{index}, Count: {count}"));
    }
    append_exemplars(lines, data_point.exemplars);
}

fn append_exponential_histogram(
    lines: &mut Lines,
    index: usize,
    data_point: &ExponentialHistogramDataPointView<'_>,
) {
    append_head(
        lines,
        format_args!("ExponentialHistogramDataPoints #{index}"),
        data_point.attributes,
        data_point.start_time_unix_nano,
        data_point.time_unix_nano,
    );
    append_totals(lines, data_point.count, data_point.sum, data_point.min, data_point.max);
    let bound_text = |sign: f64, index: f64| fixed_number(sign * bound(index, data_point.scale));
    for (index, count) in buckets(data_point.negative).into_iter().rev() {
        let (lowest, highest) = (bound_text(-1.0, index + 1.0), bound_text(-1.0, index));
        lines.add(format_args!("Bucket [{lowest}, {highest}), Count: {count}"));
    }
    if data_point.zero_count != 0 {
        lines.add(format_args!("Bucket [0, 0], Count: {}", data_point.zero_count));
    }
    for (index, count) in buckets(data_point.positive) {
        let (lowest, highest) = (bound_text(1.0, index), bound_text(1.0, index + 1.0));
        lines.add(format_args!("Bucket ({lowest}, {highest}], Count: {count}"));
    }
    append_exemplars(lines, data_point.exemplars);
}

fn append_summary(lines: &mut Lines, index: usize, data_point: &SummaryDataPointView<'_>) {
    append_head(
        lines,
        format_args!("SummaryDataPoints #{index}"),
        data_point.attributes,
        data_point.start_time_unix_nano,
        data_point.time_unix_nano,
    );
    append_totals(lines, data_point.count, Some(data_point.sum), None, None);
    for (index, at) in data_point.quantile_values.iter().enumerate() {
        let (quantile, value) = (fixed_number(at.quantile), fixed_number(at.value));
        lines.add(format_args!("QuantileValue #{index}: Quantile {quantile}, Value {value}"));
    }
}

fn append_exemplars(lines: &mut Lines, exemplars: List<'_, ExemplarView<'_>>) {
    if exemplars.is_empty() {
        return;
    }
    lines.add(format_args!("Exemplars:"));
    for (index, exemplar) in exemplars.iter().enumerate() {
        lines.add(format_args!("Exemplar #{index}"));
        lines.add(format_args!("     -> Trace ID: {}", id_text(exemplar.trace_id)));
        lines.add(format_args!("     -> Span ID: {}", id_text(exemplar.span_id)));
        lines.add(format_args!("     -> Timestamp: {}", UtcTime::from_unix_nano(exemplar.time_unix_nano)));
        if let Some(value) = exemplar.value {
            lines.add(format_args!("     -> Value: {}", value_text(value)));
        }
        lines.add_attributes("     -> FilteredAttributes", exemplar.filtered_attributes);
    }
}
