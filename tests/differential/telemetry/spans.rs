//! Random traces: trees of spans that go from service to service, to databases and through queues.

use serde_json::{Value, json};

use super::{PAST, SECOND, SERVICES, SentRequest, attribute, random_attributes, text};
use crate::otlp::compare::Signal;
use crate::random::Random;

const NAMES: [&str; 5] = ["GET /cart", "POST /order", "SELECT", "publish", "compute"];

const INTERNAL: u64 = 1;
pub const SERVER: u64 = 2;
pub const CLIENT: u64 = 3;
const PRODUCER: u64 = 4;
const CONSUMER: u64 = 5;

/// A span and the service it belongs to.
type SpanOfService = (usize, Value);

/// Requests of traces: each trace whole in one of them, or its spans spread over all.
pub fn requests(random: &mut Random, most_requests: usize) -> Vec<SentRequest> {
    let resources: Vec<Value> = SERVICES.iter().map(|name| resource(random, name)).collect();
    let scopes = super::scopes(random, 2);
    let mut batches = vec![Vec::new(); random.count(1, most_requests)];
    for _ in 0..random.count(1, 6) {
        let spans = trace(random);
        let spread = random.chance(0.5);
        let home = random.count(0, batches.len() - 1);
        for span in spans {
            let batch = if spread { random.count(0, batches.len() - 1) } else { home };
            batches[batch].push(span);
        }
    }
    batches.retain(|batch| !batch.is_empty());
    batches
        .into_iter()
        .map(|mut batch| {
            random.shuffle(&mut batch);
            (Signal::Traces, request(&resources, &scopes, batch, random))
        })
        .collect()
}

fn request(resources: &[Value], scopes: &[Value], batch: Vec<SpanOfService>, random: &mut Random) -> Value {
    let mut resource_spans = Vec::new();
    for (number, resource) in resources.iter().enumerate() {
        let spans: Vec<&Value> =
            batch.iter().filter(|(service, _)| *service == number).map(|(_, span)| span).collect();
        if spans.is_empty() {
            continue;
        }
        let (first, second) = spans.split_at(random.count(0, spans.len()));
        let mut scope_spans = Vec::new();
        for spans in [first, second].into_iter().filter(|spans| !spans.is_empty()) {
            let mut scope = random.pick(scopes);
            scope["spans"] = json!(spans);
            scope_spans.push(scope);
        }
        let mut of_resource = resource.clone();
        of_resource["scopeSpans"] = json!(scope_spans);
        resource_spans.push(of_resource);
    }
    json!({"resourceSpans": resource_spans})
}

fn resource(random: &mut Random, service: &str) -> Value {
    let mut attributes = random_attributes(random, 3);
    if random.chance(0.95) {
        attributes.insert(0, attribute("service.name", text(service)));
    }
    json!({"resource": {"attributes": attributes}})
}

/// A root span and up to three calls from it, each with its other side or without.
fn trace(random: &mut Random) -> Vec<SpanOfService> {
    let trace_id = random.identifier(16);
    let state = random.pick(&["", "", "", "ot=th:8", "vendor=1,ot=th:c", "ot=rv:1234567890abcd"]);
    let mut spans = Vec::new();
    let root_service = random.count(0, SERVICES.len() - 1);
    let root = span(random, &trace_id, state, "", SERVER);
    let root_id = root["spanId"].as_str().unwrap().to_owned();
    spans.push((root_service, root));
    for _ in 0..random.count(0, 3) {
        let (kind, other_kind) =
            random.pick(&[(CLIENT, SERVER), (CLIENT, SERVER), (PRODUCER, CONSUMER), (INTERNAL, INTERNAL)]);
        let mut call = span(random, &trace_id, state, &root_id, kind);
        let call_id = call["spanId"].as_str().unwrap().to_owned();
        let to_a_database = kind == CLIENT && random.chance(0.3);
        let attributes = call["attributes"].as_array_mut().unwrap();
        if to_a_database {
            attributes.push(attribute("db.name", text("orders")));
            attributes.push(attribute("db.system", text("postgresql")));
        }
        if kind == CLIENT && random.chance(0.3) {
            attributes.push(attribute("peer.service", text("external")));
        }
        spans.push((root_service, call));
        if !to_a_database && random.chance(0.7) {
            let service = random.count(0, SERVICES.len() - 1);
            spans.push((service, span(random, &trace_id, state, &call_id, other_kind)));
        }
    }
    spans
}

fn span(random: &mut Random, trace_id: &str, state: &str, parent: &str, kind: u64) -> Value {
    let start = PAST + random.number(0, 3600) * SECOND;
    // Quarters of a millisecond, now and then on the edge of a bucket; sometimes none, sometimes backwards.
    let quarters = random.pick(&[0, 1, 8, 17, 40, 400, 3_200, 20_000]) + random.number(0, 3);
    let end = if random.chance(0.05) { start - 1_000_000 } else { start + quarters * 250_000 };
    let mut span = json!({
        "traceId": trace_id,
        "spanId": random.identifier(8),
        "parentSpanId": parent,
        "traceState": state,
        "name": random.pick(&NAMES),
        "kind": kind,
        "startTimeUnixNano": start.to_string(),
        "endTimeUnixNano": end.to_string(),
        "attributes": random_attributes(random, 5),
        "status": {"code": random.pick(&[0, 0, 1, 2])},
        "flags": random.pick(&[0, 1, 0x101]),
    });
    if random.chance(0.3) {
        span["events"] = json!([{
            "timeUnixNano": (start + 100).to_string(),
            "name": random.pick(&["exception", "retry"]),
            "attributes": random_attributes(random, 3),
        }]);
    }
    if random.chance(0.2) {
        span["links"] = json!([{
            "traceId": random.identifier(16),
            "spanId": random.identifier(8),
            "attributes": random_attributes(random, 2),
        }]);
    }
    span
}
