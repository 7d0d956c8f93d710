//! Every field of every message once, in both directions. The Collector 1.70 reads the three documents,
//! refusing unknown fields, and writes them back byte for byte.

use super::*;

const TRACES: &str = include_str!("traces.json");
const METRICS: &str = include_str!("metrics.json");
const LOGS: &str = include_str!("logs.json");

#[test]
fn every_field_is_decoded() {
    let (traces, spans) = decode_traces(TRACES);
    let (metrics, data_points) = decode_metrics(METRICS);
    let (logs, log_records) = decode_logs(LOGS);

    // NaN differs from itself, so that it is compared by its name.
    assert_eq!(format!("{traces:?}"), format!("{:?}", messages::traces()));
    assert_eq!(metrics, messages::metrics());
    assert_eq!(logs, messages::logs());
    assert_eq!((spans, data_points, log_records), (1, 6, 2));
}

#[test]
fn every_field_is_encoded_as_the_collector_does() {
    assert_eq!(encode(Signal::Traces, &messages::traces()), on_one_line(TRACES));
    assert_eq!(encode(Signal::Metrics, &messages::metrics()), on_one_line(METRICS));
    assert_eq!(encode(Signal::Logs, &messages::logs()), on_one_line(LOGS));
}

#[test]
fn the_encoded_protobuf_is_as_small_as_prosts() {
    let batch = decode_json(Signal::Metrics, METRICS.as_bytes()).unwrap();
    assert_eq!(batch.bytes(), messages::metrics().encoded_len());
}

#[test]
fn the_parts_of_a_batch_make_one_document() {
    let mut batch = decode_json(Signal::Logs, LOGS.as_bytes()).unwrap();
    batch.merge(Batch::empty(Signal::Logs));
    batch.merge(decode_json(Signal::Logs, br#"{"resourceLogs":[{}]}"#).unwrap());

    let document = String::from_utf8(encode_json(&batch)).unwrap();

    let expected =
        on_one_line(LOGS).replace("https://resource\"}]}", "https://resource\"},{\"resource\":{}}]}");
    assert_eq!(document, expected);
}

#[test]
fn a_batch_without_items_is_an_empty_document() {
    for signal in Signal::ALL {
        assert_eq!(encode_json(&Batch::empty(signal)), b"{}");
        assert!(decode_json(signal, b"{}").unwrap().parts().is_empty());
    }
}

#[test]
fn strings_that_are_not_utf8_are_repaired() {
    // resource_logs { scope_logs { log_records { severity_text: "caf\xe9" } } }
    let body = b"\x0a\x0a\x12\x08\x12\x06\x1a\x04caf\xe9";
    let batch = Batch::from_valid_part(Signal::Logs, Bytes::from_static(body), 1);
    let expected = "{\"resourceLogs\":[{\"resource\":{},\"scopeLogs\":[{\"scope\":{},\
                    \"logRecords\":[{\"severityText\":\"caf\u{fffd}\",\"body\":{}}]}]}]}";
    assert_eq!(String::from_utf8(encode_json(&batch)).unwrap(), expected);
}

#[test]
fn an_id_of_another_length_is_written_as_it_is() {
    let mut request = messages::traces();
    request.resource_spans[0].scope_spans[0].spans[0].trace_id.truncate(3);
    let document = encode(Signal::Traces, &request);
    assert_eq!(document, on_one_line(TRACES).replace("5b8efff798038103d269b633813fc60c", "5b8eff"));
}

#[test]
fn numbers_are_read_from_packed_and_unpacked_lists() {
    use crate::otlp::wire::{WireType, put_key, put_length_delimited, put_varint};
    let mut buckets = Vec::new();
    put_key(&mut buckets, 2, WireType::Varint);
    put_varint(&mut buckets, 300);
    put_length_delimited(&mut buckets, 2, &[1, 2]);
    put_length_delimited(&mut buckets, 2, &[]);
    // data point, list, metric, scope, resource, request: each the only field of the next
    let body = [8, 1, 10, 2, 2, 1].into_iter().fold(buckets, |message, number| {
        let mut outer = Vec::new();
        put_length_delimited(&mut outer, number, &message);
        outer
    });

    let document = encode_json(&Batch::from_valid_part(Signal::Metrics, body.into(), 1));

    let document = String::from_utf8(document).unwrap();
    assert!(document.contains(r#""positive":{"bucketCounts":["300","1","2"]},"negative":{}"#), "{document}");
}

#[test]
fn a_packed_list_without_numbers_is_left_out() {
    // metrics, scope, metric, histogram, data point, bucket_counts of length 0
    let body = b"\x0a\x0a\x12\x08\x12\x06\x4a\x04\x0a\x02\x32\x00";
    let document = encode_json(&Batch::from_valid_part(Signal::Metrics, Bytes::from_static(body), 1));
    let document = String::from_utf8(document).unwrap();
    assert!(document.contains(r#""histogram":{"dataPoints":[{}]}"#), "{document}");
}

#[test]
fn of_two_members_of_a_oneof_the_last_one_is_written() {
    use crate::otlp::wire::put_length_delimited;
    // asDouble 1, asInt 2
    let data_point = [&[0x21][..], &1.0_f64.to_le_bytes(), &[0x31], &2_i64.to_le_bytes()].concat();
    let body = [1, 5, 2, 2, 1].into_iter().fold(data_point, |message, number| {
        let mut outer = Vec::new();
        put_length_delimited(&mut outer, number, &message);
        outer
    });

    let document = encode_json(&Batch::from_valid_part(Signal::Metrics, body.into(), 1));

    let document = String::from_utf8(document).unwrap();
    assert!(document.contains(r#""dataPoints":[{"asInt":"2"}]"#), "{document}");
}
