//! Random configurations of `metricstransform`.

use serde_json::{Value, json};

use crate::pair::{Round, Until};
use crate::random::Random;
use crate::telemetry::metrics::{self, CUMULATIVE, DELTA, NAMES, Shape};
use crate::telemetry::{KEYS, TEXTS, without_what_regrouping_loses};

/// All but `count`, which is another for groups of one point.
const AGGREGATIONS: [&str; 5] = ["sum", "mean", "min", "max", "median"];

pub fn round(random: &mut Random) -> Round {
    let shape = Shape { aligned: true, empty_histograms: false, ..Shape::smooth(&[DELTA, CUMULATIVE], 2) };
    let transforms: Vec<Value> = (0..random.count(1, 3)).map(|_| transform(random)).collect();
    let mut requests = metrics::requests(random, &shape);
    if transforms.iter().any(|transform| transform["action"] == "group") {
        without_what_regrouping_loses(&mut requests);
    }
    Round { config: json!({"transforms": transforms}), requests, until: Until::Answered }
}

fn transform(random: &mut Random) -> Value {
    let mut transform = json!({});
    if random.chance(0.5) {
        transform["include"] = json!(random.pick(&NAMES));
        if random.chance(0.5) {
            transform["match_type"] = json!("strict");
        }
    } else {
        transform["include"] = json!(random.pick(&[
            "^http\\.(requests|errors)$",
            "^http\\.(?P<what>.*)$",
            "^([a-z]+)[._](?P<rest>[a-z]+)$",
            ".*",
            "s",
        ]));
        transform["match_type"] = json!("regexp");
    }
    let action = random.pick(&["update", "update", "insert", "combine", "group"]);
    transform["action"] = json!(action);
    // What `combine` and `group` leave of a metric that matches in part is lost in the Collector.
    if ["update", "insert"].contains(&action) && random.chance(0.3) {
        let value = random.pick(&["prod", "GET", ".*", ""]);
        transform["experimental_match_labels"] = json!({random.pick(&KEYS): value});
    }
    match action {
        "insert" => transform["new_name"] = json!(random.pick(&["copy", "copy.$1", "${what}.copy"])),
        "combine" => {
            transform["new_name"] = json!("combined");
            transform["aggregation_type"] = json!(random.pick(&AGGREGATIONS));
            if random.chance(0.3) {
                transform["submatch_case"] = json!(random.pick(&["lower", "upper"]));
            }
        }
        "group" => transform["group_resource_labels"] = json!({"group": "one", "env": "grouped"}),
        _ if random.chance(0.4) => {
            transform["new_name"] = json!(random.pick(&["renamed", "renamed.$1", "${rest}"]));
        }
        _ => {}
    }
    let operations: Vec<Value> = (0..random.count(0, 3)).map(|_| operation(random)).collect();
    if !operations.is_empty() && action != "group" {
        transform["operations"] = json!(operations);
    }
    transform
}

fn operation(random: &mut Random) -> Value {
    let label = random.pick(&KEYS);
    match random.number(0, 7) {
        0 => {
            json!({"action": "add_label", "new_label": label, "new_value": "added"})
        }
        1 => {
            json!({"action": "update_label", "label": label, "new_label": if label == "env" { "renamed.key" } else { "env" }})
        }
        2 => json!({
            "action": "update_label",
            "label": label,
            "value_actions": [
                {"value": random.pick(&TEXTS), "new_value": "new value"},
                {"value": "prod", "new_value": "production"},
            ],
        }),
        3 => json!({"action": "delete_label_value", "label": label, "label_value": random.pick(&TEXTS)}),
        4 => json!({"action": "toggle_scalar_data_type"}),
        5 => {
            json!({"action": "experimental_scale_value", "experimental_scale": random.pick(&[2.0, 0.5, 1000.0])})
        }
        6 => json!({
            "action": "aggregate_labels",
            "label_set": if random.chance(0.2) { vec![] } else { random.some_of(&KEYS) },
            "aggregation_type": random.pick(&AGGREGATIONS),
        }),
        _ => json!({
            "action": "aggregate_label_values",
            "label": label,
            "aggregated_values": random.some_of(&TEXTS),
            "new_value": "together",
            "aggregation_type": random.pick(&AGGREGATIONS),
        }),
    }
}
