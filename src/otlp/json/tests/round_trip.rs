//! Any request comes back from JSON as it was, and what is read and written is JSON.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use proptest::prelude::*;

use super::*;
use crate::otlp::oracle::{any_body, prost_meaning};
use crate::otlp::validate;

const DOCUMENTS: [(Signal, &str); 3] = [
    (Signal::Traces, include_str!("traces.json")),
    (Signal::Metrics, include_str!("metrics.json")),
    (Signal::Logs, include_str!("logs.json")),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn requests_mean_the_same_after_json((signal, body) in any_body()) {
        let batch = Batch::from_untrusted_part(signal, Bytes::from(body.clone())).unwrap();
        let document = encode_json(&batch);

        let returned = decode_json(signal, &document);

        let text = String::from_utf8(document).unwrap();
        // Protobuf lets an id have any length, JSON does not.
        prop_assume!(!returned.as_ref().is_err_and(|invalid| invalid.problem().contains("hex digits")));
        let returned = returned.unwrap();
        let returned_body = returned.parts().concat();
        prop_assert_eq!(validate(signal, &returned_body), Ok(returned.items()));
        prop_assert_eq!(prost_meaning(signal, &returned_body), prost_meaning(signal, &body), "{}", text);
        prop_assert_eq!(String::from_utf8(encode_json(&returned)).unwrap(), text);
    }

    #[test]
    fn numbers_and_strings_come_back_exactly(
        text in any::<String>(),
        integer in any::<i64>(),
        double in any::<f64>(),
        bytes in prop::collection::vec(any::<u8>(), 0..9),
        (time, severity, flags) in any::<(u64, i32, u32)>(),
    ) {
        let values = [
            Value::StringValue(text.clone()),
            Value::IntValue(integer),
            Value::DoubleValue(if double.is_nan() { 0.0 } else { double }),
            Value::BytesValue(bytes),
        ];
        let values = values.map(|value| messages::attribute(&text, value)).to_vec();
        let body = AnyValue { value: Some(Value::KvlistValue(KeyValueList { values })) };
        let record = LogRecord {
            body: Some(body), time_unix_nano: time, severity_number: severity, flags, ..LogRecord::default()
        };
        let scope_logs = ScopeLogs { scope: Some(Default::default()), log_records: vec![record], schema_url: text };
        let resource = Some(Default::default());
        let resource_logs = ResourceLogs { resource, scope_logs: vec![scope_logs], ..ResourceLogs::default() };
        let request = ExportLogsServiceRequest { resource_logs: vec![resource_logs] };

        let document = encode(Signal::Logs, &request);

        prop_assert_eq!(decode_logs(&document), (request, 1), "{}", document);
    }

    /// What a fuzzer would do, from documents that reach everywhere.
    #[test]
    fn what_is_read_of_a_damaged_document_is_read_again(
        (signal, document) in prop::sample::select(&DOCUMENTS[..]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), "[\\[\\]{}:,\"\\\\ntu0-9eE.+ \\-]{0,3}"), 1..4),
    ) {
        let mut damaged = document.to_owned();
        for (place, text) in damage {
            let place = place.index(damaged.len());
            damaged.replace_range(place..=place, &text);
        }
        if let Ok(batch) = decode_json(signal, damaged.as_bytes()) {
            prop_assert_eq!(validate(signal, &batch.parts().concat()), Ok(batch.items()));
            let written = encode_json(&batch);
            let read = decode_json(signal, &written).unwrap();
            prop_assert_eq!(read.items(), batch.items());
            prop_assert_eq!(encode_json(&read), written);
        }
    }

    /// `serde_json` is the oracle of what is JSON: the same texts are taken under an unknown name.
    #[test]
    fn the_same_texts_are_json_as_for_serde_json(text in "[\\[\\]{}:,\"\\\\ntruefals0-9eE.+ \\-]{0,12}") {
        let document = format!("{{\"unknown\":{text}}}");
        let ours = decode_json(Signal::Logs, document.as_bytes()).is_ok();
        let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&document).is_ok();
        prop_assert_eq!(ours, theirs, "{}", document);
    }

    #[test]
    fn strings_are_written_so_that_serde_json_reads_them(text in any::<String>()) {
        let attributes = vec![KeyValue { key: text.clone(), ..KeyValue::default() }];
        let log_records = vec![LogRecord { attributes, ..LogRecord::default() }];
        let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
        let resource_logs = vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }];
        let document = encode(Signal::Logs, &ExportLogsServiceRequest { resource_logs });
        let value: serde_json::Value = serde_json::from_str(&document).unwrap();
        let key = value.pointer("/resourceLogs/0/scopeLogs/0/logRecords/0/attributes/0/key");
        prop_assert_eq!(key.and_then(|key| key.as_str()).unwrap_or_default(), text);
    }
}
