//! One request of each signal that has every field of OTLP, in OTLP/JSON, for the tests of the comparison itself.

use serde_json::Value;

use super::canonical::{UnknownMembers, from_json};
use super::compare::{Signal, records_of};

/// The sample as its author wrote it.
pub fn sample(signal: Signal) -> Value {
    let text = match signal {
        Signal::Traces => include_str!("sample/traces.json"),
        Signal::Metrics => include_str!("sample/metrics.json"),
        Signal::Logs => include_str!("sample/logs.json"),
    };
    serde_json::from_str(text).unwrap()
}

/// The records of a request in OTLP/JSON.
pub fn records_in(json: &Value, signal: Signal) -> Vec<Value> {
    records_of(&from_json(json, signal.request(), UnknownMembers::Refuse).unwrap(), signal)
}
