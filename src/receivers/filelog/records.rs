//! Lines as log records, written straight to OTLP's wire format: a line is copied once, from the buffer
//! it was read into to the body of its record.

use bytes::Bytes;

use crate::log_operators::{ValueMap, put_value};
use crate::otlp::wire::{WireType, put_key, put_length_delimited, put_message, put_varint, varint_length};
use crate::otlp::{Batch, Signal};
use crate::pipeline::InFlightBytes;

/// `ExportLogsServiceRequest.resource_logs` and `ResourceLogs.scope_logs`, `ScopeLogs.log_records`.
const RESOURCE_LOGS: u32 = 1;
const SCOPE_LOGS: u32 = 2;
const LOG_RECORDS: u32 = 2;
/// Fields of `ResourceLogs` and `ScopeLogs`.
const RESOURCE: u32 = 1;
const SCOPE: u32 = 1;
/// Fields of `LogRecord`.
const BODY: u32 = 5;
const ATTRIBUTES: u32 = 6;
const OBSERVED_TIME_UNIX_NANO: u32 = 11;
/// Fields of `AnyValue`.
const STRING_VALUE: u32 = 1;
const INT_VALUE: u32 = 3;
const BYTES_VALUE: u32 = 7;

/// A key with a fixed64 behind it.
const OBSERVED_TIME_LENGTH: usize = 1 + 8;

/// What a body is on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// Text; the bytes are UTF-8.
    Text,
    /// Bytes as they are.
    Bytes,
}

/// Gathers records of one resource and one scope into one request body.
#[derive(Debug)]
pub struct RecordWriter {
    /// Room for what stands before the records, then the records.
    out: Vec<u8>,
    items: usize,
    /// An encoded `Resource`, which may be empty.
    resource: Vec<u8>,
    /// As long as the last body was.
    expected_length: usize,
}

/// The most bytes that keys and lengths of the three messages around the records take, and the scope.
const FRAME_LENGTH: usize = 64;

impl RecordWriter {
    /// A writer of records of `resource`, an encoded `Resource`.
    pub fn new(resource: Vec<u8>) -> Self {
        Self { out: Vec::new(), items: 0, resource, expected_length: 0 }
    }

    /// Appends a record. `attributes` are `attributes` fields of a `LogRecord` with their keys.
    pub fn put(&mut self, kind: BodyKind, body: &[u8], attributes: &[u8], observed_unix_nano: u64) {
        if self.out.is_empty() {
            let headroom = self.headroom();
            self.out.reserve(headroom + self.expected_length);
            self.out.resize(headroom, 0);
        }
        let value_length = 1 + varint_length(body.len() as u64) + body.len();
        let body_length = 1 + varint_length(value_length as u64) + value_length;
        let out = &mut self.out;
        put_key(out, LOG_RECORDS, WireType::LengthDelimited);
        put_varint(out, (OBSERVED_TIME_LENGTH + body_length + attributes.len()) as u64);
        put_key(out, BODY, WireType::LengthDelimited);
        put_varint(out, value_length as u64);
        let value_field = match kind {
            BodyKind::Text => STRING_VALUE,
            BodyKind::Bytes => BYTES_VALUE,
        };
        put_length_delimited(out, value_field, body);
        out.extend_from_slice(attributes);
        put_key(out, OBSERVED_TIME_UNIX_NANO, WireType::Fixed64);
        out.extend_from_slice(&observed_unix_nano.to_le_bytes());
        self.items += 1;
    }

    /// How many records there are.
    pub const fn items(&self) -> usize {
        self.items
    }

    /// How many bytes they take, about.
    pub const fn bytes(&self) -> usize {
        self.out.len()
    }

    /// What was gathered, counted in `in_flight`; none where there is nothing.
    pub fn take(&mut self, in_flight: &InFlightBytes) -> Option<Batch> {
        if self.items == 0 {
            return None;
        }
        let mut body = std::mem::take(&mut self.out);
        let items = std::mem::take(&mut self.items);
        let headroom = self.headroom();
        self.expected_length = body.len() - headroom;
        let frame = self.frame(self.expected_length);
        let start = headroom - frame.len();
        if let Some(room) = body.get_mut(start..headroom) {
            room.copy_from_slice(&frame);
        }
        if body.capacity() / 2 > body.len() {
            body.shrink_to_fit();
        }
        let body = in_flight.track(Bytes::from(body).slice(start..));
        Some(Batch::from_valid_part(Signal::Logs, body, items))
    }

    fn headroom(&self) -> usize {
        FRAME_LENGTH + self.resource.len()
    }

    /// Keys and lengths of the messages around `records_length` bytes of records.
    fn frame(&self, records_length: usize) -> Vec<u8> {
        let mut scope = Vec::new();
        put_length_delimited(&mut scope, SCOPE, &[]);
        let scope_logs_length = scope.len() + records_length;
        let mut inner = Vec::new();
        put_length_delimited(&mut inner, RESOURCE, &self.resource);
        put_key(&mut inner, SCOPE_LOGS, WireType::LengthDelimited);
        put_varint(&mut inner, scope_logs_length as u64);
        let mut frame = Vec::new();
        put_key(&mut frame, RESOURCE_LOGS, WireType::LengthDelimited);
        put_varint(&mut frame, (inner.len() + scope_logs_length) as u64);
        frame.extend_from_slice(&inner);
        frame.extend_from_slice(&scope);
        frame
    }
}

/// Appends an attribute of a log record whose value is text.
pub fn put_text_attribute(out: &mut Vec<u8>, key: &str, value: &str) {
    put_attribute(out, ATTRIBUTES, key, |out| put_length_delimited(out, STRING_VALUE, value.as_bytes()));
}

/// Appends an attribute of a log record whose value is a number.
pub fn put_number_attribute(out: &mut Vec<u8>, key: &str, value: u64) {
    put_attribute(out, ATTRIBUTES, key, |out| {
        put_key(out, INT_VALUE, WireType::Varint);
        put_varint(out, value);
    });
}

/// A `Resource` with these attributes.
pub fn encode_resource(attributes: &ValueMap) -> Vec<u8> {
    const RESOURCE_ATTRIBUTES: u32 = 1;
    let mut resource = Vec::new();
    for (key, value) in attributes.iter() {
        put_attribute(&mut resource, RESOURCE_ATTRIBUTES, key, |out| put_value(out, value));
    }
    resource
}

/// Appends an attribute: a `KeyValue` as field `field`.
fn put_attribute(out: &mut Vec<u8>, field: u32, key: &str, write_value: impl FnOnce(&mut Vec<u8>)) {
    const KEY: u32 = 1;
    const VALUE: u32 = 2;
    put_message(out, field, |out| {
        put_length_delimited(out, KEY, key.as_bytes());
        put_message(out, VALUE, write_value);
    });
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
    use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
    use opentelemetry_proto::tonic::resource::v1::Resource;
    use prost::Message;

    use super::*;

    fn key_value(key: &str, value: Value) -> KeyValue {
        KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
    }

    #[test]
    fn a_batch_is_what_an_encoder_would_write() {
        let resource = Resource {
            attributes: vec![key_value("service.name", Value::StringValue("shop".to_owned()))],
            ..Resource::default()
        };
        let mut writer =
            RecordWriter::new(encode_resource(&[("service.name", "shop")].into_iter().collect()));
        let mut attributes = Vec::new();
        put_text_attribute(&mut attributes, "log.file.name", "a.log");
        put_number_attribute(&mut attributes, "log.file.record_number", 300);
        let long = "x".repeat(20_000);
        for _ in 0..2 {
            writer.put(BodyKind::Text, long.as_bytes(), &attributes, 7);
            writer.put(BodyKind::Bytes, &[0xff, 0], &[], 8);
            assert_eq!(writer.items(), 2);
            let batch = writer.take(&InFlightBytes::default()).unwrap();
            let request = ExportLogsServiceRequest::decode(batch.parts()[0].clone()).unwrap();
            let record = |body, attributes, observed_time_unix_nano| LogRecord {
                body: Some(AnyValue { value: Some(body) }),
                attributes,
                observed_time_unix_nano,
                ..LogRecord::default()
            };
            let log_records = vec![
                record(
                    Value::StringValue(long.clone()),
                    vec![
                        key_value("log.file.name", Value::StringValue("a.log".to_owned())),
                        key_value("log.file.record_number", Value::IntValue(300)),
                    ],
                    7,
                ),
                record(Value::BytesValue(vec![0xff, 0]), vec![], 8),
            ];
            let scope_logs = vec![ScopeLogs {
                scope: Some(InstrumentationScope::default()),
                log_records,
                ..ScopeLogs::default()
            }];
            let resource_logs = vec![ResourceLogs {
                resource: Some(resource.clone()),
                scope_logs,
                ..ResourceLogs::default()
            }];
            assert_eq!(request, ExportLogsServiceRequest { resource_logs });
            assert_eq!((batch.items(), writer.items()), (2, 0));
        }
        assert!(writer.take(&InFlightBytes::default()).is_none());
    }
}
