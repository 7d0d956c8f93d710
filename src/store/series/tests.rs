//! Points go in and come out as they were; files are put in order; questions see one state.

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, number_data_point,
};
use proptest::prelude::*;
use prost::Message;
use tempfile::TempDir;

use super::*;
use crate::otlp::Batch;
use crate::otlp::oracle::any_body;
use crate::store::tests::lines::sorted_lines;
use crate::store::{Aggregation, Filter, Limits, MetricQuery, TimeRange};

const SECOND: u64 = 1_000_000_000;
const NOW: u64 = 1_700_000_000 * SECOND;

fn open(directory: &TempDir) -> SeriesStore {
    let options = EngineOptions::new(directory.path().to_owned(), Arc::new(|| NOW));
    let budget = Arc::new(DiskBudget::new(directory.path().to_owned(), 0, None));
    SeriesStore::open(&options, budget).unwrap()
}

fn exported(store: &SeriesStore, range: TimeRange) -> Vec<Batch> {
    let mut batches = Vec::new();
    store
        .export(range, &mut |batch| {
            batches.push(batch);
            Ok(())
        })
        .unwrap();
    batches
}

/// A point for each of `hosts` at `second` of the test's time, its value that of `value`.
fn gauges(hosts: u64, second: u64, value: impl Fn(u64) -> f64) -> Batch {
    let attributes = |host: u64| {
        let value = Some(AnyValue { value: Some(Value::StringValue(format!("host-{host}"))) });
        vec![KeyValue { key: "host.name".to_owned(), value, ..KeyValue::default() }]
    };
    let point = |host| NumberDataPoint {
        attributes: attributes(host),
        time_unix_nano: NOW + second * SECOND,
        value: Some(number_data_point::Value::AsDouble(value(host))),
        ..NumberDataPoint::default()
    };
    let data = Data::Gauge(Gauge { data_points: (0..hosts).map(point).collect() });
    let metric = Metric { name: "load".to_owned(), data: Some(data), ..Metric::default() };
    let scope_metrics = vec![ScopeMetrics { metrics: vec![metric], ..ScopeMetrics::default() }];
    let group = ResourceMetrics { scope_metrics, ..ResourceMetrics::default() };
    let body = ExportMetricsServiceRequest { resource_metrics: vec![group] }.encode_to_vec();
    Batch::from_untrusted_part(Signal::Metrics, body.into()).unwrap()
}

fn query(from_second: u64, to_second: u64) -> MetricQuery {
    MetricQuery {
        name: "load".to_owned(),
        range: TimeRange {
            from_unix_nano: NOW + from_second * SECOND,
            to_unix_nano: NOW + to_second * SECOND,
        },
        step_nano: (to_second - from_second) * SECOND,
        filter: Filter::default(),
        group_by: Vec::new(),
        aggregation: Aggregation::Average,
    }
}

fn average(store: &SeriesStore, from_second: u64, to_second: u64) -> f64 {
    let answer = store.query_metric(&query(from_second, to_second), &Limits::NONE).unwrap();
    answer.value[0].points[0].value
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_goes_in_comes_out(bodies in prop::collection::vec(any_body(), 1..12), cuts in any::<u16>()) {
        let directory = tempfile::tempdir().unwrap();
        let mut store = open(&directory);
        let mut expected = Vec::new();
        for (at, (signal, body)) in bodies.into_iter().enumerate() {
            if signal != Signal::Metrics {
                continue;
            }
            let batch = Batch::from_untrusted_part(signal, body.into()).unwrap();
            store.signal.append(batch.clone()).unwrap();
            expected.push(batch);
            if cuts >> at & 1 == 1 {
                store.signal.cut().unwrap();
            }
        }
        let expected = sorted_lines(&expected);
        prop_assert_eq!(sorted_lines(&exported(&store, TimeRange::ALL)), &expected[..]);
        // After another start too.
        drop(store);
        store = open(&directory);
        prop_assert_eq!(sorted_lines(&exported(&store, TimeRange::ALL)), &expected[..]);
        store.signal.cut().unwrap();
        prop_assert_eq!(sorted_lines(&exported(&store, TimeRange::ALL)), expected);
    }
}

#[test]
fn many_small_pieces_become_few_and_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    let batches: Vec<Batch> =
        (0..80).map(|second| gauges(3, second, |host| (host * 100 + second) as f64)).collect();
    for batch in &batches {
        store.signal.append(batch.clone()).unwrap();
        store.signal.cut().unwrap();
    }
    let partitions = store.signal.view().partitions;
    let pieces: u32 = store
        .signal
        .read(&partitions[0], |connection| {
            Ok(connection.query_row("SELECT count(*) FROM piece", [], |row| row.get(0)).unwrap())
        })
        .unwrap()
        .unwrap();
    // 79 without the newest: one of 64, one of 8, seven of one cut each.
    assert_eq!((partitions.len(), pieces), (1, 10));
    assert_eq!(sorted_lines(&exported(&store, TimeRange::ALL)), sorted_lines(&batches));
    assert_eq!(average(&store, 0, 80), 139.5);
    assert_eq!(average(&store, 10, 11), 110.0);
    let part = TimeRange { from_unix_nano: NOW + 5 * SECOND, to_unix_nano: NOW + 7 * SECOND };
    assert_eq!(sorted_lines(&exported(&store, part)), sorted_lines(&batches[5..7]));
}

#[test]
fn a_block_that_is_damaged_is_told_and_not_lost_in_a_merge() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    for second in 0..4 {
        store.signal.append(gauges(3, second, |_| 1.0)).unwrap();
        store.signal.cut().unwrap();
    }
    let path = store.signal.view().partitions[0].path.clone();
    let connection = Connection::open(path).unwrap();
    connection.execute("UPDATE metric_block SET header = x'ff' WHERE id = 1", []).unwrap();
    let question = query(0, 10);
    let answer = store.query_metric(&question, &Limits::NONE);
    let answer = store.signal.telling_of_damage(question.range, answer).unwrap();
    // What the three others say.
    assert_eq!((answer.value.len(), answer.cut), (1, Some(crate::store::Cut::Damage)));
    for second in 4..40 {
        store.signal.append(gauges(3, second, |_| 1.0)).unwrap();
        store.signal.cut().unwrap();
    }
    let points: u32 = connection.query_row("SELECT sum(points) FROM piece", [], |row| row.get(0)).unwrap();
    assert_eq!(points, 120);
}

#[test]
fn regular_numbers_take_few_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    let mut walk: Vec<i64> = (0..200).map(|host| 5_000 + host).collect();
    for second in 0..400_u64 {
        for (host, value) in (0_u64..).zip(walk.iter_mut()) {
            *value += i64::try_from((second * 31 + host * 17 + second * host * 7) % 41).unwrap() - 20;
        }
        let value = |host| walk[usize::try_from(host).unwrap()] as f64 / 100.0;
        store.signal.append(gauges(200, second * 10, value)).unwrap();
    }
    store.signal.cut().unwrap();
    let connection = Connection::open(&store.signal.view().partitions[0].path).unwrap();
    let (points, bytes): (i64, i64) = connection
        .query_row("SELECT sum(points), sum(length(header) + length(data)) FROM metric_block", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(points, 80_000);
    assert!(bytes <= points * 3 / 2, "{bytes} bytes for {points} points");
}

#[test]
fn limits_cut_answers() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    for second in 0..2 {
        store.signal.append(gauges(1, second, |_| second as f64)).unwrap();
        store.signal.cut().unwrap();
    }
    let little = Limits { bytes: 1, ..Limits::NONE };
    let answer = store.query_metric(&query(0, 10), &little).unwrap();
    assert_eq!(answer.cut, Some(crate::store::Cut::Bytes));
    assert_eq!(answer.value[0].points[0].value, 1.0, "the newest first");
    let late = Limits { deadline: Some(std::time::Instant::now()), ..Limits::NONE };
    assert_eq!(store.query_metric(&query(0, 10), &late).unwrap().cut, Some(crate::store::Cut::Time));
}
