//! Any bytes as request bodies: what validation accepts prost accepts too, and everything that reads,
//! splits or rewrites it neither panics nor loses an item.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::{DecodeError, Message};
use weir::otlp::{
    AttributeList, AttributeVerdict, Batch, Context, Editor, KeyValueView, MessageKind, Signal, Verdict,
    item_count, rewrite, validate,
};

fuzz_target!(|body: &[u8]| {
    for signal in Signal::ALL {
        let decoded = decode_with_prost(signal, body);
        match (Batch::from_untrusted_part(signal, Bytes::copy_from_slice(body)), decoded) {
            (Ok(batch), Ok(())) => read_split_and_rewrite(batch),
            (Ok(batch), Err(error)) => {
                assert!(error.to_string().contains("UTF-8"), "only prost refuses this: {error}");
                read_split_and_rewrite(batch);
            }
            (Err(invalid), Ok(())) => {
                assert!(invalid.to_string().contains("(group)"), "only we refuse this: {invalid}");
            }
            (Err(invalid), Err(_)) => assert!(invalid.offset <= body.len()),
        }
    }
});

fn decode_with_prost(signal: Signal, body: &[u8]) -> Result<(), DecodeError> {
    match signal {
        Signal::Traces => ExportTraceServiceRequest::decode(body).map(drop),
        Signal::Metrics => ExportMetricsServiceRequest::decode(body).map(drop),
        Signal::Logs => ExportLogsServiceRequest::decode(body).map(drop),
    }
}

fn read_split_and_rewrite(batch: Batch) {
    let (signal, items) = (batch.signal(), batch.items());
    let part = &batch.parts()[0];
    assert_eq!(validate(signal, part), Ok(items));
    assert_eq!(item_count(signal, part), items);
    assert_eq!(read_everything(&batch), items);

    let untouched = rewrite(signal, part, &mut DeleteAttributes { key: None });
    assert_eq!(untouched.part.as_ptr(), part.as_ptr());
    let edited = batch.clone().rewrite(&mut DeleteAttributes { key: Some("a") });
    assert_eq!(edited.items(), items);
    for part in edited.parts() {
        validate(signal, part).expect("an edit leaves the body valid");
    }

    for by_bytes in [false, true] {
        let mut rest = batch.clone();
        let mut found = 0;
        while !rest.is_empty() {
            let front = if by_bytes { rest.split_front_bytes(100) } else { rest.split_off_front(2) };
            assert_eq!(read_everything(&front), front.items());
            found += front.items();
        }
        assert_eq!(found, items);
    }
}

/// Shows every view, which reads all there is; returns the number of items met.
fn read_everything(batch: &Batch) -> usize {
    let mut items = 0;
    for resource_group in batch.resource_groups() {
        let _ = format!("{:?}", resource_group.resource);
        for scope_group in resource_group.scope_groups {
            let _ = format!("{:?}", scope_group.scope);
            match batch.signal() {
                Signal::Traces => items += scope_group.spans().map(|span| format!("{span:?}")).count(),
                Signal::Logs => items += scope_group.log_records().map(|log| format!("{log:?}")).count(),
                Signal::Metrics => {
                    for metric in scope_group.metrics() {
                        let _ = format!("{metric:?}");
                        items += metric.data.data_point_count();
                    }
                }
            }
        }
    }
    items
}

/// Enters every message and deletes the attributes with this key.
struct DeleteAttributes {
    key: Option<&'static str>,
}

impl Editor for DeleteAttributes {
    fn message(&mut self, _: MessageKind, _: &[u8], _: &Context<'_>) -> Verdict {
        Verdict::Enter
    }

    fn attribute(
        &mut self,
        _: MessageKind,
        attribute: KeyValueView<'_>,
        _: &mut AttributeList<'_, '_>,
    ) -> AttributeVerdict {
        match self.key {
            Some(key) if attribute.key == key => AttributeVerdict::Delete,
            _ => AttributeVerdict::Keep,
        }
    }
}
