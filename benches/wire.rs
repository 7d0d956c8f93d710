//! What the wire code costs per request of 100 spans with ten attributes each (about 49 kB), beside
//! prost's decode and encode of the same bytes, and what processors that edit attributes cost on it. Divide by 100 for the time per span, which in
//! nanoseconds is a thousand times the CPU seconds per million spans.

#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to measure")]

use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;
use weir::components::PROCESSORS;
use weir::config::{Decoding, parse_yaml};
use weir::otlp::{
    AnyValueView, AttributeList, AttributeVerdict, Batch, Context, Editor, KeyValueView, MessageKind, Signal,
    Verdict, rewrite, validate,
};
use weir::pipeline::factory::Consuming;
use weir::pipeline::status::StatusBoard;
use weir::pipeline::{BoxFuture, Clock, ComponentId, Consumer, InFlightBytes, Refusal, Settings, Workers};
use weir::telemetry::Telemetry;

criterion_group!(benches, wire, processors);
criterion_main!(benches);

fn wire(criterion: &mut Criterion) {
    let request = Bytes::from(trace_request(100).encode_to_vec());
    let mut group = criterion.benchmark_group("wire/100 spans");
    group.throughput(Throughput::Elements(100));
    group.bench_function("validate", |bencher| {
        bencher.iter(|| validate(Signal::Traces, black_box(&request)));
    });
    group.bench_function("read every field through views", |bencher| {
        let batch = Batch::from_valid_part(Signal::Traces, request.clone(), 100);
        bencher.iter(|| read_spans(black_box(&batch)));
    });
    group.bench_function("rewrite, one attribute deleted from each span", |bencher| {
        bencher.iter(|| rewrite(Signal::Traces, black_box(&request), &mut DeleteUserAgent));
    });
    group.bench_function("split in two halves", |bencher| {
        let batch = Batch::from_valid_part(Signal::Traces, request.clone(), 100);
        bencher.iter_batched(
            || batch.clone(),
            |mut batch| (batch.split_off_front(50), batch),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("prost decode and encode", |bencher| {
        bencher.iter(|| {
            ExportTraceServiceRequest::decode(black_box(&request[..])).map(|request| request.encode_to_vec())
        });
    });
    group.finish();
}

/// Each with a configuration that changes every span or resource, and a next component that discards.
fn processors(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let request = Bytes::from(trace_request(100).encode_to_vec());
    let batch = Batch::from_valid_part(Signal::Traces, request, 100);
    let mut group = criterion.benchmark_group("processors/100 spans");
    group.throughput(Throughput::Elements(100));
    for (name, type_name, section) in [
        (
            "attributes, one inserted and one deleted",
            "attributes",
            "actions: [{key: env, value: prod, action: insert}, {key: user_agent.original, action: delete}]",
        ),
        (
            "attributes, one deleted by pattern",
            "attributes",
            "actions: [{pattern: '^user_agent[.]', action: delete}]",
        ),
        (
            "attributes, one inserted in spans of a kind and service",
            "attributes",
            "{include: {match_type: strict, services: [checkout], span_kinds: [SPAN_KIND_SERVER]},
              actions: [{key: env, value: prod, action: insert}]}",
        ),
        ("attributes, nothing to do", "attributes", "actions: [{key: none, action: delete}]"),
        ("resource, one upserted", "resource", "attributes: [{key: env, value: prod, action: upsert}]"),
        ("groupbyattrs, one moved", "groupbyattrs", "keys: [http.request.method]"),
        ("groupbyattrs, compaction", "groupbyattrs", "keys: []"),
    ] {
        let processor = runtime.block_on(async { processor(type_name, section) });
        group.bench_function(name, |bencher| {
            bencher.iter(|| runtime.block_on(processor.consume(black_box(batch.clone()))));
        });
    }
    group.finish();
}

fn processor(type_name: &str, section: &str) -> Consuming {
    let factory = PROCESSORS.iter().find(|factory| factory.info.is_called(type_name)).unwrap();
    let node = parse_yaml(section, &Arc::from("bench")).unwrap();
    let section = (factory.info.decode)(&node, &mut Decoding::default());
    let settings = Settings {
        id: ComponentId::parse(type_name).unwrap(),
        signal: Some(Signal::Traces),
        pipeline: None,
        telemetry: Telemetry::default(),
        workers: Workers::of_current_runtime(),
        clock: Clock::default(),
        control: tokio::runtime::Handle::current(),
        status: StatusBoard::default().reporter(type_name),
        in_flight: InFlightBytes::default(),
    };
    factory.create(section, settings, Arc::new(Discard)).unwrap_or_else(|error| panic!("{error}"))
}

struct Discard;

impl Consumer for Discard {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        black_box(batch);
        Box::pin(async { Ok(()) })
    }
}

/// Adds up something of each span and attribute, so that all of them are read.
fn read_spans(batch: &Batch) -> u64 {
    let mut sum = 0;
    for resource_group in batch.resource_groups() {
        for scope_group in resource_group.scope_groups {
            for span in scope_group.spans() {
                sum += span.end_time_unix_nano - span.start_time_unix_nano;
                for attribute in span.attributes {
                    if let AnyValueView::String(text) = attribute.value() {
                        sum += text.as_bytes().len() as u64;
                    }
                }
            }
        }
    }
    sum
}

struct DeleteUserAgent;

impl Editor for DeleteUserAgent {
    fn message(&mut self, kind: MessageKind, _: &[u8], _: &Context<'_>) -> Verdict {
        match kind {
            MessageKind::ResourceGroup | MessageKind::ScopeGroup | MessageKind::Span => Verdict::Enter,
            _ => Verdict::Keep,
        }
    }

    fn attribute(
        &mut self,
        _: MessageKind,
        attribute: KeyValueView<'_>,
        _: &mut AttributeList<'_, '_>,
    ) -> AttributeVerdict {
        if attribute.key == "user_agent.original" { AttributeVerdict::Delete } else { AttributeVerdict::Keep }
    }
}

fn trace_request(spans: u64) -> ExportTraceServiceRequest {
    let resource_attributes = [
        ("service.name", "checkout"),
        ("service.version", "1.4.2"),
        ("deployment.environment", "production"),
        ("host.name", "ip-10-0-12-7"),
        ("telemetry.sdk.language", "rust"),
    ];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: resource_attributes.map(|(key, value)| text(key, value)).to_vec(),
                ..Default::default()
            }),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope { name: "http".into(), ..Default::default() }),
                spans: (0..spans).map(span).collect(),
                ..Default::default()
            }],
            ..Default::default()
        }],
    }
}

fn span(number: u64) -> Span {
    let started = 1_700_000_000_000_000_000 + number * 1_000_000;
    Span {
        trace_id: (u128::from(number) << 64 | 0x5bd1_e995).to_be_bytes().to_vec(),
        span_id: (number + 1).to_be_bytes().to_vec(),
        parent_span_id: number.to_be_bytes().to_vec(),
        name: "GET /api/v1/orders/{order_id}".into(),
        kind: 2,
        start_time_unix_nano: started,
        end_time_unix_nano: started + 250_000 + number,
        attributes: vec![
            text("http.request.method", "GET"),
            text("http.route", "/api/v1/orders/{order_id}"),
            integer("http.response.status_code", 200),
            text("url.path", "/api/v1/orders/8f14e45f"),
            text("server.address", "orders.internal"),
            integer("server.port", 8443),
            text("user_agent.original", "okhttp/4.12.0"),
            text("client.address", "10.0.41.17"),
            text("network.protocol.version", "1.1"),
            text("enduser.id", "user-102938"),
        ],
        status: Some(Status { code: 1, ..Default::default() }),
        flags: 0x101,
        ..Default::default()
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    key_value(key, any_value::Value::StringValue(value.into()))
}

fn integer(key: &str, value: i64) -> KeyValue {
    key_value(key, any_value::Value::IntValue(value))
}

fn key_value(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value: Some(value) }), ..Default::default() }
}
