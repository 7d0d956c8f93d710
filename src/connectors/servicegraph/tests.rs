//! What specs cannot show: refusals, many callers at once, own metrics, and what is kept.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::{metric, number_data_point};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

use super::edge::SpanRules;
use super::pairing::{PairingStore, Taken};
use super::*;
use crate::otlp::resource_groups;
use crate::pipeline::testing::{Sink, settings};
use crate::telemetry::drops::DropReason;
use crate::telemetry::instruments;

/// Spans of one service: the kind, the trace, and the id of the caller's span.
fn spans_of(service: &str, spans: impl IntoIterator<Item = (i32, u64, u64)>) -> Batch {
    let span = |(kind, trace, caller): (i32, u64, u64)| {
        let caller = caller.to_be_bytes().to_vec();
        let (span_id, parent_span_id) =
            if kind == edge::CLIENT { (caller, Vec::new()) } else { (vec![0xee; 8], caller) };
        let trace_id = u128::from(trace).to_be_bytes().to_vec();
        Span { trace_id, span_id, parent_span_id, kind, ..Span::default() }
    };
    let value = Some(AnyValue { value: Some(Value::StringValue(service.to_owned())) });
    let name = KeyValue { key: "service.name".to_owned(), value, ..KeyValue::default() };
    let resource = Some(Resource { attributes: vec![name], ..Resource::default() });
    let scope_spans =
        vec![ScopeSpans { spans: spans.into_iter().map(span).collect(), ..ScopeSpans::default() }];
    let items = scope_spans[0].spans.len();
    let resource_spans = vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }];
    let body = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
    Batch::from_valid_part(Signal::Traces, body.into(), items)
}

/// The requests counted in each batch that was handed on, of all series together.
fn requests_in(sink: &Sink) -> Vec<i64> {
    let requests = |batch: Batch| {
        let body = batch.into_parts().concat();
        let request = ExportMetricsServiceRequest::decode(&*body).unwrap();
        let metric = &request.resource_metrics[0].scope_metrics[0].metrics[0];
        assert_eq!(metric.name, "traces_service_graph_request_total");
        let Some(metric::Data::Sum(sum)) = &metric.data else {
            panic!("not a sum");
        };
        let value = |value: &Option<_>| match value {
            Some(number_data_point::Value::AsInt(value)) => *value,
            other => panic!("{other:?}"),
        };
        sum.data_points.iter().map(|point| value(&point.value)).sum()
    };
    sink.taken().into_iter().map(requests).collect()
}

fn connector(config: ServiceGraphConfig, settings: Settings, sink: &Arc<Sink>) -> Consuming {
    let outputs = Outputs { metrics: Some(Arc::clone(sink) as Arc<dyn Consumer>), ..Outputs::default() };
    ServiceGraph::create(Arc::new(config), settings, outputs).unwrap()
}

fn in_seconds(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_comes_again_with_the_next_flush() {
    let sink = Sink::new();
    let connector =
        connector(ServiceGraphConfig::default(), settings("service_graph", Signal::Traces), &sink);
    connector.start(&Host::default()).await.unwrap();
    connector.consume(spans_of("shop", [(edge::CLIENT, 1, 1)])).await.unwrap();
    connector.consume(spans_of("cart", [(edge::SERVER, 1, 1)])).await.unwrap();
    sink.refuse_next(Refusal::permanent("no"));
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert!(sink.taken().is_empty());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(requests_in(&sink), [1]);
    connector.shutdown(in_seconds(5)).await;
}

#[tokio::test(start_paused = true)]
async fn the_last_flush_is_offered_until_it_is_taken() {
    let sink = Sink::new();
    let settings = settings("service_graph", Signal::Traces);
    let telemetry = settings.telemetry.clone();
    let connector = connector(ServiceGraphConfig::default(), settings, &sink);
    connector.start(&Host::default()).await.unwrap();
    connector.consume(spans_of("shop", [(edge::CLIENT, 1, 1)])).await.unwrap();
    sink.refuse_next(Refusal::retryable("later"));
    sink.refuse_next(Refusal::retryable("later"));
    connector.shutdown(in_seconds(5)).await;
    assert_eq!(requests_in(&sink), [1]);
    assert_eq!(dropped(&telemetry, DropReason::Shutdown), 0);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_takes_at_the_stop_is_counted() {
    let sink = Sink::new();
    let settings = settings("service_graph", Signal::Traces);
    let telemetry = settings.telemetry.clone();
    let connector = connector(ServiceGraphConfig::default(), settings, &sink);
    connector.consume(spans_of("shop", [(edge::CLIENT, 1, 1)])).await.unwrap();
    sink.stall();
    connector.shutdown(in_seconds(5)).await;
    // One series: requests, and seconds as either side sees them.
    assert_eq!(dropped(&telemetry, DropReason::Shutdown), 3);
}

#[tokio::test]
async fn own_metrics_count_edges_and_spans_without_room() {
    let sink = Sink::new();
    let settings = settings("service_graph", Signal::Traces);
    let telemetry = settings.telemetry.clone();
    let store = StoreConfig { max_items: 2, ..StoreConfig::default() };
    let connector = connector(ServiceGraphConfig { store, ..Default::default() }, settings, &sink);
    connector.consume(spans_of("shop", (1..=5).map(|trace| (edge::CLIENT, trace, 1)))).await.unwrap();
    connector.consume(spans_of("cart", [(edge::SERVER, 1, 1)])).await.unwrap();
    connector.shutdown(in_seconds(5)).await;
    let count = |instrument| telemetry.counter(instrument, &[("connector", "service_graph")]).value();
    assert_eq!(count(&instruments::SERVICE_GRAPH_TOTAL_EDGES), 2);
    assert_eq!(count(&instruments::SERVICE_GRAPH_EXPIRED_EDGES), 1);
    assert_eq!(count(&instruments::SERVICE_GRAPH_DROPPED_SPANS), 3);
    assert_eq!(dropped(&telemetry, DropReason::StateFull), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_on_many_threads_lose_no_request() {
    const CALLERS: u64 = 4;
    const BATCHES: u64 = 50;
    const SPANS: u64 = 20;
    let sink = Sink::new();
    let store = StoreConfig { max_items: 1_000_000, ttl: GoDuration::from_secs(3600) };
    let config = ServiceGraphConfig { store, ..ServiceGraphConfig::default() };
    let connector = connector(config, settings("service_graph", Signal::Traces), &sink);
    let callers = (0..CALLERS).map(|caller| {
        let connector = Arc::clone(&connector);
        tokio::spawn(async move {
            for batch in 0..BATCHES {
                // Every other caller sends the callees' spans of the caller before.
                let (kind, service) =
                    if caller % 2 == 0 { (edge::CLIENT, "shop") } else { (edge::SERVER, "cart") };
                let trace = |span| (caller / 2) << 32 | batch << 16 | span;
                let spans = (0..SPANS).map(|span| (kind, trace(span), 1));
                connector.consume(spans_of(service, spans)).await.unwrap();
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    connector.shutdown(in_seconds(60)).await;
    assert_eq!(requests_in(&sink), [i64::try_from(CALLERS / 2 * BATCHES * SPANS).unwrap()]);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_waits_anew_has_its_full_time_again() {
    let rules = SpanRules::new(&ServiceGraphConfig::default());
    let waiting = PairingStore::new(&StoreConfig::default());
    let take = |kind: i32| {
        let batch = spans_of("a", [(kind, 1, 1)]);
        let group = resource_groups(&batch.parts()[0]).next().unwrap();
        let service = rules.service(&group.resource).unwrap();
        let span = group.scope_groups.iter().next().unwrap().spans().next().unwrap();
        let half = rules.half_of(&service, &span).unwrap();
        waiting.take(rules.edge_key(&span, half.side), half, Instant::now())
    };
    assert!(matches!(take(edge::CLIENT), Taken::Waits { is_new: true }));
    assert!(matches!(take(edge::SERVER), Taken::Completes { is_new: false, .. }));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(matches!(take(edge::SERVER), Taken::Waits { is_new: true }));
    assert!(matches!(take(edge::SERVER), Taken::Waits { is_new: false }));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(waiting.take_due(Instant::now()).len(), 0, "the first wait is over, the second is not");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(waiting.take_due(Instant::now()).len(), 1);
    assert_eq!(waiting.take_all().len(), 0);
}

fn dropped(telemetry: &crate::telemetry::Telemetry, reason: DropReason) -> u64 {
    let attributes = [
        ("component", "service_graph"),
        ("kind", "connector"),
        ("signal", "traces"),
        ("reason", reason.name()),
    ];
    telemetry.counter(&instruments::DROPPED_ITEMS, &attributes).value()
}
