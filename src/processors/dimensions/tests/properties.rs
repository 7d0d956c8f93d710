//! Whatever the split into batches, the order of the series and the refusals: totals are kept, no identity
//! has a time twice, and deltas do not overlap.

mod model;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use self::model::{Kept, Kind, Measured, Point, Seen, data_of, points_of};
use super::*;
use crate::pipeline::Clock;

/// How many inputs there are; those with an even number have one route, the others another.
const INPUTS: usize = 5;

/// The next point of an input, and what happens around it.
#[derive(Debug, Clone)]
struct Step {
    input: usize,
    measured: Measured,
    /// The input begins to count anew.
    is_reset: bool,
    /// The batch ends here.
    ends_batch: bool,
    /// That batch is refused once.
    is_refused: bool,
    /// Time passes after the batch, in milliseconds.
    pause: u64,
}

fn step() -> impl Strategy<Value = Step> {
    let chances = (prop::bool::weighted(0.1), prop::bool::weighted(0.3), prop::bool::weighted(0.1));
    let pause = prop_oneof![4 => Just(0), 1 => 0..30_000_u64];
    (0..INPUTS, Measured::any(), chances, pause).prop_map(
        |(input, measured, (is_reset, ends_batch, is_refused), pause)| Step {
            input,
            measured,
            is_reset,
            ends_batch,
            is_refused,
            pause,
        },
    )
}

/// What the inputs send, point after point, and what was measured for each route.
fn sent(kind: Kind, steps: &[Step]) -> (Vec<Point>, BTreeMap<String, Measured>) {
    let mut inputs: Vec<(u64, u64, Option<Measured>)> = vec![(1, 0, None); INPUTS];
    let mut expected = BTreeMap::new();
    let points = steps.iter().map(|step| {
        let (start, points, total) = &mut inputs[step.input];
        let last_time = *points * 10 + 1;
        *points += 1;
        let time = *points * 10 + 1;
        let route = (step.input % 2).to_string();
        step.measured.add_to(expected.entry(route.clone()).or_default());
        let (start, measured) = if kind.is_delta() {
            (last_time, step.measured.clone())
        } else {
            if step.is_reset {
                (*start, *total) = (last_time, None);
            }
            let total = total.get_or_insert_default();
            step.measured.add_to(total);
            (*start, total.clone())
        };
        Point { route, pod: step.input, start, time, measured }
    });
    (points.collect(), expected)
}

async fn run(kind: Kind, steps: &[Step], points: &[Point]) -> Vec<Seen> {
    let sink = Sink::new();
    let settings =
        Settings { clock: Clock::starting_at(1_000_000_000_000), ..settings("dimensions", Signal::Metrics) };
    let config = config("{metrics: [{name: m, drop: [pod]}], flush_interval: 5s, stale_after: 24h}");
    let next: Arc<dyn Consumer> = Arc::<Sink>::clone(&sink);
    let processor = Dimensions::create(Arc::new(config), settings, next).unwrap();
    processor.start(&Host::default()).await.unwrap();
    let mut gathered = Vec::new();
    for (step, point) in steps.iter().zip(points) {
        gathered.push(point.clone());
        if !step.ends_batch {
            continue;
        }
        if step.is_refused {
            sink.refuse_next(Refusal::retryable("later"));
        }
        send(&processor, batch(data_of(kind, &std::mem::take(&mut gathered)))).await;
        tokio::time::sleep(Duration::from_millis(step.pause)).await;
    }
    if !gathered.is_empty() {
        send(&processor, batch(data_of(kind, &gathered))).await;
    }
    stop(&processor).await;
    received(&sink).into_iter().flat_map(points_of).collect()
}

/// Sends a batch until it is taken, as clients do.
async fn send(processor: &Consuming, batch: Batch) {
    for _ in 0..100 {
        if processor.consume(batch.clone()).await.is_ok() {
            return;
        }
    }
    panic!("the batch is refused for ever");
}

fn check(kind: Kind, expected: &BTreeMap<String, Measured>, seen: &[Seen]) -> Result<(), TestCaseError> {
    let mut by_route: BTreeMap<String, Vec<&Seen>> = BTreeMap::new();
    for point in seen {
        by_route.entry(point.route.clone()).or_default().push(point);
    }
    prop_assert_eq!(by_route.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (route, points) in &mut by_route {
        points.sort_by_key(|point| point.time);
        for pair in points.windows(2) {
            prop_assert!(pair[0].time < pair[1].time, "one time twice: {pair:?}");
            prop_assert!(!kind.is_delta() || pair[1].start >= pair[0].time, "overlap: {pair:?}");
        }
        let mut total = Kept::default();
        let counted = if kind.is_delta() { &points[..] } else { &points[points.len() - 1..] };
        counted.iter().for_each(|point| total.add(&point.kept));
        prop_assert_eq!(total, expected[route].kept_by(kind), "route {}", route);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn what_was_measured_is_what_comes_out(
        kind in prop::sample::select(Kind::ALL.to_vec()),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        // What feeds a series alone goes on as it is, resets too. Two inputs a route from the beginning make
        // all of them merged ones.
        let first = |input| Step {
            input, measured: Measured::default(), is_reset: false, ends_batch: false, is_refused: false, pause: 0,
        };
        let steps: Vec<Step> = [first(0), first(1), first(2), first(3)].into_iter().chain(steps).collect();
        let (points, expected) = sent(kind, &steps);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let seen = runtime.unwrap().block_on(run(kind, &steps, &points));
        check(kind, &expected, &seen)?;
    }

    #[test]
    fn of_too_many_dimensions_no_two_equal_identities_are_left(
        series in prop::collection::vec(prop::collection::btree_map(0..6_u8, 0..2_u8, 0..6), 1..40),
        cuts in prop::collection::vec(any::<bool>(), 40),
        most in 1..4_u32,
    ) {
        let series: BTreeSet<_> = series.into_iter().collect();
        let point = |keys: &BTreeMap<u8, u8>| NumberDataPoint {
            attributes: keys.iter().map(|(key, value)| attribute(&key.to_string(), &value.to_string())).collect(),
            time_unix_nano: 10,
            value: Some(number_data_point::Value::AsInt(1)),
            ..NumberDataPoint::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let received = runtime.unwrap().block_on(async {
            let sink = Sink::new();
            let (processor, _) = processor(&format!("{{max_dimensions: {most}}}"), &sink);
            let mut gathered = Vec::new();
            for (keys, cut) in series.iter().zip(&cuts) {
                gathered.push(point(keys));
                if *cut {
                    let data_points = std::mem::take(&mut gathered);
                    let sum = Sum { data_points, aggregation_temporality: DELTA, is_monotonic: true };
                    processor.consume(batch(Data::Sum(sum))).await.unwrap();
                }
            }
            let sum = Sum { data_points: gathered, aggregation_temporality: DELTA, is_monotonic: true };
            processor.consume(batch(Data::Sum(sum))).await.unwrap();
            stop(&processor).await;
            received(&sink)
        });
        let mut identities = BTreeSet::new();
        let mut total = 0;
        for data in received {
            let Data::Sum(sum) = data else { panic!("not a sum") };
            for point in sum.data_points {
                prop_assert!(point.attributes.len() <= most as usize);
                let mut keys: Vec<String> =
                    point.attributes.iter().map(|attribute| format!("{attribute:?}")).collect();
                keys.sort();
                prop_assert!(identities.insert((keys, point.time_unix_nano)), "{point:?} comes twice");
                let Some(number_data_point::Value::AsInt(value)) = point.value else { panic!("no integer") };
                total += value;
            }
        }
        prop_assert_eq!(total, i64::try_from(series.len()).unwrap());
    }
}
