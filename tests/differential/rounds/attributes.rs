//! Random configurations of `attributes` and `resource`, which share their actions.

use serde_json::{Value, json};

use super::requests_of_all_signals;
use crate::pair::{Round, Until};
use crate::random::Random;
use crate::telemetry::KEYS;

/// Patterns that a config may select keys, names or values by.
const PATTERNS: [&str; 6] = ["^http\\.", "e$", "^(env|cost)$", "user", "(?i)region", ".*"];

/// A round of `attributes`.
pub fn of_attributes(random: &mut Random) -> Round {
    let config = json!({"actions": actions(random)});
    Round { config, requests: requests_of_all_signals(random), until: Until::Answered }
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
