//! Random configurations of `spanmetrics` and `servicegraph`.
//!
//! Both let their series out by a timer. So a sentinel goes with the last request: when its series has come out, all that
//! was sent before it has.

use serde_json::{Value, json};

use crate::otlp::compare::Signal;
use crate::pair::{Round, SENTINEL, Until};
use crate::random::Random;
use crate::telemetry::spans::{self, CLIENT, SERVER};
use crate::telemetry::{KEYS, SentRequest, attribute, text};

/// What a spanmetrics configuration may take its dimensions from.
const DIMENSIONS: [&str; 6] = ["http.method", "http.status_code", "env", "user.id", "cost", "tags"];

pub fn of_spanmetrics(random: &mut Random) -> Round {
    let mut config = json!({"metrics_flush_interval": "100ms"});
    if random.chance(0.5) {
        config["dimensions"] = dimensions(random);
    }
    if random.chance(0.2) {
        config["calls_dimensions"] = json!([{"name": "host.name"}, {"name": "Region", "default": "none"}]);
    }
    if random.chance(0.3) {
        config["exclude_dimensions"] =
            json!(random.some_of(&["span.kind", "status.code", "service.name", "collector.instance.id"]));
    }
    if random.chance(0.2) {
        config["namespace"] = json!(random.pick(&["", "app"]));
    }
    if random.chance(0.2) {
        config["resource_metrics_key_attributes"] = json!(["service.name", "env"]);
    }
    if random.chance(0.2) {
        config["enable_metrics_sampling_method"] = json!(true);
    }
    if random.chance(0.2) {
        config["aggregation_cardinality_limit"] = json!(random.number(2, 5));
    }
    if random.chance(0.3) {
        config["events"] = json!({"enabled": true, "dimensions": [{"name": random.pick(&KEYS)}]});
    }
    histogram(&mut config, random);
    // A series of deltas, and an exemplar, come out once: everything has to be in one flush.
    let in_one_request = random.chance(0.4);
    let mut times = 2;
    if in_one_request && random.chance(0.6) {
        config["aggregation_temporality"] = json!("AGGREGATION_TEMPORALITY_DELTA");
        times = 1;
    }
    if in_one_request && random.chance(0.5) {
        config["exemplars"] = json!({"enabled": true, "max_per_data_point": random.number(1, 3)});
    }
    let mut requests = spans::requests(random, if in_one_request { 1 } else { 4 });
    append(&mut requests, resource_of_a_sentinel(vec![sentinel(SERVER, "ab", "")]));
    Round { config, requests, until: Until::SentinelSeen(times) }
}

fn dimensions(random: &mut Random) -> Value {
    let names = random.some_of(&DIMENSIONS);
    let dimension = |random: &mut Random, name: &str| {
        let mut dimension = json!({"name": name});
        if random.chance(0.4) {
            dimension["default"] = json!("none");
        }
        dimension
    };
    names.into_iter().map(|name| dimension(random, name)).collect()
}

fn histogram(config: &mut Value, random: &mut Random) {
    match random.number(0, 5) {
        0 => config["histogram"] = json!({"disable": true}),
        1 => config["histogram"] = json!({"unit": "s"}),
        2 => config["histogram"] = json!({"explicit": {"buckets": ["2ms", "10ms", "100ms", "1s"]}}),
        3 => config["histogram"] = json!({"exponential": {"max_size": random.pick(&[4, 20, 160])}}),
        4 => config["histogram"] = json!({"dimensions": [{"name": "env"}], "unit": "ms"}),
        _ => {}
    }
}

pub fn of_servicegraph(random: &mut Random) -> Round {
    let mut config = json!({"metrics_flush_interval": "100ms", "store": {"ttl": "10m", "max_items": 1000}});
    if random.chance(0.5) {
        config["dimensions"] = json!(random.some_of(&["env", "http.method", "host.name"]));
    }
    match random.number(0, 3) {
        0 => config["latency_histogram_buckets"] = json!(["2ms", "10ms", "100ms", "1s"]),
        1 => config["exponential_histogram_max_size"] = json!(random.pick(&[4, 160])),
        _ => {}
    }
    if random.chance(0.3) {
        config["database_name_attributes"] = json!(["db.system", "db.name"]);
    }
    let mut spans_of_sentinel = vec![sentinel(CLIENT, "ab", ""), sentinel(SERVER, "cd", "ab")];
    // Halves that find no other half come out when they have waited long enough: then all is sent at once.
    let expires = random.chance(0.5);
    if expires {
        config["store"] = json!({"ttl": "200ms"});
        config["store_expiration_loop"] = json!("50ms");
        spans_of_sentinel = vec![sentinel(CLIENT, "ab", "")];
        if random.chance(0.5) {
            config["virtual_node_extra_label"] = json!(true);
        }
        if random.chance(0.3) {
            config["virtual_node_peer_attributes"] = json!(["db.system", "peer.service"]);
        }
    }
    let mut requests = spans::requests(random, if expires { 1 } else { 4 });
    without_backward_spans(&mut requests);
    append(&mut requests, resource_of_a_sentinel(spans_of_sentinel));
    Round { config, requests, until: Until::SentinelSeen(2) }
}

/// The Collector's service graph takes a span that ends before it begins for one of centuries.
fn without_backward_spans(requests: &mut [SentRequest]) {
    let resources =
        requests.iter_mut().flat_map(|(_, request)| request["resourceSpans"].as_array_mut().unwrap());
    let scopes = resources.flat_map(|resource| resource["scopeSpans"].as_array_mut().unwrap());
    for span in scopes.flat_map(|scope| scope["spans"].as_array_mut().unwrap()) {
        let time = |name: &str| span[name].as_str().unwrap().parse::<u64>().unwrap();
        if time("endTimeUnixNano") < time("startTimeUnixNano") {
            span["endTimeUnixNano"] = span["startTimeUnixNano"].clone();
        }
    }
}

/// Puts the sentinel behind everything else.
fn append(requests: &mut Vec<SentRequest>, resource: Value) {
    if requests.is_empty() {
        requests.push((Signal::Traces, json!({"resourceSpans": []})));
    }
    let (_, last) = requests.last_mut().unwrap();
    last["resourceSpans"].as_array_mut().unwrap().push(resource);
}

fn resource_of_a_sentinel(spans: Vec<Value>) -> Value {
    json!({
        "resource": {"attributes": [attribute("service.name", text(SENTINEL))]},
        "scopeSpans": [{"spans": spans}],
    })
}

fn sentinel(kind: u64, id: &str, parent: &str) -> Value {
    json!({
        "traceId": "ee".repeat(16),
        "spanId": id.repeat(8),
        "parentSpanId": parent.repeat(8),
        "name": SENTINEL,
        "kind": kind,
        "startTimeUnixNano": "1000000000",
        "endTimeUnixNano": "1001000000",
    })
}
