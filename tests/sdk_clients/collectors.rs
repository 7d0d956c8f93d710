//! The configurations of the collectors in these tests, their addresses, and what they wrote.

use std::path::Path;

use serde_json::Value;

use crate::otlp::canonical::{UnknownMembers, from_json};
use crate::otlp::collector::free_address;
use crate::otlp::compare::{Signal, records_of};
use crate::recorder::OtlpEndpoints;

/// Two loopback addresses that nobody listens at.
pub fn free_endpoints() -> OtlpEndpoints {
    OtlpEndpoints { grpc: free_address(), http: free_address() }
}

/// The configuration of a collector at the end of the line: OTLP in, one file of OTLP/JSON lines out.
pub fn config_of_a_back_end(endpoints: OtlpEndpoints, file: &Path) -> String {
    format!(
        r#"
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: {grpc}
      http:
        endpoint: {http}
exporters:
  file:
    path: {file}
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    traces: {{receivers: [otlp], exporters: [file]}}
    metrics: {{receivers: [otlp], exporters: [file]}}
    logs: {{receivers: [otlp], exporters: [file]}}
"#,
        grpc = endpoints.grpc,
        http = endpoints.http,
        file = file.display(),
    )
}

/// The configuration of the gateway under test: OTLP in, batches, one copy to each of two back ends, the first by gRPC and
/// the second by HTTP in `encoding` (`proto` or `json`).
pub fn config_of_the_gateway(
    endpoints: OtlpEndpoints,
    by_grpc: OtlpEndpoints,
    by_http: OtlpEndpoints,
    encoding: &str,
) -> String {
    let pipeline = "{receivers: [otlp], processors: [batch], exporters: [otlp, otlphttp]}";
    format!(
        r#"
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: {grpc}
      http:
        endpoint: {http}
processors:
  batch:
    timeout: 50ms
    send_batch_size: 16
    send_batch_max_size: 16
exporters:
  otlp:
    endpoint: {by_grpc}
    tls:
      insecure: true
  otlphttp:
    endpoint: http://{by_http}
    encoding: {encoding}
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    traces: {pipeline}
    metrics: {pipeline}
    logs: {pipeline}
"#,
        grpc = endpoints.grpc,
        http = endpoints.http,
        by_grpc = by_grpc.grpc,
        by_http = by_http.http,
    )
}

/// The records of one signal in a file of OTLP/JSON lines.
pub fn records_in_file(file: &Path, signal: Signal) -> Vec<Value> {
    let text =
        std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{} is read: {error}", file.display()));
    let mut records = Vec::new();
    for (position, line) in text.lines().enumerate() {
        let at = || format!("{} line {}", file.display(), position + 1);
        let json: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}", at()));
        let of_signal = |signal: &Signal| json.get(signal.levels()[0]).is_some();
        let Some(found) = Signal::ALL.into_iter().find(of_signal) else {
            panic!("{}: no signal in {line}", at())
        };
        if found != signal {
            continue;
        }
        let request = from_json(&json, signal.request(), UnknownMembers::Refuse)
            .unwrap_or_else(|error| panic!("{}: {error}", at()));
        records.extend(records_of(&request, signal));
    }
    records
}
