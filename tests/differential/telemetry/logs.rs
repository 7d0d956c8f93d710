//! Random log records.

use serde_json::{Value, json};

use super::{Origins, PAST, SECOND, SentRequest, random_attributes, value};
use crate::otlp::compare::Signal;
use crate::random::Random;

/// Some requests of some records each.
pub fn requests(random: &mut Random) -> Vec<SentRequest> {
    let origins = Origins::random(random);
    (0..random.count(1, 3))
        .map(|_| {
            let records = (0..random.count(1, 8)).map(|_| (origins.pick(random), record(random))).collect();
            (Signal::Logs, origins.request(Signal::Logs, records))
        })
        .collect()
}

fn record(random: &mut Random) -> Value {
    let time = PAST + random.number(0, 3600) * SECOND;
    let mut record = json!({
        "timeUnixNano": time.to_string(),
        "observedTimeUnixNano": (time + 5).to_string(),
        "severityNumber": random.number(0, 24),
        "severityText": random.pick(&["INFO", "ERROR", ""]),
        "body": value(random, 2),
        "attributes": random_attributes(random, 6),
    });
    if random.chance(0.5) {
        record["traceId"] = json!(random.identifier(16));
        record["spanId"] = json!(random.identifier(8));
        record["flags"] = json!(1);
    }
    if random.chance(0.2) {
        record["eventName"] = json!("order.placed");
    }
    if random.chance(0.2) {
        record["droppedAttributesCount"] = json!(2);
    }
    record
}
