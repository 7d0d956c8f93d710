//! Both readers give the same canonical form, prost being the judge of the wire format.

use std::collections::HashSet;

use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use prost::Message as _;
use serde_json::json;

use super::*;
use crate::otlp::canonical::encode::{elements, to_protobuf};
use crate::otlp::compare::Signal;
use crate::otlp::sample::sample;
use crate::otlp::schema::EXPORT_LOGS;

#[test]
fn every_field_of_the_schema_is_in_the_sample() {
    let mut fields = HashSet::new();
    let mut seen = HashSet::new();
    for signal in Signal::ALL {
        collect_fields(signal.request(), &mut fields);
        collect_seen(signal.request(), &canonical_sample(signal), &mut seen);
    }
    let missing: Vec<_> = fields.difference(&seen).map(|&(_, name)| name).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn protobuf_that_prost_wrote_reads_as_the_json_it_was_made_from() {
    for signal in Signal::ALL {
        let expected = canonical_sample(signal);
        let encoded = to_protobuf(&expected, signal.request());
        // What prost does not know by the same number and type does not come out of it again.
        let through_prost = match signal {
            Signal::Traces => ExportTraceServiceRequest::decode(&encoded[..]).unwrap().encode_to_vec(),
            Signal::Metrics => ExportMetricsServiceRequest::decode(&encoded[..]).unwrap().encode_to_vec(),
            Signal::Logs => ExportLogsServiceRequest::decode(&encoded[..]).unwrap().encode_to_vec(),
        };
        assert_eq!(from_protobuf(&through_prost, signal.request()).unwrap(), expected);
    }
}

#[test]
fn a_default_equals_an_absent_field_but_not_within_a_oneof() {
    let read = |record: Value| {
        let request = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]});
        from_json(&request, &EXPORT_LOGS, UnknownMembers::Refuse).unwrap()
    };
    let empty = read(json!({}));
    let defaults = json!({"timeUnixNano": "0", "severityNumber": 0, "severityText": "", "traceId": "", "body": {}, "flags": null});
    assert_eq!(read(defaults), empty);
    for value in [
        json!({"stringValue": ""}),
        json!({"intValue": 0}),
        json!({"doubleValue": 0.0}),
        json!({"arrayValue": {}}),
        json!({"bytesValue": ""}),
    ] {
        assert_ne!(read(json!({"body": value})), empty);
    }
}

#[test]
fn integers_read_the_same_as_text_and_as_numbers() {
    let read = |value: Value| json_value(&value, Kind::Fixed64, UnknownMembers::Refuse);
    assert_eq!(read(json!("18446744073709551615")), read(json!(u64::MAX)));
    assert_eq!(read(json!(-1)), Err("found -1 where an unsigned integer belongs".to_owned()));
    assert_eq!(read(json!(1.5)), Err("found 1.5 where an unsigned integer belongs".to_owned()));
}

#[test]
fn floating_point_values_keep_every_bit_that_counts() {
    let read = |value: Value| json_value(&value, Kind::Double, UnknownMembers::Refuse).unwrap();
    assert_eq!(read(json!("NaN")), json!("NaN"));
    assert_eq!(read(json!("-Infinity")), json!("-inf"));
    assert_eq!(read(serde_json::from_str("-0.0").unwrap()), json!("-0.0"));
    assert_eq!(read(serde_json::from_str("5e-324").unwrap()), json!("5e-324"));
    assert_eq!(read(serde_json::from_str("0.1").unwrap()), double(0.1));
    assert_ne!(double(0.1), double(f64::from_bits(0.1_f64.to_bits() + 1)));
}

#[test]
fn an_unknown_member_is_refused_or_ignored() {
    let request = json!({"resourceLogs": [{"resource": {"surprise": 1}}]});
    let refused = from_json(&request, &EXPORT_LOGS, UnknownMembers::Refuse);
    assert_eq!(refused, Err("resourceLogs.resource.surprise: OTLP has no such field".to_owned()));
    let ignored = from_json(&request, &EXPORT_LOGS, UnknownMembers::Ignore);
    assert_eq!(ignored, Ok(json!({"resourceLogs": [{}]})));
}

fn canonical_sample(signal: Signal) -> Value {
    from_json(&sample(signal), signal.request(), UnknownMembers::Refuse).unwrap()
}

type FieldId = (*const Message, &'static str);

fn collect_fields(message: &'static Message, fields: &mut HashSet<FieldId>) {
    for field in message.fields {
        if let (true, Kind::Nested(inner)) = (fields.insert((message, field.name)), field.kind) {
            collect_fields(inner, fields);
        }
    }
}

fn collect_seen(message: &'static Message, value: &Value, seen: &mut HashSet<FieldId>) {
    for field in message.fields {
        let Some(member) = value.get(field.name) else { continue };
        seen.insert((message, field.name));
        if let Kind::Nested(inner) = field.kind {
            elements(member).for_each(|element| collect_seen(inner, element, seen));
        }
    }
}
