//! The metrics that arrived, read from the lines of OTLP/JSON that exporter `file` wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::Counts;
use crate::received::descend;

/// Every data point that arrived.
pub struct Metrics {
    points: Vec<Point>,
}

type Labels = BTreeMap<String, String>;

struct Point {
    metric: String,
    labels: Labels,
    /// Seconds from the start of what it covers to its time.
    seconds: f64,
    time: u64,
    content: Value,
}

const CALLS: &str = "traces.span.metrics.calls";
const DURATION: &str = "traces.span.metrics.duration";
const RATE: &str = "traces.span.rate.calls";
const REQUESTS: &str = "traces_service_graph_request_total";
const FAILED_REQUESTS: &str = "traces_service_graph_request_failed_total";

impl Metrics {
    pub fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap();
        let mut points = Vec::new();
        for line in text.lines() {
            let request: Value = serde_json::from_str(line).unwrap();
            for metric in descend(&request, &["resourceMetrics", "scopeMetrics", "metrics"]) {
                points.extend(points_of(metric));
            }
        }
        Self { points }
    }

    /// The last count of server spans of a service, by method, route and status.
    pub fn calls(&self, service: &str) -> Counts {
        self.sum_by_request(self.last(CALLS), service, false, |point| number(&point.content["asInt"]))
    }

    /// The same of spans with the status error.
    pub fn failed_calls(&self, service: &str) -> Counts {
        self.sum_by_request(self.last(CALLS), service, true, |point| number(&point.content["asInt"]))
    }

    /// How many durations the last histograms of server spans hold, over all buckets.
    pub fn durations(&self, service: &str) -> Counts {
        self.sum_by_request(self.last(DURATION), service, false, values_in_buckets)
    }

    /// The rate of server spans times the seconds that each point covers, summed up.
    ///
    /// A point of the rate is a count divided by the seconds from its start to its time, and the points of a series
    /// follow each other without overlap, so that the sum is the count. It is exact: a whole number is
    /// restored from a double that was divided and multiplied by the same seconds.
    pub fn integrated_rates(&self, service: &str) -> Counts {
        self.sum_by_request(self.all(RATE), service, false, count_of_rate)
    }

    /// The same of spans with the status error.
    pub fn failed_integrated_rates(&self, service: &str) -> Counts {
        self.sum_by_request(self.all(RATE), service, true, count_of_rate)
    }

    pub fn rate_points(&self) -> usize {
        self.all(RATE).len()
    }

    pub fn rate_series(&self) -> usize {
        self.last(RATE).len()
    }

    /// Client, server and connection type of every edge.
    pub fn edges(&self) -> BTreeSet<[&str; 3]> {
        self.all(REQUESTS).into_iter().map(Point::edge).collect()
    }

    /// The last count of requests along an edge.
    pub fn requests_between(&self, edge: [&str; 3]) -> u64 {
        self.sum_along(edge, REQUESTS, |point| number(&point.content["asInt"]))
    }

    /// The last count of failed ones.
    pub fn failed_requests_between(&self, edge: [&str; 3]) -> u64 {
        self.sum_along(edge, FAILED_REQUESTS, |point| number(&point.content["asInt"]))
    }

    /// How many latencies the last histograms of an edge hold, as the server and as the client saw them.
    pub fn seconds_between(&self, edge: [&str; 3]) -> [u64; 2] {
        ["traces_service_graph_request_server", "traces_service_graph_request_client"]
            .map(|metric| self.sum_along(edge, metric, values_in_buckets))
    }

    fn all(&self, metric: &str) -> Vec<&Point> {
        self.points.iter().filter(|point| point.metric == metric).collect()
    }

    /// The last point of each series of a metric.
    fn last(&self, metric: &str) -> Vec<&Point> {
        let mut last: BTreeMap<&Labels, &Point> = BTreeMap::new();
        for point in self.all(metric) {
            let known = last.entry(&point.labels).or_insert(point);
            if known.time < point.time {
                *known = point;
            }
        }
        last.into_values().collect()
    }

    fn sum_by_request(
        &self,
        points: Vec<&Point>,
        service: &str,
        only_failed: bool,
        value: impl Fn(&Point) -> u64,
    ) -> Counts {
        let mut counts = Counts::new();
        for point in points {
            let label = |key: &str| point.labels.get(key).map_or("", String::as_str);
            if label("service.name") != service || label("span.kind") != "SPAN_KIND_SERVER" {
                continue;
            }
            if only_failed && label("status.code") != "STATUS_CODE_ERROR" {
                continue;
            }
            let status = label("http.response.status_code").parse().unwrap();
            let key = (label("http.request.method").to_owned(), label("http.route").to_owned(), status);
            *counts.entry(key).or_default() += value(point);
        }
        counts
    }

    fn sum_along(&self, edge: [&str; 3], metric: &str, value: impl Fn(&Point) -> u64) -> u64 {
        self.last(metric).into_iter().filter(|point| point.edge() == edge).map(value).sum()
    }
}

impl Point {
    fn edge(&self) -> [&str; 3] {
        ["client", "server", "connection_type"].map(|label| &*self.labels[label])
    }
}

fn points_of(metric: &Value) -> Vec<Point> {
    let data = ["sum", "gauge", "histogram"].into_iter().find_map(|kind| metric.get(kind));
    let data = data.unwrap_or_else(|| panic!("another kind of metric: {metric}"));
    let point = |content: &Value| {
        let labels = content["attributes"].as_array().into_iter().flatten().map(|attribute| {
            let value = attribute["value"].as_object().and_then(|value| value.values().next()).unwrap();
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (attribute["key"].as_str().unwrap().to_owned(), text)
        });
        let (start, time) = (number(&content["startTimeUnixNano"]), number(&content["timeUnixNano"]));
        Point {
            metric: metric["name"].as_str().unwrap().to_owned(),
            labels: labels.collect(),
            seconds: (time - start) as f64 / 1e9,
            time,
            content: content.clone(),
        }
    };
    data["dataPoints"].as_array().into_iter().flatten().map(point).collect()
}

/// The whole number that a point of the rate stands for.
fn count_of_rate(point: &Point) -> u64 {
    let count = point.content["asDouble"].as_f64().unwrap() * point.seconds;
    assert!((count - count.round()).abs() < 1e-6 && count > 0.0, "{count} requests in {} s", point.seconds);
    count.round() as u64
}

/// The sum of the buckets, which is the count.
fn values_in_buckets(point: &Point) -> u64 {
    let sum = point.content["bucketCounts"].as_array().unwrap().iter().map(number).sum();
    assert_eq!(number(&point.content["count"]), sum);
    sum
}

/// A 64-bit number, which JSON has as text.
fn number(value: &Value) -> u64 {
    value.as_str().map_or_else(|| value.as_u64(), |text| text.parse().ok()).unwrap_or_default()
}
