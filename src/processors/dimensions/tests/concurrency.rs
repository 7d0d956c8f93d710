//! Several workers bring points of one series at once: nothing is lost, nothing doubled.

use std::collections::BTreeSet;

use super::*;

const WORKERS: u64 = 4;
const POINTS: u64 = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_batches_keep_the_totals_and_no_time_is_used_twice() {
    for temporality in [DELTA, CUMULATIVE] {
        let sink = Sink::new();
        let (processor, _) = processor(DROP_POD, &sink);
        let mut workers = Vec::new();
        for worker in 0..WORKERS {
            let processor = Arc::clone(&processor);
            workers.push(tokio::spawn(async move {
                let pod = format!("pod-{worker}");
                for point in 1..=POINTS {
                    let (start, value) = match temporality {
                        DELTA => ((point - 1) * 10, 3),
                        _ => (0, point.cast_signed() * 3),
                    };
                    processor.consume(sums(temporality, &[(&pod, start, point * 10, value)])).await.unwrap();
                }
            }));
        }
        for worker in workers {
            worker.await.unwrap();
        }
        stop(&processor).await;

        let mut points = received_sums(&sink);
        points.sort_by_key(|(_, time, _)| *time);
        let times: BTreeSet<u64> = points.iter().map(|(_, time, _)| *time).collect();
        assert_eq!(times.len(), points.len(), "a time is used twice");
        let expected = (WORKERS * POINTS * 3).cast_signed();
        if temporality == DELTA {
            assert_eq!(points.iter().map(|(_, _, value)| value).sum::<i64>(), expected);
            for pair in points.windows(2) {
                assert!(pair[1].0 >= pair[0].1, "{pair:?} overlap");
            }
        } else {
            assert_eq!(points.last().unwrap().2, expected);
            assert!(points.is_sorted_by_key(|(_, _, value)| *value), "the total went down");
        }
    }
}
