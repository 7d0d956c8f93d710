//! The examples of the OTLP specification (opentelemetry-proto `examples/*.json`, Apache-2.0), as they stand there.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;

use super::*;

#[test]
fn the_trace_example() {
    let document = include_str!("specification/trace.json");
    let (request, spans) = decode_traces(document);
    assert_eq!(spans, 1);
    let scope_spans = &request.resource_spans[0].scope_spans[0];
    let span = &scope_spans.spans[0];
    assert_eq!(scope_spans.scope.as_ref().unwrap().version, "1.0.0");
    assert_eq!(span.trace_id, *b"\x5b\x8e\xff\xf7\x98\x03\x81\x03\xd2\x69\xb6\x33\x81\x3f\xc6\x0c");
    assert_eq!(span.parent_span_id, *b"\xee\xe1\x9b\x7e\xc3\xc1\xb1\x73");
    assert_eq!(
        (span.start_time_unix_nano, span.end_time_unix_nano),
        (1_544_712_660_000_000_000, 1_544_712_661_000_000_000)
    );
    assert_eq!((span.name.as_str(), span.kind), ("I'm a server span", 2));
    assert_eq!(span.attributes, [messages::attribute("my.span.attr", messages::text("some value"))]);
}

#[test]
fn the_metrics_example() {
    let (request, data_points) = decode_metrics(include_str!("specification/metrics.json"));
    assert_eq!(data_points, 4);
    let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
    let names: Vec<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names, ["my.counter", "my.gauge", "my.histogram", "my.exponential.histogram"]);
    let Some(Data::Sum(sum)) = &metrics[0].data else { panic!("{metrics:?}") };
    assert_eq!((sum.aggregation_temporality, sum.is_monotonic), (1, true));
    let Some(Data::Histogram(histogram)) = &metrics[2].data else { panic!("{metrics:?}") };
    let point = &histogram.data_points[0];
    assert_eq!((point.count, point.sum, point.min, point.max), (2, Some(2.0), Some(0.0), Some(2.0)));
    assert_eq!((&point.bucket_counts[..], &point.explicit_bounds[..]), (&[1, 1][..], &[1.0][..]));
    let Some(Data::ExponentialHistogram(histogram)) = &metrics[3].data else { panic!("{metrics:?}") };
    let point = &histogram.data_points[0];
    assert_eq!((point.count, point.scale, point.zero_count), (3, 0, 1));
    let positive = point.positive.as_ref().unwrap();
    assert_eq!((positive.offset, &positive.bucket_counts[..]), (1, &[0, 2][..]));
}

#[test]
fn the_logs_example() {
    let (request, log_records) = decode_logs(include_str!("specification/logs.json"));
    assert_eq!(log_records, 1);
    let log_record = &request.resource_logs[0].scope_logs[0].log_records[0];
    assert_eq!((log_record.severity_number, log_record.severity_text.as_str()), (10, "Information"));
    assert_eq!(log_record.body.as_ref().unwrap().value, Some(messages::text("Example log record")));
    let keys: Vec<&str> = log_record.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    let expected = [
        "string.attribute",
        "boolean.attribute",
        "int.attribute",
        "double.attribute",
        "array.attribute",
        "map.attribute",
    ];
    assert_eq!(keys, expected);
    assert_eq!(log_record.attributes[2], messages::attribute("int.attribute", Value::IntValue(10)));
    assert_eq!(
        log_record.attributes[3],
        messages::attribute("double.attribute", Value::DoubleValue(637.704))
    );
}

#[test]
fn the_events_example() {
    let (request, log_records) = decode_logs(include_str!("specification/events.json"));
    assert_eq!(log_records, 1);
    let log_record = &request.resource_logs[0].scope_logs[0].log_records[0];
    assert_eq!(log_record.event_name, "browser.page_view");
    let Some(Value::KvlistValue(body)) = &log_record.body.as_ref().unwrap().value else {
        panic!("{log_record:?}")
    };
    let title = messages::text("Free Online GUID Generator");
    assert_eq!(body.values[3], messages::attribute("title", title));
}
