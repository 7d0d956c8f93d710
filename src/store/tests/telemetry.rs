//! Telemetry of a small shop over three hours: traces through several services, logs that belong to them and some that do
//! not, metrics of every kind. Values come from small sets, so that questions about them find some and not all.

use fastrand::Rng;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;

use super::telemetry_of_metrics::metrics_of;
use crate::otlp::{Batch, Signal};

pub const SECOND: u64 = 1_000_000_000;
pub const HOUR: u64 = 3_600 * SECOND;

/// The time of day at the end of all this.
pub const NOW: u64 = 500_000 * HOUR;

/// How long it went on.
pub const DURATION: u64 = 3 * HOUR;

pub const SERVICES: [&str; 6] = ["shop", "cart", "stock", "mail", "größe", ""];
pub const NAMES: [&str; 6] = ["GET /", "GET /cart", "POST /orders", "SELECT orders", "send", ""];
pub const ROUTES: [&str; 4] = ["/", "/cart", "/orders/{id}", "/search"];
pub const WORDS: [&str; 8] =
    ["Payment", "refused", "timeout", "user", "größe", "ORDER", "completed", "connection"];

/// How many traces, records and rounds of points there are.
const TRACES: usize = 120;
const RECORDS: usize = 400;
const ROUNDS: u64 = 40;

/// All of it in batches, in the order of arrival.
pub fn telemetry(rng: &mut Rng) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut spans = Vec::new();
    for _ in 0..TRACES {
        trace(rng, &mut spans);
    }
    rng.shuffle(&mut spans);
    let mut rest = spans.as_slice();
    while !rest.is_empty() {
        let (some, others) = rest.split_at(rng.usize(1..=40).min(rest.len()));
        batches.push(spans_batch(some));
        rest = others;
    }
    for _ in 0..RECORDS / 20 {
        batches.push(records_batch(rng));
    }
    for round in 0..ROUNDS {
        batches.push(metrics_of(rng, round, NOW - DURATION + DURATION / ROUNDS * round));
    }
    rng.shuffle(&mut batches);
    batches
}

/// A moment of the three hours, rarely one far away.
pub fn moment(rng: &mut Rng) -> u64 {
    match rng.u32(0..150) {
        0 => 0,
        1 => NOW + 1_000 * HOUR,
        2 => NOW - 9_000 * HOUR,
        // Some at the same time.
        3..30 => NOW - rng.u64(1..60) * 60 * SECOND,
        _ => NOW - rng.u64(1..DURATION),
    }
}

pub fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

pub fn text(value: &str) -> Value {
    Value::StringValue(value.to_owned())
}

pub fn resource(service: &str) -> Option<Resource> {
    let mut attributes =
        vec![attribute("host.name", text(if service.len() > 4 { "host-1" } else { "host-2" }))];
    if !service.is_empty() {
        attributes.push(attribute("service.name", text(service)));
    }
    if service == "shop" {
        attributes.push(attribute("service.version", text("1.2")));
    }
    Some(Resource { attributes, ..Resource::default() })
}

pub fn scope(service: &str) -> Option<InstrumentationScope> {
    let attributes = vec![attribute("in.scope", text("yes"))];
    (service != "mail").then(|| InstrumentationScope {
        name: "tracer".to_owned(),
        attributes,
        ..Default::default()
    })
}

fn attributes(rng: &mut Rng) -> Vec<KeyValue> {
    let numbers = [
        Value::IntValue(200),
        Value::IntValue(404),
        Value::IntValue(500),
        Value::DoubleValue(500.0),
        text("500"),
    ];
    let list = ArrayValue { values: vec![AnyValue { value: Some(text("a")) }] };
    let choices = [
        attribute("http.route", text(rng.choice(ROUTES).unwrap())),
        attribute("http.response.status_code", rng.choice(numbers).unwrap()),
        attribute("user.id", text(&format!("user-{}", rng.u32(0..30)))),
        attribute("ratio", Value::DoubleValue(f64::from(rng.u32(0..8)) / 4.0)),
        attribute("flag", Value::BoolValue(rng.bool())),
        attribute("list", Value::ArrayValue(list)),
        attribute("host.name", text("of-the-item")),
        attribute("nothing", text("")),
    ];
    choices.into_iter().filter(|_| rng.u32(0..3) == 0).collect()
}

/// Spans of a trace, each with its service.
fn trace(rng: &mut Rng, spans: &mut Vec<(usize, Span)>) {
    let trace_id: Vec<u8> = (0..16).map(|_| rng.u8(1..)).collect();
    let mut start = moment(rng);
    let mut above: Vec<(usize, Vec<u8>)> = Vec::new();
    for at in 0..rng.usize(1..8) {
        let parent = rng.choice(&above).cloned();
        let kind = rng.i32(0..6);
        // What is called is another service, mostly.
        let service = match &parent {
            Some((service, _)) if kind == 3 || kind == 1 => *service,
            _ => rng.usize(..SERVICES.len()),
        };
        let span_id: Vec<u8> = (0..8).map(|_| rng.u8(1..)).collect();
        let has_no_parent = at == 0 && rng.u32(0..5) > 0;
        let parent_span_id = match &parent {
            Some((_, id)) => id.clone(),
            None if has_no_parent => Vec::new(),
            None => vec![9; 8],
        };
        let mut own = attributes(rng);
        if matches!(kind, 3 | 4) && rng.bool() {
            let peers = [
                attribute("db.system.name", text("postgresql")),
                attribute("messaging.system", text("kafka")),
                attribute("server.address", text("payments.example")),
                attribute("peer.service", text("payments")),
            ];
            own.extend(peers.into_iter().filter(|_| rng.bool()));
        }
        let duration = rng.u64(0..1_000_000) * rng.u64(0..2_000);
        let span = Span {
            trace_id: trace_id.clone(),
            span_id: span_id.clone(),
            parent_span_id,
            name: (*rng.choice(&NAMES).unwrap()).to_owned(),
            kind,
            start_time_unix_nano: start,
            end_time_unix_nano: start + duration,
            attributes: own,
            status: rng.bool().then(|| Status { code: rng.i32(0..3), message: String::new() }),
            ..Span::default()
        };
        spans.push((service, span));
        above.push((service, span_id));
        start = start.saturating_add(rng.u64(0..SECOND));
    }
}

fn spans_batch(spans: &[(usize, Span)]) -> Batch {
    let groups = spans.chunk_by(|one, other| one.0 == other.0).map(|spans| {
        let service = SERVICES[spans[0].0];
        let spans = spans.iter().map(|(_, span)| span.clone()).collect();
        let scope_spans = vec![ScopeSpans { scope: scope(service), spans, ..ScopeSpans::default() }];
        ResourceSpans { resource: resource(service), scope_spans, ..ResourceSpans::default() }
    });
    let request = ExportTraceServiceRequest { resource_spans: groups.collect() };
    Batch::from_untrusted_part(Signal::Traces, request.encode_to_vec().into()).unwrap()
}

fn records_batch(rng: &mut Rng) -> Batch {
    let groups = (0..2).map(|_| {
        let service = rng.choice(SERVICES).unwrap();
        let log_records = (0..10).map(|_| record(rng)).collect();
        let scope_logs = vec![ScopeLogs { scope: scope(service), log_records, ..ScopeLogs::default() }];
        ResourceLogs { resource: resource(service), scope_logs, ..ResourceLogs::default() }
    });
    let request = ExportLogsServiceRequest { resource_logs: groups.collect() };
    Batch::from_untrusted_part(Signal::Logs, request.encode_to_vec().into()).unwrap()
}

fn record(rng: &mut Rng) -> LogRecord {
    let time = moment(rng);
    let words: Vec<&str> = (0..rng.usize(1..6)).map(|_| rng.choice(WORDS).unwrap()).collect();
    let body = match rng.u32(0..8) {
        0 => None,
        1 => Some(AnyValue { value: Some(Value::IntValue(rng.i64(0..5))) }),
        _ => Some(AnyValue { value: Some(text(&words.join(" "))) }),
    };
    let is_of_trace = rng.bool();
    LogRecord {
        time_unix_nano: if rng.u32(0..6) == 0 { 0 } else { time },
        observed_time_unix_nano: time,
        severity_number: rng.i32(-1..26),
        body,
        attributes: attributes(rng),
        trace_id: if is_of_trace { vec![rng.u8(1..4); 16] } else { Vec::new() },
        span_id: if is_of_trace { vec![rng.u8(1..4); 8] } else { Vec::new() },
        event_name: (*rng.choice(&["", "", "order.placed"]).unwrap()).to_owned(),
        ..LogRecord::default()
    }
}
