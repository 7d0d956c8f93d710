//! What happens where the next component does not take what is handed on.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, advance};

use super::{Interval, IntervalConfig};
use crate::metric_streams::wire::{
    MessageList, MetricHeader, metrics_batch, put_metric, put_point, put_resource_group, put_scope_group,
};
use crate::metric_streams::{MetricKind, Point, PointValue, Temporality, WirePoint};
use crate::otlp::{Batch, NumberValue, Signal};
use crate::pipeline::testing::{Sink, settings};
use crate::pipeline::{Consumer, Host, ProcessorType, Refusal, factory::Consuming};

const MONOTONIC_DELTA: MetricKind = MetricKind::Sum { temporality: Temporality::Delta, is_monotonic: true };
const UP_AND_DOWN: MetricKind = MetricKind::Sum { temporality: Temporality::Delta, is_monotonic: false };

/// A batch with one point of each of these metrics.
fn batch(metrics: &[(MetricKind, i64)]) -> Batch {
    let mut body = Vec::new();
    put_resource_group(&mut body, &[], &[], |out| {
        put_scope_group(out, &[], &[], |out| {
            for (kind, value) in metrics {
                let point = Point {
                    start_time_unix_nano: 10,
                    time_unix_nano: 20,
                    value: PointValue::Number(NumberValue::Int(*value)),
                    exemplars: MessageList::default(),
                };
                put_metric(out, &MetricHeader::of_kind(*kind), |out| {
                    put_point(out, &MessageList::default(), &point);
                });
            }
        });
    });
    metrics_batch(body)
}

fn values(batch: &Batch) -> Vec<f64> {
    let mut values = Vec::new();
    for group in batch.resource_groups().flat_map(|group| group.scope_groups.iter()) {
        for metric in group.metrics() {
            WirePoint::for_each(&metric.data, |point| match point.value {
                Some(PointValue::Number(number)) => values.push(number.to_double()),
                other => panic!("{other:?}"),
            });
        }
    }
    values
}

async fn started(sink: &Arc<Sink>) -> Consuming {
    let next: Arc<dyn Consumer> = sink.clone();
    let settings = settings("interval", Signal::Metrics);
    let interval = Interval::create(Arc::new(IntervalConfig::default()), settings, next).unwrap();
    interval.start(&Host::default()).await.unwrap();
    interval
}

/// Lets an interval pass and the timer's task run.
async fn pass_an_interval() {
    advance(Duration::from_secs(60)).await;
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_now_is_offered_again_before_what_came_since() {
    let sink = Sink::new();
    let interval = started(&sink).await;
    interval.consume(batch(&[(MONOTONIC_DELTA, 5)])).await.unwrap();
    sink.refuse_next(Refusal::retryable("busy"));
    pass_an_interval().await;
    assert_eq!(sink.taken().len(), 0);
    interval.consume(batch(&[(MONOTONIC_DELTA, 7)])).await.unwrap();
    pass_an_interval().await;
    assert_eq!(sink.taken().iter().map(values).collect::<Vec<_>>(), [[5.0], [7.0]]);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_offered_until_the_deadline_of_the_stop() {
    let sink = Sink::new();
    let interval = started(&sink).await;
    interval.consume(batch(&[(MONOTONIC_DELTA, 5)])).await.unwrap();
    sink.refuse_next(Refusal::retryable("busy"));
    sink.refuse_next(Refusal::retryable("busy"));
    interval.shutdown(Instant::now() + Duration::from_secs(5)).await;
    assert_eq!(sink.taken().iter().map(values).collect::<Vec<_>>(), [[5.0]]);
    assert!(interval.consume(batch(&[(MONOTONIC_DELTA, 1)])).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn of_a_refused_batch_nothing_is_held() {
    let sink = Sink::new();
    let interval = started(&sink).await;
    sink.refuse_next(Refusal::retryable("busy"));
    let both = batch(&[(MONOTONIC_DELTA, 5), (UP_AND_DOWN, -2)]);
    interval.consume(both.clone()).await.unwrap_err();
    interval.consume(both).await.unwrap();
    interval.shutdown(Instant::now() + Duration::from_secs(5)).await;
    assert_eq!(sink.taken().iter().map(values).collect::<Vec<_>>(), [[-2.0], [5.0]]);
}
