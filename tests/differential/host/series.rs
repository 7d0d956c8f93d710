//! What arrived of a receiver, taken apart into metrics and series.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::comparable::in_one_form;
use crate::otlp::compare::{Signal, records_of};

/// What came of many looks at one machine.
#[derive(Debug, Default)]
pub struct Looks {
    /// How often it was looked at.
    pub count: usize,
    /// Every metric with everything that is no value, as JSON.
    pub metrics: BTreeSet<String>,
    pub series: BTreeMap<SeriesKey, Series>,
}

/// What tells one series from the others, as JSON where it is more than a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeriesKey {
    pub resource: String,
    pub metric: String,
    pub attributes: String,
}

#[derive(Debug, Default)]
pub struct Series {
    pub is_counter: bool,
    pub unit: String,
    /// In the order of their times.
    pub looks: Vec<Look>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    pub start_unix_nano: u64,
    pub time_unix_nano: u64,
    pub value: f64,
}

/// The metrics and series of requests that each hold one look.
pub fn looks_of(requests: &[(Signal, Value)]) -> Looks {
    let mut looks = Looks { count: requests.len(), ..Looks::default() };
    for record in requests.iter().flat_map(|(signal, request)| records_of(request, *signal)) {
        looks.add(&in_one_form(&record));
    }
    looks
}

impl Looks {
    fn add(&mut self, record: &Value) {
        let metric = &record["record"];
        let kind = if metric.get("sum").is_some() { "sum" } else { "gauge" };
        let data = &metric[kind];
        let point = &data["dataPoints"][0];
        let attributes = point["attributes"].as_array().map_or(&[][..], Vec::as_slice);
        let keys: Vec<&Value> = attributes.iter().map(|attribute| &attribute["key"]).collect();
        let (number_kind, number) = match point.get("asInt") {
            Some(number) => ("integer", number.as_f64().unwrap()),
            None => ("double", point["asDouble"].as_str().map_or(0.0, |number| number.parse().unwrap())),
        };
        let description = json!({
            "name": metric["name"],
            "description": metric["description"],
            "unit": metric["unit"],
            "kind": kind,
            "temporality": data["aggregationTemporality"],
            "isMonotonic": data["isMonotonic"],
            "number": number_kind,
            "attributes": keys,
            "scope": record["scope"]["name"],
            "scopeSchemaUrl": record["scopeSchemaUrl"],
            "resourceSchemaUrl": record["resourceSchemaUrl"],
            "resourceAttributes": keys_of(&record["resource"]),
        });
        self.metrics.insert(description.to_string());
        let key = SeriesKey {
            resource: record["resource"].to_string(),
            metric: metric["name"].as_str().unwrap().to_owned(),
            attributes: point["attributes"].to_string(),
        };
        let series = self.series.entry(key).or_default();
        series.is_counter = data["isMonotonic"] == true;
        series.unit = metric["unit"].as_str().unwrap_or_default().to_owned();
        series.looks.push(Look {
            start_unix_nano: point["startTimeUnixNano"].as_u64().unwrap_or_default(),
            time_unix_nano: point["timeUnixNano"].as_u64().unwrap(),
            value: number,
        });
    }

    /// The series that are in every look, or in every one but the first, as those are that compare two looks.
    pub fn lasting(&self) -> BTreeMap<&SeriesKey, &Series> {
        self.series.iter().filter(|(_, series)| series.looks.len() + 1 >= self.count).collect()
    }
}

fn keys_of(resource: &Value) -> Vec<&Value> {
    let attributes = resource["attributes"].as_array().map_or(&[][..], Vec::as_slice);
    attributes.iter().map(|attribute| &attribute["key"]).collect()
}
