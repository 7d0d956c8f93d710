//! Random operators that change entries, keep some, or send them different ways.

use serde_json::{Value, json};

use crate::random::Random;

/// Fields that lines of JSON have when they are parsed to attributes, and some that none has.
const FIELDS: [&str; 10] = [
    "attributes.level",
    "attributes.message",
    "attributes.nested",
    "attributes.nested.a",
    "attributes.nested.a.b",
    "attributes.n",
    "body",
    "attributes.missing",
    "resource.host",
    "attributes[\"log.file.name\"]",
];
const TARGETS: [&str; 6] = [
    "attributes.copied",
    "attributes.new.deep",
    "resource.copied",
    "body",
    "attributes.level",
    "attributes[\"dotted.key\"]",
];

/// Up to three, some of them only on a condition.
pub fn transformers(random: &mut Random) -> Vec<Value> {
    (0..random.count(1, 3))
        .map(|_| {
            let mut operator = transformer(random);
            // The Collector's filters do not look at theirs.
            if operator["type"] != "filter" && random.chance(0.3) {
                operator["if"] = json!(random.pick(&[
                    "attributes.level == \"info\"",
                    "attributes.nested != nil",
                    "attributes.n != nil and attributes.n in [1, 0]",
                    "body matches \"a\"",
                    "\"message\" in attributes",
                ]));
            }
            if random.chance(0.4) {
                operator["on_error"] = json!(random.pick(&["send", "drop", "send_quiet", "drop_quiet"]));
            }
            operator
        })
        .collect()
}

fn transformer(random: &mut Random) -> Value {
    let (field, target) = (random.pick(&FIELDS), random.pick(&TARGETS));
    match random.number(0, 11) {
        0 => json!({"type": "add", "field": target, "value": random.pick(&[
            json!("text"), json!(7), json!({"a": [1, true]}), json!("EXPR(body)"), json!("EXPR(attributes.level + \"!\")"),
        ])}),
        1 => json!({"type": "remove", "field": field}),
        2 => json!({"type": "move", "from": field, "to": target}),
        3 => json!({"type": "copy", "from": field, "to": target}),
        4 => json!({"type": "retain", "fields": random.some_of(&FIELDS)}),
        5 => {
            json!({"type": "flatten", "field": random.pick(&["attributes.nested", "attributes.nested.a", "attributes.missing"])})
        }
        6 => {
            json!({"type": "regex_replace", "field": field, "regex": random.pick(&["[aeiou]", "(\\w+) (\\w+)"]), "replace_with": "<$1>"})
        }
        7 => json!({"type": "unquote", "field": field}),
        8 => {
            json!({"type": "assign_keys", "field": random.pick(&["attributes.nested.list", "body", "attributes.n"]),
            "keys": ["a", "b", "c", "d"]})
        }
        // None that can fail: the Collector drops such entries, whatever `on_error` says.
        9 => json!({"type": "filter", "expr": random.pick(&[
            "attributes.level == \"info\"", "attributes.nested?.a?.b == 3", "body == \"end\"", "attributes.n != nil",
        ])}),
        10 => json!({"type": "sanitize_utf8", "field": field}),
        _ => {
            json!({"type": "severity_parser", "parse_from": random.pick(&["attributes.level", "attributes.n"])})
        }
    }
}
