//! What may differ without meaning anything is made equal before two outcomes are compared.

use std::collections::BTreeMap;

use serde_json::{Value, json};

const KINDS: [&str; 3] = ["sum", "histogram", "exponentialHistogram"];
/// An attribute that is another in every process.
const INSTANCE: &str = "collector.instance.id";

/// Attributes are a map: their order is free, and that of the keys in a value that is a map. Buckets of an exponential
/// histogram that are empty at either end say what their absence says.
pub fn in_one_form(record: &Value) -> Value {
    match record {
        Value::Object(members) => {
            let members = members.iter().map(|(name, member)| match name.as_str() {
                "positive" | "negative" => (name.clone(), without_outer_zeros(member)),
                _ => (name.clone(), in_one_form(member)),
            });
            Value::Object(members.filter(|(_, member)| !member.is_null()).collect())
        }
        Value::Array(elements) => {
            let mut elements: Vec<Value> = elements.iter().map(in_one_form).collect();
            if elements.iter().all(|element| element.get("key").is_some()) {
                elements.sort_by_key(|element| element["key"].to_string());
            }
            Value::Array(elements)
        }
        leaf => leaf.clone(),
    }
}

/// The buckets from the first that holds something to the last; null where none does.
fn without_outer_zeros(buckets: &Value) -> Value {
    let counts = buckets["bucketCounts"].as_array().map_or(&[][..], Vec::as_slice);
    let is_filled = |count: &&Value| **count != json!(0);
    let Some(first) = counts.iter().position(|count| is_filled(&count)) else { return Value::Null };
    let last = counts.iter().rposition(|count| is_filled(&count)).unwrap();
    let offset = buckets["offset"].as_i64().unwrap_or_default() + first as i64;
    json!({"offset": offset, "bucketCounts": counts[first..=last]})
}

/// What flushes that follow each other came to: the last point of every series, and every exemplar.
///
/// When a flush comes is a matter of timers, and so are the times in the points and which flush has an exemplar.
pub fn totals(records: &[Value]) -> Vec<Value> {
    let mut last = BTreeMap::new();
    let mut exemplars = Vec::new();
    for record in records {
        let mut record = in_one_form(record);
        let with_points = |kind: &&str| record["record"][kind].get("dataPoints").is_some();
        // A flush of nothing has metrics without points.
        let Some(kind) = KINDS.into_iter().find(with_points) else { continue };
        let point = record["record"][kind]["dataPoints"][0].as_object_mut().unwrap();
        for of_the_moment in ["startTimeUnixNano", "timeUnixNano"] {
            point.remove(of_the_moment);
        }
        if let Some(attributes) = point.get_mut("attributes").and_then(Value::as_array_mut) {
            attributes.retain(|attribute| attribute["key"] != INSTANCE);
        }
        if let Some(sum) = point.get_mut("sum") {
            *sum = json!(rounded(sum.as_str().unwrap()));
        }
        let of_point = point.remove("exemplars");
        let mut series = record.clone();
        series["record"][kind]["dataPoints"] =
            json!([series["record"][kind]["dataPoints"][0].get("attributes")]);
        for exemplar in of_point.iter().flat_map(|list| list.as_array().unwrap()) {
            let mut exemplar = exemplar.clone();
            exemplar.as_object_mut().unwrap().remove("timeUnixNano");
            exemplars.push(json!({"exemplar": exemplar, "of": series}));
        }
        last.insert(series.to_string(), record);
    }
    last.into_values().chain(exemplars).collect()
}

/// A sum of floating-point numbers to twelve digits: the last ones depend on the order of addition.
fn rounded(sum: &str) -> String {
    format!("{:.11e}", sum.parse::<f64>().unwrap())
}
