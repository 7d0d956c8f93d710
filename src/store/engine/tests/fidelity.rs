//! Whatever OTLP goes in comes out again, up to order.

use bytes::Bytes;
use proptest::prelude::*;

use super::open;
use crate::otlp::oracle::{any_body, prost_meaning};
use crate::otlp::wire::{WireType, put_key, put_message, put_varint};
use crate::otlp::{Batch, Signal};
use crate::store::tests::lines::sorted_lines;
use crate::store::{TelemetryStore, TimeRange};

fn exported(store: &impl TelemetryStore, signal: Signal) -> Vec<Batch> {
    let mut batches = Vec::new();
    store
        .export(signal, TimeRange::ALL, &mut |batch| {
            batches.push(batch);
            Ok(())
        })
        .unwrap();
    batches
}

/// The same telemetry with nothing absent where absent and empty mean the same.
fn filled(batch: &Batch) -> Batch {
    let mut filled = Batch::empty(batch.signal());
    for part in batch.parts() {
        let (body, items) = prost_meaning(batch.signal(), part).unwrap();
        filled.merge(Batch::from_valid_part(batch.signal(), Bytes::from(body), items));
    }
    filled
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn what_goes_in_comes_out(
        bodies in prop::collection::vec(any_body(), 1..12),
        cut_after in any::<prop::sample::Index>(),
        is_reopened in any::<bool>(),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut store = open(directory.path());
        let cut_after = cut_after.index(bodies.len());
        let mut batches = Vec::new();
        for (place, (signal, body)) in bodies.into_iter().enumerate() {
            let batch = Batch::from_untrusted_part(signal, Bytes::from(body)).unwrap();
            store.append(&batch).unwrap();
            batches.push(batch);
            if place == cut_after {
                store.cut().unwrap();
            }
        }
        if is_reopened {
            drop(store);
            store = open(directory.path());
        }
        for signal in [Signal::Traces, Signal::Logs] {
            let of_signal = batches.iter().filter(|batch| batch.signal() == signal);
            let expected = sorted_lines(&of_signal.map(filled).collect::<Vec<_>>());
            let found = sorted_lines(&exported(&store, signal).iter().map(filled).collect::<Vec<_>>());
            prop_assert_eq!(found, expected);
        }
    }
}

#[test]
fn fields_that_are_not_known_yet_are_kept() {
    for signal in [Signal::Traces, Signal::Logs] {
        let unknown = |out: &mut Vec<u8>, number: u32| {
            put_key(out, 1_000 + number, WireType::Varint);
            put_varint(out, u64::from(number));
        };
        let mut body = Vec::new();
        put_message(&mut body, 1, |resource_group| {
            put_message(resource_group, 1, |resource| unknown(resource, 1));
            put_message(resource_group, 2, |scope_group| {
                put_message(scope_group, 2, |record| unknown(record, 2));
                unknown(scope_group, 3);
            });
            unknown(resource_group, 4);
        });
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path());
        store.append(&Batch::from_untrusted_part(signal, Bytes::from(body)).unwrap()).unwrap();
        store.cut().unwrap();
        let batches = exported(&store, signal);
        let resource_group = batches[0].resource_groups().next().unwrap();
        let scope_group = resource_group.scope_groups.iter().next().unwrap();
        let record = scope_group.records().iter().next().unwrap();
        let has = |bytes: &[u8], number: u32| {
            let mut expected = Vec::new();
            unknown(&mut expected, number);
            bytes.windows(expected.len()).any(|window| window == expected)
        };
        assert!(has(resource_group.resource.bytes, 1), "{signal}");
        assert!(has(record, 2), "{signal}");
        assert!(has(scope_group.bytes, 3), "{signal}");
        assert!(has(resource_group.bytes, 4), "{signal}");
    }
}
