//! Random operators, a round for each kind of parser.

use serde_json::{Value, json};

use super::transformers::transformers;
use super::{FileRound, lines};
use crate::random::Random;

/// Where parsers may put what they found.
const TARGETS: [&str; 5] =
    ["attributes", "body", "attributes.parsed", "resource", "attributes[\"dotted.key\"]"];
/// Conditions on the entry.
const CONDITIONS: [&str; 6] = [
    "true",
    "body matches \"^[{\\\\[<0-9]\"",
    "body contains \"a\" or len(body) > 30",
    "attributes[\"log.file.name\"] != nil",
    "not (body startsWith \"<\")",
    "body == \"never\"",
];

/// The parser of a kind, with what all parsers have in common, and then some transformers.
fn round(random: &mut Random, parser: Value, line: fn(&mut Random) -> String) -> FileRound {
    let mut parser = parser;
    if random.chance(0.5) {
        parser["parse_to"] = json!(random.pick(&TARGETS));
    }
    if random.chance(0.3) {
        parser["if"] = json!(random.pick(&CONDITIONS));
    }
    if random.chance(0.5) {
        parser["on_error"] = json!(random.pick(&["send", "drop", "send_quiet", "drop_quiet"]));
    }
    let mut operators = vec![parser];
    if random.chance(0.5) {
        operators.extend(transformers(random));
    }
    FileRound { operators, lines: lines::some(random, line) }
}

pub fn json_parser(random: &mut Random) -> FileRound {
    let mut parser = json!({"type": "json_parser"});
    if random.chance(0.3) {
        parser["parse_ints"] = json!(true);
    }
    if random.chance(0.4) {
        parser["timestamp"] = timestamp(random);
    }
    if random.chance(0.4) {
        parser["severity"] = severity(random);
    }
    if random.chance(0.3) {
        parser["trace"] = json!({"trace_id": {"parse_from": "attributes.trace_id"}, "span_id": {"parse_from": "attributes.span_id"},
            "trace_flags": {"parse_from": "attributes.trace_flags"}});
    }
    if random.chance(0.2) {
        parser["scope_name"] = json!({"parse_from": "attributes.level"});
    }
    round(random, parser, lines::json_object)
}

pub fn json_array_parser(random: &mut Random) -> FileRound {
    let parser = json!({"type": "json_array_parser", "parse_to": random.pick(&["body", "attributes.list"])});
    FileRound { operators: vec![parser], lines: lines::some(random, lines::json_array) }
}

pub fn regex_parser(random: &mut Random) -> FileRound {
    let regex = random.pick(&[
        "^(?P<client>\\S+) - (?P<user>\\S+) \\[(?P<time>[^\\]]+)\\] \"(?P<method>\\S+) (?P<path>\\S+) \\S+\" (?P<status>\\d+) (?P<size>\\S+)$",
        "(?P<number>\\d+)",
        "^(?P<first>\\w*)(?P<rest>.*)$",
        "(?P<maybe>GET)?(?P<level>\\d{3})",
    ]);
    let mut parser = json!({"type": "regex_parser", "regex": regex});
    if random.chance(0.3) && regex.contains("<time>") {
        parser["timestamp"] = json!({"parse_from": "attributes.time", "layout": "%d/%b/%Y:%H:%M:%S %z"});
    }
    if random.chance(0.3) && regex.contains("<status>") {
        parser["severity"] = json!({"parse_from": "attributes.status", "preset": random.pick(&["none", "default"]),
            "mapping": {"error": "5xx", "warn": ["4xx", {"min": 300, "max": 399}], "info": "2xx"}});
    }
    round(random, parser, lines::access)
}

pub fn key_value_parser(random: &mut Random) -> FileRound {
    let mut parser = json!({"type": "key_value_parser"});
    if random.chance(0.3) {
        parser["delimiter"] = json!(":");
        parser["pair_delimiter"] = json!(",");
    }
    round(random, parser, lines::pairs)
}

pub fn csv_parser(random: &mut Random) -> FileRound {
    let mut parser = json!({"type": "csv_parser", "header": random.pick(&["a,b,c", "a,b", "a b,c d,e"])});
    if random.chance(0.2) {
        parser["delimiter"] = json!(";");
        parser["header_delimiter"] = json!(",");
    }
    match random.number(0, 3) {
        0 => parser["lazy_quotes"] = json!(true),
        1 => parser["ignore_quotes"] = json!(true),
        _ => {}
    }
    round(random, parser, lines::values)
}

pub fn syslog_parser(random: &mut Random) -> FileRound {
    let mut parser = json!({"type": "syslog_parser", "protocol": random.pick(&["rfc3164", "rfc5424"])});
    if random.chance(0.3) {
        parser["location"] = json!(random.pick(&["UTC", "Europe/Berlin"]));
    }
    if random.chance(0.2) {
        parser["allow_skip_pri_header"] = json!(true);
    }
    // The Collector takes the time out of the attributes only, and fails where it is not there.
    let mut round = round(random, parser, lines::syslog);
    if let Some(parser) = round.operators[0].as_object_mut() {
        parser.remove("parse_to");
    }
    round
}

pub fn uri_parser(random: &mut Random) -> FileRound {
    round(random, json!({"type": "uri_parser"}), lines::uri)
}

pub fn container(random: &mut Random) -> FileRound {
    let mut parser = json!({"type": "container", "add_metadata_from_filepath": false});
    if random.chance(0.5) {
        parser["format"] = json!(random.pick(&["docker", "containerd", "crio"]));
    }
    if random.chance(0.5) {
        parser["on_error"] = json!(random.pick(&["send", "drop"]));
    }
    FileRound { operators: vec![parser], lines: lines::some(random, lines::container) }
}

pub fn recombine(random: &mut Random) -> FileRound {
    let mut operator = json!({"type": "recombine", "combine_field": "body"});
    if random.chance(0.5) {
        operator["is_first_entry"] =
            json!(random.pick(&["body matches \"^[A-Z]+ \"", "body startsWith \"ERROR\""]));
    } else {
        operator["is_last_entry"] = json!(random.pick(&["body == \"end\"", "not (body startsWith \" \")"]));
    }
    if random.chance(0.3) {
        operator["combine_with"] = json!(" | ");
    }
    if random.chance(0.3) {
        operator["max_batch_size"] = json!(random.number(1, 4));
    }
    if random.chance(0.3) {
        operator["overwrite_with"] = json!(random.pick(&["newest", "oldest"]));
    }
    FileRound { operators: vec![operator], lines: lines::some(random, lines::of_a_trace) }
}

/// Transformers behind a parser that does not fail.
pub fn transforming(random: &mut Random) -> FileRound {
    let mut operators = vec![json!({"type": "json_parser", "on_error": "send_quiet"})];
    operators.extend(transformers(random));
    operators.extend(transformers(random));
    FileRound { operators, lines: lines::some(random, lines::json_object) }
}

fn timestamp(random: &mut Random) -> Value {
    let layout = random.pick(&[
        json!({"layout": "%Y-%m-%dT%H:%M:%S.%LZ"}),
        json!({"layout": "%Y-%m-%d %H:%M:%S,%L", "location": "Europe/Berlin"}),
        json!({"layout_type": "gotime", "layout": "2006-01-02T15:04:05Z07:00"}),
        json!({"layout_type": "epoch", "layout": "s"}),
        json!({"layout_type": "epoch", "layout": "s.ms"}),
    ]);
    let mut timestamp = layout;
    timestamp["parse_from"] = json!("attributes.time");
    timestamp
}

fn severity(random: &mut Random) -> Value {
    let mut severity =
        json!({"parse_from": random.pick(&["attributes.level", "attributes.level", "attributes.n"])});
    if random.chance(0.4) {
        severity["mapping"] =
            json!({"error3": ["critical", 17, -7], "info2": [{"min": 0, "max": 5}, "notice"]});
    }
    if random.chance(0.2) {
        severity["preset"] = json!("none");
    }
    if random.chance(0.2) {
        severity["overwrite_text"] = json!(true);
    }
    severity
}
