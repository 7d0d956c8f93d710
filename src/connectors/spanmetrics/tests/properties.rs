//! Counts add up, however spans are cut into batches, whichever cores bring them, and whenever it is flushed.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What one span name must come to.
#[derive(Debug, Clone, Default, PartialEq)]
struct Totals {
    calls: i64,
    durations: u64,
    milliseconds: f64,
    buckets: Vec<u64>,
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
/// The bounds of the two buckets that the test looks at, in milliseconds.
const BOUNDS: [&str; 2] = ["10ms", "100ms"];

fn batches() -> impl Strategy<Value = Vec<Vec<(usize, u64)>>> {
    let span = (0..NAMES.len(), 0..200_u64);
    prop::collection::vec(prop::collection::vec(span, 0..20), 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn counts_add_up(batches in batches(), is_delta in any::<bool>(), flush_after in 0..20_usize) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_time().build().unwrap();
        let received = runtime.block_on(run(is_delta, &batches, flush_after));
        let mut expected = BTreeMap::<String, Totals>::new();
        for (name, milliseconds) in batches.into_iter().flatten() {
            let totals = expected.entry(NAMES[name].to_owned()).or_default();
            totals.buckets.resize(3, 0);
            totals.calls += 1;
            totals.durations += 1;
            totals.milliseconds += milliseconds as f64;
            totals.buckets[usize::from(milliseconds > 10) + usize::from(milliseconds > 100)] += 1;
        }
        prop_assert_eq!(received, expected);
    }
}

/// What comes out for each name: the sum of all deltas, or the last of all totals.
async fn run(is_delta: bool, batches: &[Vec<(usize, u64)>], flush_after: usize) -> BTreeMap<String, Totals> {
    let sink = Sink::new();
    let buckets = BOUNDS.map(|bound| GoDuration::parse(bound).unwrap()).to_vec();
    let config = SpanMetricsConfig {
        aggregation_temporality: if is_delta { DELTA.to_owned() } else { String::new() },
        histogram: HistogramConfig {
            explicit: crate::config::Optional::on(ExplicitConfig { buckets }),
            ..HistogramConfig::default()
        },
        ..config()
    };
    let connector = connector(config, &sink);
    let mut clients = Vec::new();
    for (place, batch) in batches.iter().enumerate() {
        let named: Vec<_> = batch.iter().map(|(name, milliseconds)| (NAMES[*name], *milliseconds)).collect();
        let (client, batch) = (Arc::clone(&connector), spans(&named));
        clients.push(tokio::spawn(async move { client.consume(batch).await.unwrap() }));
        if place == flush_after {
            connector.handing_on.flush().await;
        }
    }
    for client in clients {
        client.await.unwrap();
    }
    connector.shutdown(Instant::now() + seconds(60)).await;
    let mut totals = BTreeMap::new();
    sink.taken().iter().flat_map(metrics_of).for_each(|metric| add(&mut totals, metric, is_delta));
    totals
}

fn add(totals: &mut BTreeMap<String, Totals>, metric: Metric, is_delta: bool) {
    match metric.data {
        Some(Data::Sum(sum)) => {
            for point in sum.data_points {
                let Some(number_data_point::Value::AsInt(count)) = point.value else { panic!("no integer") };
                let totals = totals.entry(name_of(&point.attributes)).or_default();
                totals.calls = if is_delta { totals.calls + count } else { count };
            }
        }
        Some(Data::Histogram(histogram)) => {
            for point in histogram.data_points {
                let totals = totals.entry(name_of(&point.attributes)).or_default();
                if !is_delta {
                    *totals = Totals { calls: totals.calls, ..Totals::default() };
                }
                totals.durations += point.count;
                totals.milliseconds += point.sum.unwrap();
                totals.buckets.resize(3, 0);
                for (total, count) in totals.buckets.iter_mut().zip(point.bucket_counts) {
                    *total += count;
                }
            }
        }
        other => panic!("{other:?}"),
    }
}
