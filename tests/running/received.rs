//! What arrived, read from the lines of OTLP/JSON that exporter `file` wrote.

use std::path::Path;

use serde_json::Value;

/// `span NAME`, `metric NAME` and `log BODY` of everything in the file, sorted.
pub fn names_in(file: &Path) -> Vec<String> {
    let text =
        std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{} is read: {error}", file.display()));
    let mut names = Vec::new();
    for line in text.lines() {
        let request: Value = serde_json::from_str(line).unwrap();
        let mut collect = |levels: [&str; 3], kind: &str, pointer: &str| {
            for record in descend(&request, &levels) {
                let name = record.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
                names.push(format!("{kind} {name}"));
            }
        };
        collect(["resourceSpans", "scopeSpans", "spans"], "span", "/name");
        collect(["resourceMetrics", "scopeMetrics", "metrics"], "metric", "/name");
        collect(["resourceLogs", "scopeLogs", "logRecords"], "log", "/body/stringValue");
    }
    names.sort();
    names
}

/// The data points of every sum of this name in the file.
pub fn data_points_of(file: &Path, sum_name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut points = Vec::new();
    for line in text.lines() {
        let request: Value = serde_json::from_str(line).unwrap();
        for metric in descend(&request, &["resourceMetrics", "scopeMetrics", "metrics"]) {
            if metric["name"] == sum_name {
                points.extend(metric["sum"]["dataPoints"].as_array().cloned().unwrap_or_default());
            }
        }
    }
    points
}

/// The log records in a file of OTLP/JSON, the last line of which may be half written.
pub fn log_records_in(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let requests: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let levels = ["resourceLogs", "scopeLogs", "logRecords"];
    requests.iter().flat_map(|request| descend(request, &levels)).cloned().collect()
}

/// The members of a list in a list in a list.
pub fn descend<'a>(value: &'a Value, levels: &[&str]) -> Vec<&'a Value> {
    let Some((level, below)) = levels.split_first() else { return vec![value] };
    let members = value.get(level).and_then(Value::as_array).into_iter().flatten();
    members.flat_map(|member| descend(member, below)).collect()
}
