//! Splits of requests small enough to write out what each side holds.

use std::sync::Arc;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

use crate::otlp::{Batch, ClientInfo, Signal};

/// One resource group per entry of `resources`, with one scope group per entry of it, named in order.
fn trace_batch(resources: &[&[&[&str]]]) -> Batch {
    let span = |name: &&str| Span { name: (*name).into(), ..Default::default() };
    let scope_spans = |(index, names): (usize, &&[&str])| ScopeSpans {
        scope: Some(InstrumentationScope { name: format!("scope {index}"), ..Default::default() }),
        spans: names.iter().map(span).collect(),
        ..Default::default()
    };
    let resource_spans = |(index, scopes): (usize, &&[&[&str]])| ResourceSpans {
        scope_spans: scopes.iter().enumerate().map(scope_spans).collect(),
        schema_url: format!("resource {index}"),
        ..Default::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: resources.iter().enumerate().map(resource_spans).collect(),
    };
    Batch::from_untrusted_part(Signal::Traces, Bytes::from(request.encode_to_vec())).unwrap()
}

/// Each span as `resource/scope/name`.
fn spans(batch: &Batch) -> Vec<String> {
    let mut spans = Vec::new();
    for resource_group in batch.resource_groups() {
        for scope_group in resource_group.scope_groups {
            for span in scope_group.spans() {
                spans.push(format!("{}/{}/{}", resource_group.schema_url, scope_group.scope.name, span.name));
            }
        }
    }
    assert_eq!(batch.items(), spans.len());
    assert_eq!(batch.bytes(), batch.parts().iter().map(Bytes::len).sum::<usize>());
    spans
}

#[test]
fn a_cut_in_the_middle_repeats_the_headers_and_keeps_the_order() {
    let mut batch = trace_batch(&[&[&["a"], &["b", "c", "d"]], &[&["e"]]]);
    let front = batch.split_off_front(2);
    assert_eq!(spans(&front), ["resource 0/scope 0/a", "resource 0/scope 1/b"]);
    assert_eq!(spans(&batch), ["resource 0/scope 1/c", "resource 0/scope 1/d", "resource 1/scope 0/e"]);
}

#[test]
fn untouched_resource_groups_are_shared_with_the_part_they_came_from() {
    let mut batch = trace_batch(&[&[&["a"]], &[&["b", "c"]], &[&["d"]]]);
    let part = batch.parts()[0].clone();
    let addresses = part.as_ptr_range();
    let front = batch.split_off_front(2);
    assert_eq!(spans(&front), ["resource 0/scope 0/a", "resource 1/scope 0/b"]);
    assert_eq!(spans(&batch), ["resource 1/scope 0/c", "resource 2/scope 0/d"]);
    assert!(addresses.contains(&front.parts()[0].as_ptr()));
    assert!(addresses.contains(&batch.parts().last().unwrap().as_ptr()));
}

#[test]
fn a_cut_between_groups_copies_nothing() {
    let mut batch = trace_batch(&[&[&["a"]], &[&["b"]]]);
    let addresses = batch.parts()[0].clone();
    let front = batch.split_off_front(1);
    assert_eq!((spans(&front).len(), spans(&batch).len()), (1, 1));
    assert_eq!([&front.parts()[0][..], &batch.parts()[0][..]].concat(), addresses);
    assert!(addresses.as_ptr_range().contains(&batch.parts()[0].as_ptr()));
}

#[test]
fn parts_are_filled_up_across_their_borders() {
    let mut batch = trace_batch(&[&[&["a"]]]);
    batch.merge(trace_batch(&[&[&["b", "c", "d"]]]));
    batch.merge(trace_batch(&[&[&["e"]]]));
    let mut pieces = Vec::new();
    while !batch.is_empty() {
        pieces.push(spans(&batch.split_off_front(2)).join(" "));
    }
    assert_eq!(
        pieces,
        [
            "resource 0/scope 0/a resource 0/scope 0/b",
            "resource 0/scope 0/c resource 0/scope 0/d",
            "resource 0/scope 0/e"
        ]
    );
}

#[test]
fn taking_more_than_there_is_takes_all_and_leaves_an_empty_batch() {
    let client = Some(Arc::new(ClientInfo::default()));
    let mut batch = trace_batch(&[&[&["a", "b"]]]).with_client(client.clone());
    let front = batch.split_off_front(1);
    assert_eq!(front.client(), client.as_ref());
    let rest = batch.split_off_front(100);
    assert_eq!((rest.items(), rest.client()), (1, client.as_ref()));
    assert!(batch.is_empty() && batch.parts().is_empty() && batch.bytes() == 0);
}

#[test]
fn a_metric_is_cut_between_its_data_points() {
    let point = |number| NumberDataPoint { time_unix_nano: number, ..Default::default() };
    let sum =
        Sum { data_points: (1..=3).map(point).collect(), aggregation_temporality: 2, is_monotonic: true };
    let metric = Metric {
        name: "requests".into(),
        unit: "1".into(),
        data: Some(Data::Sum(sum)),
        ..Default::default()
    };
    let scope_metrics = vec![ScopeMetrics { metrics: vec![metric], ..Default::default() }];
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics { scope_metrics, ..Default::default() }],
    };
    let body = Bytes::from(request.encode_to_vec());
    let mut batch = Batch::from_untrusted_part(Signal::Metrics, body).unwrap();

    let mut times = Vec::new();
    for _ in 0..2 {
        let front = batch.split_off_front(2);
        let decoded = ExportMetricsServiceRequest::decode(front.parts()[0].clone()).unwrap();
        let metric = &decoded.resource_metrics[0].scope_metrics[0].metrics[0];
        assert_eq!((metric.name.as_str(), metric.unit.as_str()), ("requests", "1"));
        let Some(Data::Sum(sum)) = &metric.data else { panic!("still a sum") };
        assert_eq!((sum.aggregation_temporality, sum.is_monotonic), (2, true));
        times.push(sum.data_points.iter().map(|point| point.time_unix_nano).collect::<Vec<_>>());
    }
    assert_eq!(times, [vec![1, 2], vec![3]]);
    assert!(batch.is_empty());
}

#[test]
fn pieces_keep_to_a_limit_in_bytes_and_a_longer_record_goes_alone() {
    let long = "x".repeat(300);
    let mut batch = trace_batch(&[&[&["a", "b", "c", &long, "d"], &["e"]], &[&["f"]]]);
    let expected = spans(&batch);
    let mut found = Vec::new();
    for _ in 0..expected.len() {
        let front = batch.split_front_bytes(60);
        let spans = spans(&front);
        assert!(front.bytes() <= 60 || spans.len() == 1, "{} bytes: {spans:?}", front.bytes());
        found.extend(spans);
    }
    assert!(batch.is_empty());
    assert_eq!(found, expected);
}
