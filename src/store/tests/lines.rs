//! Telemetry as sorted lines, one for each item with everything above it: equal lines mean equal telemetry, however it
//! is grouped, ordered and encoded.

use std::fmt::Debug;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use prost::Message;

use crate::otlp::oracle::prost_meaning;
use crate::otlp::{Batch, Signal};

/// The lines of all batches together, sorted.
pub fn sorted_lines<'b>(batches: impl IntoIterator<Item = &'b Batch>) -> Vec<String> {
    let mut lines: Vec<String> = batches.into_iter().flat_map(lines).collect();
    lines.sort();
    lines
}

/// The lines of a batch in its order, as prost reads it.
pub fn lines(batch: &Batch) -> Vec<String> {
    let mut lines = Vec::new();
    for part in batch.parts() {
        // Absent messages are empty ones here: their meaning is the same.
        let (part, _) = prost_meaning(batch.signal(), part).unwrap();
        match batch.signal() {
            Signal::Traces => {
                for resource in ExportTraceServiceRequest::decode(&*part).unwrap().resource_spans {
                    let above =
                        format!("{:?} {}", resource.resource.unwrap_or_default(), resource.schema_url);
                    for scope in resource.scope_spans {
                        let above =
                            format!("{above} {:?} {}", scope.scope.unwrap_or_default(), scope.schema_url);
                        put_lines(&mut lines, &above, scope.spans);
                    }
                }
            }
            Signal::Logs => {
                for resource in ExportLogsServiceRequest::decode(&*part).unwrap().resource_logs {
                    let above =
                        format!("{:?} {}", resource.resource.unwrap_or_default(), resource.schema_url);
                    for scope in resource.scope_logs {
                        let above =
                            format!("{above} {:?} {}", scope.scope.unwrap_or_default(), scope.schema_url);
                        put_lines(&mut lines, &above, scope.log_records);
                    }
                }
            }
            Signal::Metrics => {
                for resource in ExportMetricsServiceRequest::decode(&*part).unwrap().resource_metrics {
                    let above =
                        format!("{:?} {}", resource.resource.unwrap_or_default(), resource.schema_url);
                    for scope in resource.scope_metrics {
                        let above =
                            format!("{above} {:?} {}", scope.scope.unwrap_or_default(), scope.schema_url);
                        for mut metric in scope.metrics {
                            let data = metric.data.take();
                            put_points(&mut lines, &format!("{above} {metric:?}"), data);
                        }
                    }
                }
            }
        }
    }
    lines
}

fn put_points(lines: &mut Vec<String>, above: &str, data: Option<Data>) {
    match data {
        None => {}
        Some(Data::Gauge(gauge)) => put_lines(lines, &format!("{above} gauge"), gauge.data_points),
        Some(Data::Sum(sum)) => {
            let kind = format!("{above} sum {} {}", sum.aggregation_temporality, sum.is_monotonic);
            put_lines(lines, &kind, sum.data_points);
        }
        Some(Data::Histogram(histogram)) => {
            let kind = format!("{above} histogram {}", histogram.aggregation_temporality);
            put_lines(lines, &kind, histogram.data_points);
        }
        Some(Data::ExponentialHistogram(histogram)) => {
            let kind = format!("{above} exponential {}", histogram.aggregation_temporality);
            put_lines(lines, &kind, histogram.data_points);
        }
        Some(Data::Summary(summary)) => put_lines(lines, &format!("{above} summary"), summary.data_points),
    }
}

fn put_lines(lines: &mut Vec<String>, above: &str, items: impl IntoIterator<Item = impl Debug>) {
    lines.extend(items.into_iter().map(|item| format!("{above} {item:?}")));
}
