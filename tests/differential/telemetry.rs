//! Random telemetry in OTLP/JSON, as applications send it: a few resources and scopes, attributes of every type from a
//! small stock of keys and values, so that they meet often.

pub mod logs;
pub mod metrics;
pub mod spans;

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::otlp::compare::Signal;
use crate::random::Random;

/// One request of a signal, in OTLP/JSON.
pub type SentRequest = (Signal, Value);

/// 2020-01-01: before any collector of these tests was started.
pub const PAST: u64 = 1_577_836_800_000_000_000;
/// 2100-01-01: after it, which `cumulativetodelta` treats differently.
pub const FUTURE: u64 = 4_102_444_800_000_000_000;
pub const SECOND: u64 = 1_000_000_000;

/// The keys of attributes.
pub const KEYS: [&str; 12] = [
    "http.method",
    "http.status_code",
    "http.route",
    "env",
    "host.name",
    "user.id",
    "error",
    "cost",
    "tags",
    "context",
    "payload",
    "Region",
];

/// Texts that attributes have as values.
pub const TEXTS: [&str; 8] =
    ["GET", "POST", "/cart/{id}", "/health", "prod", "eu-west-1", "", "user-17 did order-42 in 35ms"];

pub const SERVICES: [&str; 4] = ["checkout", "cart", "payment", "frontend"];

/// The resources and scopes of one round.
pub struct Origins {
    resources: Vec<Value>,
    scopes: Vec<Value>,
}

impl Origins {
    pub fn random(random: &mut Random) -> Self {
        let mut resources: Vec<Value> = (0..random.count(1, 3)).map(|_| resource(random)).collect();
        keep_first_of_each(&mut resources, |resource| resource["resource"]["attributes"].to_string());
        Self { resources, scopes: scopes(random, 3) }
    }

    /// Positions of a resource and a scope.
    pub fn pick(&self, random: &mut Random) -> (usize, usize) {
        (random.count(0, self.resources.len() - 1), random.count(0, self.scopes.len() - 1))
    }

    /// A request of these records in the order given: those of one resource, and in it of one scope, together.
    pub fn request(&self, signal: Signal, records: Vec<((usize, usize), Value)>) -> Value {
        let [resources_name, scopes_name, records_name] = signal.levels();
        let mut request = json!({ resources_name: [] });
        for (number, resource) in self.resources.iter().enumerate() {
            let mut of_resource = resource.clone();
            of_resource[scopes_name] = json!([]);
            for (scope_number, scope) in self.scopes.iter().enumerate() {
                let of_origin = records.iter().filter(|(origin, _)| *origin == (number, scope_number));
                let of_origin: Vec<&Value> = of_origin.map(|(_, record)| record).collect();
                if !of_origin.is_empty() {
                    let mut of_scope = scope.clone();
                    of_scope[records_name] = json!(of_origin);
                    of_resource[scopes_name].as_array_mut().unwrap().push(of_scope);
                }
            }
            if !of_resource[scopes_name].as_array().unwrap().is_empty() {
                request[resources_name].as_array_mut().unwrap().push(of_resource);
            }
        }
        request
    }
}

fn keep_first_of_each(list: &mut Vec<Value>, identity: fn(&Value) -> String) {
    let mut seen = HashSet::new();
    list.retain(|element| seen.insert(identity(element)));
}

fn resource(random: &mut Random) -> Value {
    let mut attributes = Vec::new();
    if random.chance(0.9) {
        attributes.push(attribute("service.name", text(random.pick(&SERVICES))));
    }
    attributes.extend(random_attributes(random, 3));
    let mut resource = json!({"resource": {"attributes": attributes}});
    if random.chance(0.2) {
        resource["schemaUrl"] = json!("https://opentelemetry.io/schemas/1.40.0");
    }
    if random.chance(0.2) {
        resource["resource"]["droppedAttributesCount"] = json!(random.number(1, 5));
    }
    resource
}

/// Up to so many scopes that differ in name or version, by which alone the Collector tells them.
pub fn scopes(random: &mut Random, most: usize) -> Vec<Value> {
    let mut scopes: Vec<Value> = (0..random.count(1, most)).map(|_| scope(random)).collect();
    keep_first_of_each(&mut scopes, |scope| {
        format!("{} {}", scope["scope"]["name"], scope["scope"]["version"])
    });
    scopes
}

fn scope(random: &mut Random) -> Value {
    let mut scope = json!({"scope": {"name": random.pick(&["io.web", "io.db", ""])}});
    if random.chance(0.7) {
        scope["scope"]["version"] = json!(random.pick(&["1.0", "2.1"]));
    }
    if random.chance(0.3) {
        scope["scope"]["attributes"] = json!(random_attributes(random, 2));
    }
    if random.chance(0.2) {
        scope["schemaUrl"] = json!("https://opentelemetry.io/schemas/1.39.0");
    }
    scope
}

/// Up to so many attributes, each key once.
pub fn random_attributes(random: &mut Random, most: usize) -> Vec<Value> {
    let mut keys = KEYS;
    random.shuffle(&mut keys);
    let count = random.count(0, most.min(keys.len()));
    keys[..count].iter().map(|key| attribute(key, value(random, 2))).collect()
}

pub fn attribute(key: &str, value: Value) -> Value {
    json!({"key": key, "value": value})
}

pub fn text(text: &str) -> Value {
    json!({"stringValue": text})
}

/// A value of any type; lists and maps no deeper than `depth`.
pub fn value(random: &mut Random, depth: usize) -> Value {
    match random.number(0, 19) {
        0..=8 => text(random.pick(&TEXTS)),
        9..=11 => json!({"intValue": random.pick(&["200", "404", "500", "-7", "9007199254740993"])}),
        12..=13 => json!({"doubleValue": random.pick(&[0.5, -2.25, 3.0, 1e15, 1e-7])}),
        14..=15 => json!({"boolValue": random.chance(0.5)}),
        16 => json!({"bytesValue": random.pick(&["AQID", "/w=="])}),
        17 if depth > 0 => {
            let values: Vec<Value> = (0..random.count(0, 3)).map(|_| value(random, depth - 1)).collect();
            json!({"arrayValue": {"values": values}})
        }
        18 if depth > 0 => {
            let keys = random.some_of(&["id", "kind", "deep"]);
            let values: Vec<Value> =
                keys.iter().map(|key| attribute(key, value(random, depth - 1))).collect();
            json!({"kvlistValue": {"values": values}})
        }
        _ => json!({}),
    }
}

/// The requests without schema URLs and counts of dropped resource attributes, which the Collector loses where it makes
/// resources and scopes anew.
pub fn without_what_regrouping_loses(requests: &mut [SentRequest]) {
    for (signal, request) in requests {
        let [resources, scopes, _] = signal.levels();
        for resource in request[resources].as_array_mut().into_iter().flatten() {
            resource.as_object_mut().unwrap().remove("schemaUrl");
            resource["resource"].as_object_mut().unwrap().remove("droppedAttributesCount");
            for scope in resource[scopes].as_array_mut().into_iter().flatten() {
                scope.as_object_mut().unwrap().remove("schemaUrl");
            }
        }
    }
}
