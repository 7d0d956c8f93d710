//! What was counted arrives once, whatever the next component refuses and in whatever order.

use std::sync::Arc;

use super::{CumulativeToDelta, batch_of, keep, kind, nothing, points_of, record};
use crate::metric_streams::wire::MessageList;
use crate::metric_streams::{Point, PointValue, Temporality};
use crate::otlp::{Batch, Signal};
use crate::pipeline::factory::Consuming;
use crate::pipeline::testing::{Sink, settings, spans};
use crate::pipeline::{Consumer, ProcessorType, Refusal, RefusalClass};

const STREAMS: [usize; 3] = [0, 2, 4];

/// The streams of each kind after so many times 1 was recorded since the time 5.
fn counted(time: u64, times: usize) -> Batch {
    batch_of(&STREAMS.map(|stream| {
        let value = ones(stream, times);
        let exemplars = MessageList::default();
        (stream, Point { start_time_unix_nano: 5, time_unix_nano: time, value, exemplars })
    }))
}

fn ones(stream: usize, times: usize) -> PointValue {
    let mut value = nothing(stream);
    record(&mut value, &vec![1; times]);
    value
}

/// Since when, until when and how much each delta says, alike for all kinds.
fn deltas(batches: &[Batch]) -> Vec<(u64, u64, usize)> {
    let metrics: Vec<Batch> =
        batches.iter().filter(|batch| batch.signal() == Signal::Metrics).cloned().collect();
    let points = points_of(&metrics, Temporality::Delta);
    let of = |stream| {
        let points = points.iter().filter(move |point| point.0 == stream);
        let times = |value| (0..100).find(|times| ones(stream, *times) == value).unwrap();
        points.map(|(_, start, time, value)| (*start, *time, times(value.clone()))).collect::<Vec<_>>()
    };
    let [sums, histograms, exponential_histograms] = STREAMS.map(of);
    assert_eq!(sums, histograms, "{:?}", kind(STREAMS[1]));
    assert_eq!(sums, exponential_histograms, "{:?}", kind(STREAMS[2]));
    sums
}

fn processor(sink: &Arc<Sink>) -> Consuming {
    let next: Arc<dyn Consumer> = sink.clone();
    let settings = settings("cumulativetodelta", Signal::Metrics);
    CumulativeToDelta::create(Arc::new(keep()), settings, next).unwrap()
}

fn busy() -> Refusal {
    Refusal::retryable("busy")
}

#[tokio::test]
async fn a_batch_that_comes_again_says_the_same() {
    let sink = Sink::new();
    let processor = processor(&sink);
    for (time, times) in [(10, 3), (20, 4), (30, 9)] {
        sink.refuse_next(busy());
        processor.consume(counted(time, times)).await.unwrap_err();
        processor.consume(counted(time, times)).await.unwrap();
    }
    assert_eq!(deltas(&sink.taken()), [(5, 10, 3), (10, 20, 1), (20, 30, 5)]);
}

#[tokio::test]
async fn what_never_comes_again_is_in_the_next_delta() {
    let sink = Sink::new();
    let processor = processor(&sink);
    processor.consume(counted(10, 3)).await.unwrap();
    sink.refuse_next(Refusal::permanent("too large"));
    processor.consume(counted(20, 4)).await.unwrap_err();
    processor.consume(counted(30, 9)).await.unwrap();
    assert_eq!(deltas(&sink.taken()), [(5, 10, 3), (10, 30, 6)]);
}

#[tokio::test]
async fn a_batch_that_was_overtaken_is_in_the_next_delta_and_not_in_its_own() {
    let sink = Sink::new();
    let processor = processor(&sink);
    processor.consume(counted(10, 3)).await.unwrap();
    let refused = processor.consume(counted(20, 4));
    let later = processor.consume(counted(30, 6));
    sink.refuse_next(busy());
    refused.await.unwrap_err();
    later.await.unwrap();
    processor.consume(counted(20, 4)).await.unwrap();
    assert_eq!(deltas(&sink.taken()), [(5, 10, 3), (20, 30, 2)], "the point at 20 is older than the last");
    processor.consume(counted(40, 13)).await.unwrap();
    assert_eq!(deltas(&sink.taken()), [(5, 10, 3), (20, 30, 2), (30, 40, 1 + 7)]);
    processor.consume(counted(50, 14)).await.unwrap();
    assert_eq!(deltas(&sink.taken())[3..], [(40, 50, 1)], "it is added once");
}

#[tokio::test]
async fn batches_on_their_way_at_once_may_all_be_refused() {
    for refused_first in [0, 1] {
        let sink = Sink::new();
        let processor = processor(&sink);
        processor.consume(counted(10, 3)).await.unwrap();
        let mut both = vec![processor.consume(counted(20, 4)), processor.consume(counted(30, 6))];
        sink.refuse_next(busy());
        sink.refuse_next(busy());
        both.remove(refused_first).await.unwrap_err();
        both.remove(0).await.unwrap_err();
        processor.consume(counted(20, 4)).await.unwrap();
        processor.consume(counted(30, 6)).await.unwrap();
        let sum: usize = deltas(&sink.taken()).iter().map(|(_, _, times)| times).sum();
        assert_eq!(sum, 6);
    }
}

#[tokio::test]
async fn what_is_owed_is_owed_still_where_its_carrier_is_refused() {
    let sink = Sink::new();
    let processor = processor(&sink);
    let refused = processor.consume(counted(10, 3));
    let later = processor.consume(counted(20, 4));
    sink.refuse_next(busy());
    refused.await.unwrap_err();
    later.await.unwrap();
    for time in [30, 40] {
        sink.refuse_next(busy());
        processor.consume(counted(time, 9)).await.unwrap_err();
    }
    processor.consume(counted(40, 9)).await.unwrap();
    assert_eq!(deltas(&sink.taken()), [(10, 20, 1), (20, 40, 3 + 5)]);
}

#[tokio::test]
async fn a_batch_whose_sender_went_away_comes_again() {
    let sink = Sink::new();
    let processor = processor(&sink);
    sink.stall();
    drop(processor.consume(counted(10, 3)));
    sink.go_on();
    processor.consume(counted(10, 3)).await.unwrap();
    assert_eq!(deltas(&sink.taken()), [(5, 10, 3)]);
}

#[tokio::test]
async fn without_times_a_batch_that_comes_again_says_the_same() {
    let sink = Sink::new();
    let processor = processor(&sink);
    processor.consume(counted(0, 3)).await.unwrap();
    sink.refuse_next(busy());
    processor.consume(counted(0, 4)).await.unwrap_err();
    processor.consume(counted(0, 4)).await.unwrap();
    assert_eq!(deltas(&sink.taken()), [(5, 0, 3), (0, 0, 1)]);
}

#[tokio::test(start_paused = true)]
async fn of_a_batch_taken_in_part_the_rest_is_offered_again() {
    let sink = Sink::new();
    let processor = processor(&sink);
    processor.consume(counted(10, 3)).await.unwrap();
    let rest = spans(&["the rest"]);
    let class = RefusalClass::Partial { remaining: Box::new(rest) };
    sink.refuse_next(Refusal { class, message: "full".to_owned(), code: None });
    processor.consume(counted(20, 4)).await.unwrap();
    assert_eq!(sink.names()[1..], [["the rest"]]);
    processor.consume(counted(30, 9)).await.unwrap();
    assert_eq!(deltas(&sink.taken()), [(5, 10, 3), (20, 30, 5)]);
}
