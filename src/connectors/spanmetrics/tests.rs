//! Whole connectors, spans in and metrics out: what happens when the next component refuses, and that nothing
//! is counted twice or not at all, however spans come in. `tests/specs/spanmetrics` shows each option.

mod properties;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Metric, number_data_point};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use tokio::time::{advance, sleep};

use super::*;
use crate::config::GoDuration;
use crate::pipeline::testing::{Sink, settings};
use crate::telemetry::instruments;

const DELTA: &str = "AGGREGATION_TEMPORALITY_DELTA";

/// A connector that counts by span name alone and flushes every ten seconds.
fn config() -> SpanMetricsConfig {
    let excluded = ["collector.instance.id", "service.name", "span.kind", "status.code"];
    SpanMetricsConfig {
        exclude_dimensions: excluded.map(str::to_owned).to_vec(),
        metrics_flush_interval: GoDuration::from_secs(10),
        ..SpanMetricsConfig::default()
    }
}

/// A connector that is started, with a clock that goes with tokio's time.
async fn started(config: SpanMetricsConfig, sink: &Arc<Sink>) -> (Consuming, Settings) {
    let settings = Settings {
        clock: Clock::starting_at(1_767_225_600_000_000_000),
        ..settings("span_metrics", Signal::Traces)
    };
    let outputs = Outputs { metrics: Some(Arc::clone(sink) as _), ..Outputs::default() };
    let connector = SpanMetrics::create(Arc::new(config), settings.clone(), outputs).unwrap();
    connector.start(&Host::default()).await.unwrap();
    (connector, settings)
}

/// A connector without a timer.
fn connector(config: SpanMetricsConfig, sink: &Arc<Sink>) -> Arc<SpanMetrics> {
    let next: Arc<dyn Consumer> = Arc::clone(sink) as _;
    Arc::new(SpanMetrics::new(&config, settings("span_metrics", Signal::Traces), next))
}

/// Spans of the service `shop` that took so many milliseconds.
fn spans(names_and_durations: &[(&str, u64)]) -> Batch {
    let span = |(name, milliseconds): &(&str, u64)| Span {
        name: (*name).to_owned(),
        start_time_unix_nano: 1_000_000_000,
        end_time_unix_nano: 1_000_000_000 + milliseconds * 1_000_000,
        ..Span::default()
    };
    let shop = AnyValue { value: Some(Value::StringValue("shop".to_owned())) };
    let attribute = KeyValue { key: "service.name".to_owned(), value: Some(shop), ..KeyValue::default() };
    let resource_spans = ResourceSpans {
        resource: Some(Resource { attributes: vec![attribute], ..Resource::default() }),
        scope_spans: vec![ScopeSpans {
            spans: names_and_durations.iter().map(span).collect(),
            ..ScopeSpans::default()
        }],
        ..ResourceSpans::default()
    };
    let body = ExportTraceServiceRequest { resource_spans: vec![resource_spans] }.encode_to_vec();
    Batch::from_valid_part(Signal::Traces, Bytes::from(body), names_and_durations.len())
}

fn metrics_of(batch: &Batch) -> Vec<Metric> {
    let requests = batch.parts().iter().map(|part| ExportMetricsServiceRequest::decode(&part[..]).unwrap());
    let resources = requests.flat_map(|request| request.resource_metrics);
    resources.flat_map(|resource| resource.scope_metrics).flat_map(|scope| scope.metrics).collect()
}

/// The points of `calls` in a batch as start, time, and count by span name.
fn calls(batch: &Batch) -> Vec<(u64, u64, String, i64)> {
    let mut calls = Vec::new();
    for metric in metrics_of(batch) {
        let Some(Data::Sum(sum)) = metric.data else { continue };
        for point in sum.data_points {
            let Some(number_data_point::Value::AsInt(count)) = point.value else { panic!("not an integer") };
            calls.push((
                point.start_time_unix_nano / 1_000_000_000 - 1_767_225_600,
                point.time_unix_nano / 1_000_000_000 - 1_767_225_600,
                name_of(&point.attributes),
                count,
            ));
        }
    }
    calls.sort();
    calls
}

fn name_of(attributes: &[KeyValue]) -> String {
    let name = attributes.iter().find(|attribute| attribute.key == "span.name");
    match name.and_then(|name| name.value.clone()?.value) {
        Some(Value::StringValue(name)) => name,
        other => panic!("{other:?}"),
    }
}

/// How many data points were dropped for `reason`.
fn dropped(settings: &Settings, reason: &str) -> u64 {
    let attributes =
        [("component", "span_metrics"), ("kind", "connector"), ("signal", "metrics"), ("reason", reason)];
    settings.telemetry.counter(&instruments::DROPPED_ITEMS, &attributes).value()
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[tokio::test(start_paused = true)]
async fn a_flush_refused_for_now_is_offered_again_before_anything_else() {
    let sink = Sink::new();
    let config = SpanMetricsConfig {
        aggregation_temporality: DELTA.to_owned(),
        histogram: HistogramConfig { disable: true, ..HistogramConfig::default() },
        ..config()
    };
    let (connector, _) = started(config, &sink).await;
    connector.consume(spans(&[("a", 1), ("a", 1)])).await.unwrap();
    sink.refuse_next(Refusal::retryable("busy"));
    sink.refuse_next(Refusal::retryable("still busy"));
    sleep(seconds(11)).await;
    connector.consume(spans(&[("a", 1)])).await.unwrap();
    sleep(seconds(10)).await;
    assert!(sink.taken().is_empty());
    sleep(seconds(10)).await;
    let taken: Vec<_> = sink.taken().iter().map(calls).collect();
    assert_eq!(taken, [vec![(0, 10, "a".to_owned(), 2)], vec![(10, 30, "a".to_owned(), 1)]]);
    connector.shutdown(Instant::now() + seconds(5)).await;
    assert_eq!(sink.taken().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refused_first_zero_is_not_left_out() {
    let sink = Sink::new();
    let config = SpanMetricsConfig {
        histogram: HistogramConfig { disable: true, ..HistogramConfig::default() },
        ..config()
    };
    let (connector, _) = started(config, &sink).await;
    connector.consume(spans(&[("a", 1)])).await.unwrap();
    sink.refuse_next(Refusal::retryable("busy"));
    sleep(seconds(21)).await;
    let taken: Vec<_> = sink.taken().iter().map(calls).collect();
    assert_eq!(taken, [vec![(0, 10, "a".to_owned(), 0)], vec![(0, 20, "a".to_owned(), 1)]]);
    connector.shutdown(Instant::now() + seconds(5)).await;
}

#[tokio::test(start_paused = true)]
async fn a_flush_refused_for_good_is_counted_and_the_counters_go_on() {
    let sink = Sink::new();
    let (connector, settings) = started(config(), &sink).await;
    connector.consume(spans(&[("a", 1), ("b", 1)])).await.unwrap();
    sink.refuse_next(Refusal::permanent("never"));
    sleep(seconds(11)).await;
    assert!(sink.taken().is_empty());
    // Two series of two metrics.
    assert_eq!(dropped(&settings, "permanent"), 4);
    sleep(seconds(10)).await;
    let taken: Vec<_> = sink.taken().iter().map(calls).collect();
    assert_eq!(taken, [vec![(0, 20, "a".to_owned(), 1), (0, 20, "b".to_owned(), 1)]]);
    connector.shutdown(Instant::now() + seconds(5)).await;
}

#[tokio::test(start_paused = true)]
async fn what_the_next_component_does_not_take_before_the_deadline_is_counted() {
    let sink = Sink::new();
    let (connector, settings) = started(config(), &sink).await;
    connector.consume(spans(&[("a", 1)])).await.unwrap();
    sink.stall();
    connector.shutdown(Instant::now() + seconds(5)).await;
    // The 0 has the time at which the span was seen, which is now, so the count stands alone.
    assert_eq!(dropped(&settings, "shutdown"), 2);
    sink.go_on();
    connector.shutdown(Instant::now() + seconds(5)).await;
    assert!(sink.taken().is_empty());
    assert!(connector.consume(spans(&[("a", 1)])).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_handed_on_where_nothing_was_counted() {
    let sink = Sink::new();
    let (connector, _) = started(config(), &sink).await;
    connector.consume(spans(&[])).await.unwrap();
    advance(seconds(30)).await;
    sleep(seconds(1)).await;
    connector.shutdown(Instant::now() + seconds(5)).await;
    assert!(sink.taken().is_empty());
}

#[tokio::test(start_paused = true)]
async fn each_connector_has_a_random_instance_id() {
    let sink = Sink::new();
    let config = || SpanMetricsConfig { exclude_dimensions: Vec::new(), ..config() };
    for _ in 0..2 {
        let (connector, _) = started(config(), &sink).await;
        connector.consume(spans(&[("a", 1)])).await.unwrap();
        connector.shutdown(Instant::now() + seconds(5)).await;
    }
    let ids: Vec<String> = sink.taken().iter().map(instance_id).collect();
    assert_ne!(ids[0], ids[1]);
    assert!(ids.iter().all(|id| id.len() == 36 && id.matches('-').count() == 4), "{ids:?}");
}

fn instance_id(batch: &Batch) -> String {
    let Some(Data::Sum(sum)) = metrics_of(batch).remove(0).data else { panic!("not a sum") };
    let attributes = &sum.data_points[0].attributes;
    let id = attributes.iter().find(|attribute| attribute.key == "collector.instance.id").unwrap();
    match &id.value.as_ref().unwrap().value {
        Some(Value::StringValue(id)) => id.clone(),
        other => panic!("{other:?}"),
    }
}
