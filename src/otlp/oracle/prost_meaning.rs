//! What prost makes of a request body, in a form that can be compared with what the views show.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, NumberDataPoint};
use prost::Message;

use crate::otlp::Signal;

/// The canonical encoding of what prost decodes, with absent messages as empty ones, and its item count.
///
/// Encodings are compared instead of structs because numbers that are not a number differ from themselves.
pub(crate) fn prost_meaning(signal: Signal, body: &[u8]) -> Result<(Vec<u8>, usize), String> {
    let refused = |error: prost::DecodeError| error.to_string();
    Ok(match signal {
        Signal::Traces => {
            let mut request = ExportTraceServiceRequest::decode(body).map_err(refused)?;
            let items = fill_trace_request(&mut request);
            (request.encode_to_vec(), items)
        }
        Signal::Metrics => {
            let mut request = ExportMetricsServiceRequest::decode(body).map_err(refused)?;
            let items = fill_metrics_request(&mut request);
            (request.encode_to_vec(), items)
        }
        Signal::Logs => {
            let mut request = ExportLogsServiceRequest::decode(body).map_err(refused)?;
            let items = fill_logs_request(&mut request);
            (request.encode_to_vec(), items)
        }
    })
}

fn fill_trace_request(request: &mut ExportTraceServiceRequest) -> usize {
    let mut items = 0;
    for resource_group in &mut request.resource_spans {
        fill_attributes(&mut resource_group.resource.get_or_insert_default().attributes);
        for scope_group in &mut resource_group.scope_spans {
            fill_attributes(&mut scope_group.scope.get_or_insert_default().attributes);
            items += scope_group.spans.len();
            for span in &mut scope_group.spans {
                fill_attributes(&mut span.attributes);
                span.events.iter_mut().for_each(|event| fill_attributes(&mut event.attributes));
                span.links.iter_mut().for_each(|link| fill_attributes(&mut link.attributes));
                span.status.get_or_insert_default();
            }
        }
    }
    items
}

fn fill_logs_request(request: &mut ExportLogsServiceRequest) -> usize {
    let mut items = 0;
    for resource_group in &mut request.resource_logs {
        fill_attributes(&mut resource_group.resource.get_or_insert_default().attributes);
        for scope_group in &mut resource_group.scope_logs {
            fill_attributes(&mut scope_group.scope.get_or_insert_default().attributes);
            items += scope_group.log_records.len();
            for log_record in &mut scope_group.log_records {
                fill_attributes(&mut log_record.attributes);
                fill_value(log_record.body.get_or_insert_default());
            }
        }
    }
    items
}

fn fill_metrics_request(request: &mut ExportMetricsServiceRequest) -> usize {
    let mut items = 0;
    for resource_group in &mut request.resource_metrics {
        fill_attributes(&mut resource_group.resource.get_or_insert_default().attributes);
        for scope_group in &mut resource_group.scope_metrics {
            fill_attributes(&mut scope_group.scope.get_or_insert_default().attributes);
            for metric in &mut scope_group.metrics {
                fill_attributes(&mut metric.metadata);
                items += metric.data.as_mut().map_or(0, fill_data);
            }
        }
    }
    items
}

fn fill_data(data: &mut Data) -> usize {
    match data {
        Data::Gauge(gauge) => fill_numbers(&mut gauge.data_points),
        Data::Sum(sum) => fill_numbers(&mut sum.data_points),
        Data::Histogram(histogram) => {
            for point in &mut histogram.data_points {
                fill_attributes(&mut point.attributes);
                fill_exemplars(&mut point.exemplars);
            }
            histogram.data_points.len()
        }
        Data::ExponentialHistogram(histogram) => {
            for point in &mut histogram.data_points {
                fill_attributes(&mut point.attributes);
                fill_exemplars(&mut point.exemplars);
                point.positive.get_or_insert_default();
                point.negative.get_or_insert_default();
            }
            histogram.data_points.len()
        }
        Data::Summary(summary) => {
            summary.data_points.iter_mut().for_each(|point| fill_attributes(&mut point.attributes));
            summary.data_points.len()
        }
    }
}

fn fill_numbers(points: &mut [NumberDataPoint]) -> usize {
    for point in points.iter_mut() {
        fill_attributes(&mut point.attributes);
        fill_exemplars(&mut point.exemplars);
    }
    points.len()
}

fn fill_exemplars(exemplars: &mut [Exemplar]) {
    exemplars.iter_mut().for_each(|exemplar| fill_attributes(&mut exemplar.filtered_attributes));
}

/// Views show an absent value as an empty one, and know nothing of indexes into a profile's strings.
fn fill_attributes(attributes: &mut [KeyValue]) {
    for attribute in attributes {
        attribute.key_strindex = 0;
        fill_value(attribute.value.get_or_insert_default());
    }
}

fn fill_value(value: &mut AnyValue) {
    match &mut value.value {
        Some(any_value::Value::ArrayValue(array)) => array.values.iter_mut().for_each(fill_value),
        Some(any_value::Value::KvlistValue(list)) => fill_attributes(&mut list.values),
        Some(any_value::Value::StringValueStrindex(_)) => value.value = None,
        _ => {}
    }
}
