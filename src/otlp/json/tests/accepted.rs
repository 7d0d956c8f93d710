//! What is taken beyond the plain form: other spellings, other types, null, unknown and repeated fields.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint, number_data_point};
use opentelemetry_proto::tonic::trace::v1::Span;

use super::*;

fn span(fields: &str) -> Span {
    let document = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{fields}}}]}}]}}]}}"#);
    let (mut request, spans) = decode_traces(&document);
    assert_eq!(spans, 1);
    request.resource_spans[0].scope_spans[0].spans.remove(0)
}

fn log_record(fields: &str) -> LogRecord {
    let document = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{{fields}}}]}}]}}]}}"#);
    let (mut request, log_records) = decode_logs(&document);
    assert_eq!(log_records, 1);
    request.resource_logs[0].scope_logs[0].log_records.remove(0)
}

fn metric(fields: &str, expected_data_points: usize) -> Metric {
    let document = format!(r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{{fields}}}]}}]}}]}}"#);
    let (mut request, data_points) = decode_metrics(&document);
    assert_eq!(data_points, expected_data_points, "{fields}");
    request.resource_metrics[0].scope_metrics[0].metrics.remove(0)
}

fn body(value: &str) -> Option<Value> {
    log_record(&format!(r#""body":{{{value}}}"#)).body.and_then(|body| body.value)
}

#[test]
fn sixty_four_bit_integers_as_strings_or_numbers() {
    for time in
        ["1544712660300000001", "\"1544712660300000001\"", "1.544712660300000001e18", "1544712660300000001.0"]
    {
        let span = span(&format!(r#""startTimeUnixNano":{time}"#));
        assert_eq!(span.start_time_unix_nano, 1_544_712_660_300_000_001, "{time}");
    }
    assert_eq!(body(r#""intValue":"-9223372036854775808""#), Some(Value::IntValue(i64::MIN)));
    assert_eq!(body(r#""intValue":9223372036854775807"#), Some(Value::IntValue(i64::MAX)));
}

#[test]
fn thirty_two_bit_integers_as_numbers_or_strings() {
    for flags in ["4294967295", "\"4294967295\"", "4294967295.0"] {
        assert_eq!(span(&format!(r#""flags":{flags}"#)).flags, u32::MAX, "{flags}");
    }
}

#[test]
fn enumerations_as_numbers_or_names_known_or_not() {
    for kind in ["2", "2.0", "\"SPAN_KIND_SERVER\""] {
        assert_eq!(span(&format!(r#""kind":{kind}"#)).kind, 2, "{kind}");
    }
    assert_eq!(span(r#""kind":77"#).kind, 77);
    assert_eq!(span(r#""status":{"code":"STATUS_CODE_ERROR"}"#).status.unwrap().code, 2);
    assert_eq!(log_record(r#""severityNumber":"SEVERITY_NUMBER_FATAL4""#).severity_number, 24);
    let metric = metric(r#""sum":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_CUMULATIVE"}"#, 0);
    assert!(matches!(metric.data, Some(Data::Sum(sum)) if sum.aggregation_temporality == 2));
}

#[test]
fn ids_in_hex_of_either_case_and_no_id_as_nothing_or_zeros() {
    let upper = span(r#""traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174""#);
    let lower = span(r#""traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174""#);
    assert_eq!(upper, lower);
    assert_eq!(upper.span_id, [0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x74]);
    for none in ["\"\"", "null", "\"0000000000000000\""] {
        assert_eq!(span(&format!(r#""parentSpanId":{none}"#)).parent_span_id, Vec::<u8>::new(), "{none}");
    }
}

#[test]
fn doubles_as_numbers_strings_and_words() {
    let double = |text: &str| match body(&format!(r#""doubleValue":{text}"#)) {
        Some(Value::DoubleValue(double)) => double,
        other => panic!("{other:?}"),
    };
    assert_eq!(double("1"), 1.0);
    assert_eq!(double("\"1.5e3\""), 1500.0);
    assert_eq!(double("0.1"), 0.1);
    assert_eq!(double("2.2250738585072014e-308"), f64::MIN_POSITIVE);
    assert_eq!(double("\"Infinity\""), f64::INFINITY);
    assert_eq!(double("\"-Infinity\""), f64::NEG_INFINITY);
    assert!(double("\"NaN\"").is_nan());
    assert!(double("-0").is_sign_negative());
}

#[test]
fn bytes_in_base64_of_either_alphabet_padded_or_not() {
    for bytes in ["+/8=", "+/8", "-_8=", "-_8"] {
        let value = body(&format!(r#""bytesValue":"{bytes}""#));
        assert_eq!(value, Some(Value::BytesValue(vec![0xfb, 0xff])), "{bytes}");
    }
    assert_eq!(body(r#""bytesValue":"""#), Some(Value::BytesValue(Vec::new())));
}

#[test]
fn the_names_of_the_proto_files() {
    let document = r#"{"resource_spans":[{"scope_spans":[{"spans":[
        {"trace_id":"5b8efff798038103d269b633813fc60c","start_time_unix_nano":"5","dropped_attributes_count":6}
        ],"schema_url":"s"}]}]}"#;
    let (request, spans) = decode_traces(document);
    let scope_spans = &request.resource_spans[0].scope_spans[0];
    let span = &scope_spans.spans[0];
    assert_eq!((spans, scope_spans.schema_url.as_str()), (1, "s"));
    assert_eq!((span.trace_id.len(), span.start_time_unix_nano, span.dropped_attributes_count), (16, 5, 6));
}

#[test]
fn names_are_exact() {
    for other in ["TraceState", "trace-state", "trace_State", "tracestate", "_traceState", "trace_state_", ""]
    {
        assert_eq!(span(&format!(r#""{other}":"x""#)), Span::default(), "{other}");
    }
    assert_eq!(span(r#""trace\u0053tate":"x""#).trace_state, "x");
}

#[test]
fn unknown_fields_are_skipped_whatever_they_hold() {
    let unknown = r#"{"a":[1,{"b":[[],{}]},"]}",-1.5e-3,true,false,null]}"#;
    for value in [unknown, "[[[[]]]]", "null", "\"\\\"}\"", "0"] {
        let span = span(&format!(r#""new":{value},"name":"kept","newer":{value}"#));
        assert_eq!(span, Span { name: "kept".to_owned(), ..Span::default() }, "{value}");
    }
}

#[test]
fn unknown_fields_may_nest_without_limit() {
    let depth = 200_000;
    let span = span(&format!(r#""new":{}{},"name":"kept""#, "[".repeat(depth), "]".repeat(depth)));
    assert_eq!(span.name, "kept");
}

#[test]
fn null_is_what_is_not_set() {
    assert_eq!(decode_traces("null").1, 0);
    assert_eq!(decode_traces(r#"{"resourceSpans":null}"#).1, 0);
    let fields = r#""name":null,"traceId":null,"kind":null,"flags":null,"endTimeUnixNano":null,"attributes":null,"status":null"#;
    assert_eq!(span(fields), Span::default());
    assert_eq!(body(r#""stringValue":"kept","intValue":null"#), Some(messages::text("kept")));
    assert_eq!(
        metric(r#""histogram":{"dataPoints":[{"sum":null,"min":null,"bucketCounts":null}]}"#, 1)
            .encoded_len(),
        metric(r#""histogram":{"dataPoints":[{}]}"#, 1).encoded_len()
    );
}

#[test]
fn null_in_a_list_of_messages_is_an_empty_message() {
    let attributes = span(r#""attributes":[null,{"key":"k"}]"#).attributes;
    assert_eq!(attributes, [KeyValue::default(), KeyValue { key: "k".to_owned(), ..KeyValue::default() }]);
    let metric = metric(r#""gauge":{"dataPoints":[null,null]}"#, 2);
    assert!(matches!(metric.data, Some(Data::Gauge(gauge)) if gauge.data_points.len() == 2));
}

#[test]
fn of_two_members_of_a_oneof_the_last_one_counts() {
    assert_eq!(body(r#""stringValue":"a","intValue":"1","boolValue":true"#), Some(Value::BoolValue(true)));
    let metric = metric(
        r#""gauge":{"dataPoints":[{},{}]},"name":"m","sum":{"dataPoints":[{"asInt":1,"asDouble":2}]}"#,
        1,
    );
    let point = NumberDataPoint {
        value: Some(number_data_point::Value::AsDouble(2.0)),
        ..NumberDataPoint::default()
    };
    assert_eq!(metric.name, "m");
    assert!(matches!(metric.data, Some(Data::Sum(sum)) if sum.data_points == [point]));
}

#[test]
fn a_field_given_twice_takes_the_last_value_and_lists_join() {
    let span = span(
        r#""name":"a","flags":1,"attributes":[{"key":"k"}],"name":"","flags":0,"attributes":[{"key":"l"}]"#,
    );
    let keys: Vec<&str> = span.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert_eq!((span.name.as_str(), span.flags, keys), ("", 0, vec!["k", "l"]));
}

#[test]
fn a_message_given_twice_is_merged_into_one() {
    let document = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"k"}]},"schemaUrl":"s",
        "resource":{"attributes":[{"key":"l"}],"droppedAttributesCount":2},"scopeLogs":[{"logRecords":[{},{}]}]}]}"#;
    let batch = decode_json(Signal::Logs, document.as_bytes()).unwrap();
    // Views rely on meeting a singular message once.
    let resource_group = batch.resource_groups().next().unwrap();
    let keys: Vec<String> =
        resource_group.resource.attributes.iter().map(|attribute| attribute.key.to_string()).collect();
    assert_eq!((keys, batch.items()), (vec!["k".to_owned(), "l".to_owned()], 2));
}

#[test]
fn members_of_a_oneof_keep_their_default_value() {
    assert_eq!(body(r#""stringValue":"""#), Some(messages::text("")));
    assert_eq!(body(r#""intValue":"0""#), Some(Value::IntValue(0)));
    assert_eq!(body(r#""boolValue":false"#), Some(Value::BoolValue(false)));
    assert_eq!(body(r#""arrayValue":{}"#), Some(Value::ArrayValue(Default::default())));
    assert_eq!(body(""), None);
    assert_eq!(log_record(r#""body":{}"#).body, Some(AnyValue { value: None }));
    assert_eq!(log_record("").body, None);
}

#[test]
fn every_escape_and_a_surrogate_alone() {
    let name = r#""name":"\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83c\udf0a é🌊""#;
    assert_eq!(span(name).name, "\"\\/\u{8}\u{c}\n\r\té€🌊 é🌊");
    // A JavaScript SDK that cuts a value inside an emoji sends these; the Collector repairs them too.
    for (escaped, repaired) in [
        (r"a\ud83dz", "a\u{fffd}z"),
        (r"a\ud83d", "a\u{fffd}"),
        (r"\udf0az", "\u{fffd}z"),
        (r"\ud83d\n", "\u{fffd}\n"),
        (r"\ud83d\u0041", "\u{fffd}A"),
        (r"\ud83c\ud83c\udf0a", "\u{fffd}🌊"),
    ] {
        assert_eq!(span(&format!(r#""name":"{escaped}""#)).name, repaired, "{escaped}");
    }
}

#[test]
fn white_space_of_every_kind() {
    let (_, spans) =
        decode_traces("\r\n\t {\"resourceSpans\" :\n[ {\"scopeSpans\":[{\"spans\":[{ } ,\t{}]}] }\r]} \n");
    assert_eq!(spans, 2);
}

#[test]
fn messages_nest_as_deep_as_prost_reads_them() {
    // Below the request: resource, scope, log record, body, and two messages for each array.
    let document = nested_arrays(48);
    assert_eq!(decode_logs(&document).1, 1);
}

/// A log record whose body is this many arrays in each other.
pub(super) fn nested_arrays(depth: usize) -> String {
    let opening = r#"{"arrayValue":{"values":["#.repeat(depth);
    let closing = "]}}".repeat(depth);
    format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{opening}{closing}}}]}}]}}]}}"#)
}
