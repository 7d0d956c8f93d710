//! Both readers give the same canonical form, prost being the judge of the wire format.

use std::collections::HashSet;

use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use prost::Message as _;
use serde_json::json;

use super::*;
use crate::compare::Signal;
use crate::otlp_schema::EXPORT_LOGS;
use crate::recorder::message_of;
use crate::sample::sample;

#[test]
fn every_field_of_the_schema_is_in_the_sample() {
    let mut fields = HashSet::new();
    let mut seen = HashSet::new();
    for signal in Signal::ALL {
        collect_fields(message_of(signal), &mut fields);
        collect_seen(message_of(signal), &canonical_sample(signal), &mut seen);
    }
    let missing: Vec<_> = fields.difference(&seen).map(|&(_, name)| name).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn protobuf_that_prost_wrote_reads_as_the_json_it_was_made_from() {
    for signal in Signal::ALL {
        let expected = canonical_sample(signal);
        let encoded = encode(&expected, message_of(signal));
        // What prost does not know by the same number and type does not come out of it again.
        let through_prost = match signal {
            Signal::Traces => ExportTraceServiceRequest::decode(&encoded[..]).unwrap().encode_to_vec(),
            Signal::Metrics => ExportMetricsServiceRequest::decode(&encoded[..]).unwrap().encode_to_vec(),
            Signal::Logs => ExportLogsServiceRequest::decode(&encoded[..]).unwrap().encode_to_vec(),
        };
        assert_eq!(from_protobuf(&through_prost, message_of(signal)).unwrap(), expected);
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
    from_json(&sample(signal), message_of(signal), UnknownMembers::Refuse).unwrap()
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

/// Writes a canonical value in protobuf, every element of a list as a field of its own.
fn encode(value: &Value, message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in message.fields {
        let Some(member) = value.get(field.name) else { continue };
        for element in elements(member) {
            write_varint(u64::from(field.number) << 3 | wire_type_of(field.kind), &mut bytes);
            encode_element(element, field.kind, &mut bytes);
        }
    }
    bytes
}

fn elements(member: &Value) -> std::slice::Iter<'_, Value> {
    member.as_array().map_or(std::slice::from_ref(member), Vec::as_slice).iter()
}

fn encode_element(value: &Value, kind: Kind, bytes: &mut Vec<u8>) {
    let text = || value.as_str().unwrap();
    let mut write_bytes = |content: &[u8]| {
        write_varint(content.len() as u64, bytes);
        bytes.extend(content);
    };
    match kind {
        Kind::Text => write_bytes(text().as_bytes()),
        Kind::HexBytes | Kind::Base64Bytes => {
            let digits = text();
            let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
            write_bytes(&(0..digits.len()).step_by(2).map(byte).collect::<Vec<_>>());
        }
        Kind::Nested(message) => write_bytes(&encode(value, message)),
        Kind::Bool => write_varint(u64::from(value.as_bool().unwrap()), bytes),
        Kind::UnsignedVarint => write_varint(value.as_u64().unwrap(), bytes),
        Kind::SignedVarint | Kind::Enum => write_varint(value.as_i64().unwrap().cast_unsigned(), bytes),
        Kind::ZigzagVarint => {
            let integer = value.as_i64().unwrap();
            write_varint((integer << 1 ^ integer >> 63).cast_unsigned(), bytes);
        }
        Kind::Fixed32 => bytes.extend(u32::try_from(value.as_u64().unwrap()).unwrap().to_le_bytes()),
        Kind::Fixed64 => bytes.extend(value.as_u64().unwrap().to_le_bytes()),
        Kind::SignedFixed64 => bytes.extend(value.as_i64().unwrap().to_le_bytes()),
        Kind::Double => bytes.extend(text().parse::<f64>().unwrap().to_le_bytes()),
    }
}

fn write_varint(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
