//! Validation of bodies built by hand: each refusal's exact sentence, and what is accepted.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use prost::Message;

use crate::otlp::{Batch, Signal, validate};

/// A length-delimited field with a number below 16 and a body below 128 bytes.
fn nested(number: u8, body: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, u8::try_from(body.len()).unwrap()], body].concat()
}

/// A trace request of one span with these bytes.
fn trace_request(span: &[u8]) -> Vec<u8> {
    nested(1, &nested(2, &nested(2, span)))
}

fn refusal(signal: Signal, body: &[u8]) -> String {
    validate(signal, body).unwrap_err().to_string()
}

#[test]
fn an_empty_body_is_a_request_without_items() {
    for signal in Signal::ALL {
        assert_eq!(validate(signal, &[]), Ok(0));
    }
}

#[test]
fn a_known_field_of_another_wire_type_is_named_with_its_place() {
    let body = trace_request(&[0x0a, 0x00, 0x28, 0x07]);
    assert_eq!(
        refusal(Signal::Traces, &body),
        "invalid traces request at byte 8: Span.name (field 5) has wire type 0 (varint), \
         expected length-delimited"
    );
}

#[test]
fn a_length_beyond_its_message_is_refused_though_the_body_goes_on() {
    let two_spans = [nested(2, &[0x2a, 0x03, b'a', b'b']), nested(2, b"")].concat();
    let body = nested(1, &nested(2, &two_spans));
    assert_eq!(
        refusal(Signal::Traces, &body),
        "invalid traces request at byte 7: Span.name (field 5) takes 3 bytes, only 2 are left in the message"
    );
}

#[test]
fn groups_unknown_wire_types_and_field_zero_are_refused() {
    assert_eq!(
        refusal(Signal::Logs, &[0x0b, 0x0c]),
        "invalid logs request at byte 0: ExportLogsServiceRequest has a field of wire type 3 (group), \
         which OTLP does not use"
    );
    assert_eq!(
        refusal(Signal::Logs, &[0x16]),
        "invalid logs request at byte 0: ExportLogsServiceRequest has a field of wire type 6, \
         which does not exist"
    );
    assert_eq!(
        refusal(Signal::Logs, &[0x00, 0x01]),
        "invalid logs request at byte 0: ExportLogsServiceRequest has a field with number 0, the lowest is 1"
    );
}

#[test]
fn a_cut_body_is_refused_at_the_value_that_is_cut() {
    let mut body = trace_request(b"\x2a\x03abc");
    body.pop();
    assert_eq!(
        refusal(Signal::Traces, &body),
        "invalid traces request at byte 1: ExportTraceServiceRequest.resource_spans (field 1) takes 9 bytes, \
         only 8 are left in the message"
    );
    assert_eq!(
        refusal(Signal::Traces, &[0x0a]),
        "invalid traces request at byte 1: ExportTraceServiceRequest.resource_spans (field 1) has a varint \
         that does not end within the message or 64 bits"
    );
    assert_eq!(
        refusal(Signal::Traces, &[0x80]),
        "invalid traces request at byte 0: ExportTraceServiceRequest has a field key that does not end \
         within the message or 10 bytes"
    );
}

#[test]
fn unknown_fields_are_stepped_over_when_their_encoding_is_legal() {
    let unknown = [&[0xa0, 0x06, 0x2a][..], &[0xa2, 0x06, 0x01, 0xff], &[0xa5, 0x06, 1, 2, 3, 4]].concat();
    assert_eq!(validate(Signal::Traces, &trace_request(&unknown)), Ok(1));
    assert_eq!(
        refusal(Signal::Traces, &trace_request(&[0xa1, 0x06, 1, 2, 3])),
        "invalid traces request at byte 8: Span's unknown field 100 takes 8 bytes, only 3 are left in the message"
    );
}

#[test]
fn attribute_values_nest_a_hundred_messages_deep_and_no_deeper() {
    // Request, resource group, scope group and span come before the first attribute.
    let nested_value = |arrays: usize| {
        let mut value = b"\x0a\x01x".to_vec();
        for _ in 0..arrays {
            for number in [1, 5] {
                let mut outer = vec![number << 3 | 2];
                crate::otlp::wire::put_varint(&mut outer, value.len() as u64);
                outer.extend_from_slice(&value);
                value = outer;
            }
        }
        let mut body = value;
        for number in [2, 9, 2, 2, 1] {
            let mut outer = Vec::new();
            crate::otlp::wire::put_length_delimited(&mut outer, number, &body);
            body = outer;
        }
        body
    };
    assert_eq!(validate(Signal::Traces, &nested_value(47)), Ok(1));
    let error = refusal(Signal::Traces, &nested_value(48));
    assert!(
        error.ends_with("ArrayValue.values (field 1) nests messages deeper than the limit of 100"),
        "{error}"
    );
}

#[test]
fn a_message_in_pieces_arrives_in_one() {
    let gauge_of_one = nested(5, &nested(1, &[0x40, 0x01]));
    let sum_of_one = nested(7, &nested(1, &[0x40, 0x02]));
    let delta_sum_of_one = nested(7, &[nested(1, &[0x40, 0x03]), vec![0x10, 0x01]].concat());
    let metric = [gauge_of_one, sum_of_one, nested(1, b"requests"), delta_sum_of_one].concat();
    let body = nested(1, &nested(2, &nested(2, &metric)));

    assert_eq!(validate(Signal::Metrics, &body), Ok(2));
    let batch = Batch::from_untrusted_part(Signal::Metrics, Bytes::from(body.clone())).unwrap();
    assert_eq!(batch.items(), 2);
    let unified = &batch.parts()[0];
    assert_ne!(unified[..], body[..]);
    let decoded = ExportMetricsServiceRequest::decode(&unified[..]).unwrap();
    assert_eq!(decoded, ExportMetricsServiceRequest::decode(&body[..]).unwrap());
    let Some(Data::Sum(sum)) = &decoded.resource_metrics[0].scope_metrics[0].metrics[0].data else {
        panic!("the sum came last")
    };
    assert_eq!(sum.data_points.len(), 2);
}

#[test]
fn a_body_in_order_is_kept_as_it_is() {
    let body = Bytes::from(trace_request(b"\x2a\x03abc"));
    let batch = Batch::from_untrusted_part(Signal::Traces, body.clone()).unwrap();
    assert_eq!(batch.parts()[0].as_ptr(), body.as_ptr());
    assert_eq!((batch.items(), batch.bytes()), (1, body.len()));
}
