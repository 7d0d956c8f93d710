//! Our own metrics in the Prometheus text exposition format, version 0.0.4, named as the Collector's
//! Prometheus reader names them.

use std::borrow::Cow;
use std::sync::Arc;

use super::histogram::HistogramReading;
use super::registry::{InstrumentDescription, InstrumentKind, InstrumentReading, SeriesReading, SeriesValue};
use crate::prometheus::{
    self, Bucket, FamilyKind, HistogramValue, Label, MetricFamily, Naming, ShownSeries, text,
};

/// The media type of [`exposition`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

/// How metrics are named and labelled: the switches of the Collector's Prometheus reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpositionOptions {
    /// Leave out the `otel_scope_*` labels.
    pub without_scope_info: bool,
    /// Leave out the unit at the end of the name (`_seconds`, `_bytes`).
    pub without_units: bool,
    /// Leave out `_total` at the end of a counter's name.
    pub without_type_suffix: bool,
}

impl Default for ExpositionOptions {
    fn default() -> Self {
        Self { without_scope_info: true, without_units: true, without_type_suffix: true }
    }
}

/// The text of all readings, then `target_info` with the attributes of our `resource`.
pub fn exposition(
    readings: &[InstrumentReading],
    options: ExpositionOptions,
    resource: &[(String, String)],
) -> String {
    let mut families: Vec<MetricFamily> = readings.iter().map(|reading| family(reading, options)).collect();
    families.push(MetricFamily {
        name: "target_info".to_owned(),
        help: "Target metadata".to_owned(),
        kind: FamilyKind::Gauge,
        series: vec![shown(labels(resource), number(1.0))],
    });
    text::exposition(&families)
}

fn family(reading: &InstrumentReading, options: ExpositionOptions) -> MetricFamily {
    let description = reading.description;
    let series = reading.series.iter().map(|series| {
        let value = match &series.value {
            SeriesValue::Number(value) => number(*value),
            SeriesValue::Histogram(histogram) => histogram_value(histogram),
        };
        shown(series_labels(series, description, options), value)
    });
    MetricFamily {
        name: metric_name(description, options).into_owned(),
        help: description.description.to_owned(),
        kind: match description.kind {
            InstrumentKind::Counter => FamilyKind::Counter,
            InstrumentKind::Gauge => FamilyKind::Gauge,
            InstrumentKind::Histogram => FamilyKind::Histogram,
        },
        series: series.collect(),
    }
}

const fn shown(labels: Arc<[Label]>, value: prometheus::SeriesValue) -> ShownSeries {
    ShownSeries { labels, value, timestamp_ms: None }
}

const fn number(value: f64) -> prometheus::SeriesValue {
    prometheus::SeriesValue::Number { value, exemplar: None }
}

fn histogram_value(histogram: &HistogramReading) -> prometheus::SeriesValue {
    let bounds = histogram.bounds.iter().copied().chain([f64::INFINITY]);
    let mut count = 0;
    let buckets = bounds.zip(&histogram.counts).map(|(upper_bound, of_bucket)| {
        count += of_bucket;
        Bucket { upper_bound, cumulative_count: count, exemplar: None }
    });
    let buckets = buckets.collect();
    prometheus::SeriesValue::Histogram(HistogramValue { count, sum: Some(histogram.sum), buckets })
}

/// The name with the suffixes the reader is to add; one that is there already is not added again.
fn metric_name(description: &InstrumentDescription, options: ExpositionOptions) -> Cow<'static, str> {
    let mut name = Cow::Borrowed(description.name);
    let unit_word = match description.unit {
        "s" => Some("_seconds"),
        "By" => Some("_bytes"),
        _ => None,
    };
    if let Some(word) = unit_word
        && !options.without_units
        && !name.ends_with(word)
    {
        name.to_mut().push_str(word);
    }
    let is_counter = description.kind == InstrumentKind::Counter;
    if is_counter && !options.without_type_suffix && !name.ends_with("_total") {
        name.to_mut().push_str("_total");
    }
    name
}

fn series_labels(
    series: &SeriesReading,
    description: &InstrumentDescription,
    options: ExpositionOptions,
) -> Arc<[Label]> {
    let mut attributes = series.attributes.clone();
    if !options.without_scope_info {
        attributes.push(("otel_scope_name".to_owned(), description.scope.to_owned()));
        attributes.push(("otel_scope_schema_url".to_owned(), String::new()));
        attributes.push(("otel_scope_version".to_owned(), String::new()));
    }
    labels(&attributes)
}

/// The attributes in the order of their names, which are those of labels.
fn labels(attributes: &[(String, String)]) -> Arc<[Label]> {
    let naming = Naming::new("", false, false);
    let labels = attributes.iter().filter_map(|(key, value)| Some(Label::new(naming.label(key)?, value)));
    let mut labels: Vec<Label> = labels.collect();
    labels.sort();
    labels.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::telemetry::MetricsLevel;
    use crate::telemetry::{Telemetry, instruments};

    fn filled() -> (Telemetry, Vec<crate::telemetry::GaugeGuard>) {
        let telemetry = Telemetry::default();
        telemetry
            .counter(
                &instruments::RECEIVER_ACCEPTED_SPANS,
                &[("transport", "grpc"), ("receiver", "a\"\\\nb")],
            )
            .add(1_234_567);
        let batch =
            telemetry.histogram(&instruments::BATCH_SEND_SIZE, &[("processor", "batch")], &[10.0, 25.0]);
        for value in [10.0, 11.0, 30.0] {
            batch.record(value);
        }
        let guards = vec![
            telemetry.gauge(&instruments::PROCESS_MEMORY_RSS, &[], || 34_070_528.0),
            telemetry.gauge(&instruments::PROCESS_UPTIME, &[], || 1.5),
            telemetry.gauge(&instruments::PROCESS_CPU_SECONDS, &[], || 0.25),
        ];
        (telemetry, guards)
    }

    fn resource() -> Vec<(String, String)> {
        vec![
            ("service.name".to_owned(), "weir".to_owned()),
            ("service.instance.id".to_owned(), "i".to_owned()),
        ]
    }

    #[test]
    fn the_default_reader_adds_nothing_to_the_names() {
        let (telemetry, _guards) = filled();
        let text =
            exposition(&telemetry.read(MetricsLevel::Normal), ExpositionOptions::default(), &resource());
        assert_eq!(
            text,
            r##"# HELP otelcol_process_cpu_seconds Total CPU user and system time in seconds
# TYPE otelcol_process_cpu_seconds counter
otelcol_process_cpu_seconds 0.25
# HELP otelcol_process_memory_rss Total physical memory (resident set size)
# TYPE otelcol_process_memory_rss gauge
otelcol_process_memory_rss 34070528
# HELP otelcol_process_uptime Uptime of the process
# TYPE otelcol_process_uptime counter
otelcol_process_uptime 1.5
# HELP otelcol_processor_batch_batch_send_size Number of units in the batch
# TYPE otelcol_processor_batch_batch_send_size histogram
otelcol_processor_batch_batch_send_size_bucket{processor="batch",le="10"} 1
otelcol_processor_batch_batch_send_size_bucket{processor="batch",le="25"} 2
otelcol_processor_batch_batch_send_size_bucket{processor="batch",le="+Inf"} 3
otelcol_processor_batch_batch_send_size_sum{processor="batch"} 51
otelcol_processor_batch_batch_send_size_count{processor="batch"} 3
# HELP otelcol_receiver_accepted_spans Number of spans successfully pushed into the pipeline.
# TYPE otelcol_receiver_accepted_spans counter
otelcol_receiver_accepted_spans{receiver="a\"\\\nb",transport="grpc"} 1234567
# HELP target_info Target metadata
# TYPE target_info gauge
target_info{service_instance_id="i",service_name="weir"} 1
"##
        );
    }

    #[test]
    fn units_and_type_suffixes_are_added_once_where_asked_for() {
        let (telemetry, _guards) = filled();
        let options =
            ExpositionOptions { without_units: false, without_type_suffix: false, without_scope_info: true };
        let text = exposition(&telemetry.read(MetricsLevel::Normal), options, &[]);
        let names: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "))
            .filter_map(|line| line.split(' ').next())
            .collect();
        assert_eq!(
            names,
            [
                "otelcol_process_cpu_seconds_total",
                "otelcol_process_memory_rss_bytes",
                "otelcol_process_uptime_seconds_total",
                "otelcol_processor_batch_batch_send_size",
                "otelcol_receiver_accepted_spans_total",
                "target_info",
            ]
        );
    }

    #[test]
    fn scope_labels_stand_among_the_others() {
        let telemetry = Telemetry::default();
        telemetry.counter(&instruments::BATCH_TIMEOUT_TRIGGER_SEND, &[("processor", "batch")]).add(2);
        let options = ExpositionOptions { without_scope_info: false, ..ExpositionOptions::default() };
        let text = exposition(&telemetry.read(MetricsLevel::Normal), options, &[]);
        assert_eq!(
            text.lines().nth(2),
            Some(
                "otelcol_processor_batch_timeout_trigger_send{otel_scope_name=\
                 \"go.opentelemetry.io/collector/processor/batchprocessor\",otel_scope_schema_url=\"\",\
                 otel_scope_version=\"\",processor=\"batch\"} 2"
            )
        );
    }
}
