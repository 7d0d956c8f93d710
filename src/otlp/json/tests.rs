//! Tests of both directions: documents of the specification and the Collector, everything that is taken
//! and everything that is refused.

mod accepted;
mod all_fields;
mod messages;
mod refused;
mod responses;
mod round_trip;
mod specification;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use super::*;

/// What `document` is once decoded to protobuf and read by prost, and how many items were counted.
fn decode<Request: Message + Default>(signal: Signal, document: &str) -> (Request, usize) {
    let batch = decode_json(signal, document.as_bytes()).unwrap();
    let body = batch.parts().concat();
    (Request::decode(body.as_slice()).unwrap(), batch.items())
}

fn decode_traces(document: &str) -> (ExportTraceServiceRequest, usize) {
    decode(Signal::Traces, document)
}

fn decode_metrics(document: &str) -> (ExportMetricsServiceRequest, usize) {
    decode(Signal::Metrics, document)
}

fn decode_logs(document: &str) -> (ExportLogsServiceRequest, usize) {
    decode(Signal::Logs, document)
}

/// The JSON of a request that prost encodes.
fn encode(signal: Signal, request: &impl Message) -> String {
    let batch = Batch::from_valid_part(signal, request.encode_to_vec().into(), 0);
    String::from_utf8(encode_json(&batch)).unwrap()
}

/// A document laid out over lines as the one line it stands for.
fn on_one_line(document: &str) -> String {
    document.lines().map(str::trim).collect()
}
