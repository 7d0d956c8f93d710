//! Random configurations of `attributes` and `resource`, which share their actions.

use serde_json::{Value, json};

use super::requests_of_all_signals;
use crate::otlp::compare::Signal;
use crate::pair::{Round, Until};
use crate::random::Random;
use crate::telemetry::{KEYS, SERVICES, TEXTS, metrics};

/// Patterns that a config may select keys, names or values by.
const PATTERNS: [&str; 6] = ["^http\\.", "e$", "^(env|cost)$", "user", "(?i)region", ".*"];

/// A round of `attributes`: of one signal where records are selected, of all where not.
pub fn of_attributes(random: &mut Random) -> Round {
    let mut requests = requests_of_all_signals(random);
    let mut config = json!({"actions": actions(random)});
    if random.chance(0.5) {
        let signal = random.pick(&Signal::ALL);
        requests.retain(|(of, _)| *of == signal);
        let which = random.pick(&[&["include"][..], &["exclude"][..], &["include", "exclude"][..]]);
        for name in which {
            config[name] = properties(random, signal);
        }
    }
    Round { config, requests, until: Until::Answered }
}

/// A round of `resource`.
pub fn of_resource(random: &mut Random) -> Round {
    let config = json!({"attributes": actions(random)});
    Round { config, requests: requests_of_all_signals(random), until: Until::Answered }
}

fn actions(random: &mut Random) -> Vec<Value> {
    (0..random.count(1, 5)).map(|_| action(random)).collect()
}

fn action(random: &mut Random) -> Value {
    let key = random.pick(&KEYS);
    match random.number(0, 9) {
        0..=4 => {
            let name = random.pick(&["insert", "update", "upsert", "UPSERT"]);
            let mut action = json!({"key": key, "action": name});
            match random.number(0, 4) {
                0..=2 => action["value"] = configured_value(random),
                3 => action["from_attribute"] = json!(random.pick(&KEYS)),
                _ => action["from_context"] = json!("metadata.nobody-sends-this"),
            }
            if random.chance(0.3) {
                action["default_value"] = configured_value(random);
            }
            action
        }
        5 => json!({"key": key, "action": "delete"}),
        6 => json!({"pattern": random.pick(&PATTERNS), "action": random.pick(&["delete", "hash"])}),
        7 => json!({"key": key, "action": "hash"}),
        8 => {
            let pattern = random.pick(&[
                "^user-(?P<user_number>\\d+) did (?P<what>[a-z]+)",
                "^/(?P<first>[a-z]+)",
                "(?P<env>.*)",
                "(?P<vowel>[aeiou])?(?P<rest>[A-Z]+)",
            ]);
            json!({"key": key, "action": "extract", "pattern": pattern})
        }
        _ => {
            json!({"key": key, "action": "convert", "converted_type": random.pick(&["int", "double", "string"])})
        }
    }
}

fn configured_value(random: &mut Random) -> Value {
    random.pick(&[
        json!("set"),
        json!(""),
        json!("123"),
        json!(42),
        json!(-0.25),
        json!(true),
        json!(["a", 1, false]),
        json!({"nested": {"n": 1}, "list": [1.5]}),
    ])
}

fn properties(random: &mut Random, signal: Signal) -> Value {
    let is_regexp = random.chance(0.5);
    let mut properties = json!({"match_type": if is_regexp { "regexp" } else { "strict" }});
    let texts = |random: &mut Random, stock: &[&str]| {
        let mut texts = random.some_of(stock);
        if is_regexp {
            texts = vec![random.pick(&PATTERNS)];
        }
        json!(texts)
    };
    let names: &[&str] = match signal {
        Signal::Traces => &["services", "span_names", "span_kinds", "attributes", "resources", "libraries"],
        Signal::Logs => &[
            "log_bodies",
            "log_severity_texts",
            "log_severity_number",
            "attributes",
            "resources",
            "libraries",
        ],
        Signal::Metrics => &["metric_names"],
    };
    for _ in 0..random.count(1, 2) {
        let name = random.pick(names);
        properties[name] = match name {
            "services" => texts(random, &SERVICES),
            "span_names" => texts(random, &["GET /cart", "SELECT", "publish"]),
            "span_kinds" => texts(random, &["SPAN_KIND_CLIENT", "SPAN_KIND_SERVER", "SPAN_KIND_INTERNAL"]),
            "log_bodies" => texts(random, &TEXTS),
            "log_severity_texts" => texts(random, &["INFO", "ERROR"]),
            "log_severity_number" => {
                json!({"min": random.number(1, 24), "match_undefined": random.chance(0.5)})
            }
            "metric_names" => texts(random, &metrics::NAMES),
            "libraries" => {
                let mut library = json!({"name": if is_regexp { "^io" } else { "io.web" }});
                if random.chance(0.5) {
                    library["version"] = json!(random.pick(&["1.0", ""]));
                }
                json!([library])
            }
            _ => attributes(random, is_regexp),
        };
    }
    properties
}

fn attributes(random: &mut Random, is_regexp: bool) -> Value {
    let attribute = |random: &mut Random| {
        let mut attribute = json!({"key": random.pick(&KEYS)});
        if random.chance(0.7) {
            attribute["value"] = if is_regexp {
                json!(random.pick(&PATTERNS))
            } else {
                random.pick(&[json!("prod"), json!("GET"), json!(200), json!(true), json!(0.5)])
            };
        }
        attribute
    };
    (0..random.count(1, 2)).map(|_| attribute(random)).collect()
}
