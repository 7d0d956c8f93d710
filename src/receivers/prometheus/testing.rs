//! What tests of the receiver need: a target without a network, and OTLP as lines of text.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as NumberValue;
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, Metric, exemplar};
use prost::Message;

use super::client::{Answer, ScrapeFailure};
use super::config::{PrometheusReceiverConfig, TargetGroupConfig};
use super::job::found_in;
use super::job_settings::JobSettings;
use super::streams::Written;
use super::target::TargetMaker;
use super::target_scrape::{ScrapeOutcome, ScrapeTime, TargetScrape};
use crate::config::{ConfigValue, Decoding, parse_yaml};

pub(super) const TEXT: &str = "text/plain; version=0.0.4";
pub(super) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0";

/// One target whose answers are given.
pub(super) struct GivenTarget {
    scrape: TargetScrape,
    content_type: &'static str,
}

/// The receiver's section.
pub(super) fn section(yaml: &str) -> PrometheusReceiverConfig {
    let mut config = PrometheusReceiverConfig::default();
    let mut decoding = Decoding::default();
    config.update(&parse_yaml(yaml, &"section".into()).unwrap(), &mut decoding);
    let errors = decoding.into_errors();
    assert!(errors.is_empty(), "{errors:?}");
    config
}

impl GivenTarget {
    /// Target `target:80` of the job `j`, with more fields of the job in YAML's flow style.
    pub(super) fn new(content_type: &'static str, fields: &str) -> Self {
        Self::of_section(
            content_type,
            &format!("config: {{scrape_configs: [{{job_name: j, scrape_timeout: 10s{fields}}}]}}"),
        )
    }

    /// The same with a whole section, whose first job is meant.
    pub(super) fn of_section(content_type: &'static str, yaml: &str) -> Self {
        let config = section(yaml);
        let (job, global) = (&config.config.scrape_configs[0], &config.config.global);
        let settings = JobSettings::new(job, global, &config).unwrap();
        let group = TargetGroupConfig { targets: vec!["target:80".to_owned().into()], ..Default::default() };
        let found = found_in(&group).next().unwrap();
        let target = TargetMaker::new(job, global).unwrap().target(found).unwrap().unwrap();
        Self { scrape: TargetScrape::new(Arc::new(target), Arc::new(settings)), content_type }
    }

    /// What a scrape at `time_ms` that took 250 ms comes to.
    pub(super) fn outcome(&mut self, text: &str, time_ms: i64) -> ScrapeOutcome {
        let body = Bytes::copy_from_slice(text.as_bytes());
        self.scrape.take(Ok(Answer { content_type: self.content_type.to_owned(), body }), time_at(time_ms))
    }

    /// The metrics of such a scrape that are not about it, as lines.
    pub(super) fn scrape(&mut self, text: &str, time_ms: i64) -> String {
        let outcome = self.outcome(text, time_ms);
        assert_eq!(outcome.failure, None);
        without_report(&lines(&outcome.written))
    }

    /// The metrics of a scrape that got no answer.
    pub(super) fn fail(&mut self, time_ms: i64) -> String {
        let outcome = self.scrape.take(Err(ScrapeFailure::Other("no luck".to_owned())), time_at(time_ms));
        assert_eq!(outcome.failure.as_deref(), Some("no luck"));
        lines(&outcome.written)
    }

    /// How many data points are known.
    pub(super) fn known_points(&self) -> usize {
        self.scrape.known_points()
    }

    /// The metrics after the target has gone.
    pub(super) fn end(&mut self, time_ms: i64) -> String {
        lines(&self.scrape.end(time_ms))
    }
}

const fn time_at(time_ms: i64) -> ScrapeTime {
    ScrapeTime { time_ms, duration: Duration::from_millis(250), latest_ms: time_ms + 600_000 }
}

/// The metrics but those about the scrape.
pub(super) fn without_report(lines: &str) -> String {
    let mut kept = String::new();
    let mut is_report = false;
    for line in lines.lines() {
        let is_metric = line.starts_with("    ") && !line.starts_with("      ");
        if is_metric || !line.starts_with("      ") {
            is_report =
                ["gauge up ", "gauge scrape_"].iter().any(|start| line.trim_start().starts_with(start));
        }
        if !is_report {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// What was written, once it is seen that it is what it says.
pub(super) fn lines(written: &Written) -> String {
    let batch = crate::otlp::Batch::from_untrusted_part(
        crate::otlp::Signal::Metrics,
        Bytes::from(written.body.clone()),
    );
    assert_eq!(batch.unwrap().items(), written.points);
    lines_of_body(&written.body)
}

/// An encoded request as lines: resource, scope, metric, data point.
pub(super) fn lines_of_body(body: &[u8]) -> String {
    let request = ExportMetricsServiceRequest::decode(body).unwrap();
    let mut text = String::new();
    for resource_metrics in &request.resource_metrics {
        let resource = resource_metrics.resource.as_ref().unwrap();
        writeln!(text, "resource {}", attributes(&resource.attributes)).unwrap();
        for scope_metrics in &resource_metrics.scope_metrics {
            let scope = scope_metrics.scope.as_ref().unwrap();
            let name = scope.name.rsplit('/').next().unwrap_or_default();
            let version = if name == "prometheusreceiver" { "" } else { &scope.version };
            let more = attributes(&scope.attributes);
            writeln!(text, "  scope {name} {version} {} {more}", scope_metrics.schema_url).unwrap();
            scope_metrics.metrics.iter().for_each(|metric| push_metric(&mut text, metric));
        }
    }
    text.lines().map(str::trim_end).map(|line| format!("{line}\n")).collect()
}

fn push_metric(text: &mut String, metric: &Metric) {
    let (kind, points): (&str, Vec<String>) = match metric.data.as_ref().unwrap() {
        Data::Gauge(gauge) => ("gauge", gauge.data_points.iter().map(number_point).collect()),
        Data::Sum(sum) => {
            assert_eq!(sum.aggregation_temporality, 2);
            let kind = if sum.is_monotonic { "counter" } else { "sum" };
            (kind, sum.data_points.iter().map(number_point).collect())
        }
        Data::Histogram(histogram) => {
            assert_eq!(histogram.aggregation_temporality, 2);
            let points = histogram.data_points.iter().map(|point| {
                let start = frame(&point.attributes, point.start_time_unix_nano, point.time_unix_nano);
                let (bounds, counts) = (&point.explicit_bounds, &point.bucket_counts);
                let value =
                    format!("count {} sum {:?} bounds {bounds:?} counts {counts:?}", point.count, point.sum);
                end(&start, &value, point.flags, &point.exemplars)
            });
            ("histogram", points.collect())
        }
        Data::Summary(summary) => {
            let points = summary.data_points.iter().map(|point| {
                let start = frame(&point.attributes, point.start_time_unix_nano, point.time_unix_nano);
                let quantiles: Vec<String> = point
                    .quantile_values
                    .iter()
                    .map(|value| format!("{}: {}", value.quantile, value.value))
                    .collect();
                let value = format!("count {} sum {} quantiles {quantiles:?}", point.count, point.sum);
                end(&start, &value, point.flags, &[])
            });
            ("summary", points.collect())
        }
        Data::ExponentialHistogram(_) => panic!("{metric:?}"),
    };
    let prometheus_type = attributes(&metric.metadata);
    let (name, unit, help) = (&metric.name, &metric.unit, &metric.description);
    writeln!(text, "    {kind} {name} [{unit}] {help:?} {prometheus_type}").unwrap();
    points.iter().for_each(|point| writeln!(text, "      {point}").unwrap());
}

fn number_point(point: &opentelemetry_proto::tonic::metrics::v1::NumberDataPoint) -> String {
    let start = frame(&point.attributes, point.start_time_unix_nano, point.time_unix_nano);
    let value = match point.value {
        Some(NumberValue::AsDouble(value)) => value.to_string(),
        Some(NumberValue::AsInt(_)) => panic!("{point:?}"),
        None => "none".to_owned(),
    };
    end(&start, &value, point.flags, &point.exemplars)
}

/// Attributes and times, in milliseconds.
fn frame(labels: &[KeyValue], start: u64, time: u64) -> String {
    let start = if start == 0 { String::new() } else { format!(" since {}", start as f64 / 1e6) };
    format!("{}@{}{start} =", attributes(labels), time as f64 / 1e6)
}

fn end(start: &str, value: &str, flags: u32, exemplars: &[Exemplar]) -> String {
    let flags = if flags == 1 { " ended" } else { "" };
    let exemplars: String = exemplars.iter().map(exemplar_text).collect();
    format!("{start} {value}{flags}{exemplars}")
}

fn exemplar_text(exemplar: &Exemplar) -> String {
    let Some(exemplar::Value::AsDouble(value)) = exemplar.value else { panic!("{exemplar:?}") };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (trace, span) = (hex(&exemplar.trace_id), hex(&exemplar.span_id));
    let time_ms = exemplar.time_unix_nano as f64 / 1e6;
    format!(" # {}{value}@{time_ms} trace {trace} span {span}", attributes(&exemplar.filtered_attributes))
}

fn attributes(attributes: &[KeyValue]) -> String {
    let texts = attributes.iter().map(|attribute| match &attribute.value.as_ref().unwrap().value {
        Some(Value::StringValue(text)) => format!("{}={text} ", attribute.key),
        other => panic!("{other:?}"),
    });
    texts.collect()
}
