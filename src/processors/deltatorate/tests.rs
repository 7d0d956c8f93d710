//! Rates of cumulative sums where the next component does not take what is handed on.

use std::sync::Arc;

use super::{DeltaToRate, DeltaToRateConfig};
use crate::metric_streams::wire::{
    MessageList, MetricHeader, metrics_batch, put_metric, put_point, put_resource_group, put_scope_group,
};
use crate::metric_streams::{MetricKind, Point, PointValue, Temporality, WirePoint};
use crate::otlp::{Batch, NumberValue, Signal};
use crate::pipeline::factory::Consuming;
use crate::pipeline::testing::{Sink, settings};
use crate::pipeline::{Consumer, ProcessorType, Refusal};

const SECOND: u64 = 1_000_000_000;

/// A sum that was this much so many seconds after 1970.
fn counted(seconds: u64, sum: i64) -> Batch {
    let kind = MetricKind::Sum { temporality: Temporality::Cumulative, is_monotonic: true };
    let header = MetricHeader { name: b"requests", ..MetricHeader::of_kind(kind) };
    let point = Point {
        start_time_unix_nano: SECOND,
        time_unix_nano: seconds * SECOND,
        value: PointValue::Number(NumberValue::Int(sum)),
        exemplars: MessageList::default(),
    };
    let mut body = Vec::new();
    put_resource_group(&mut body, &[], &[], |out| {
        put_scope_group(out, &[], &[], |out| {
            put_metric(out, &header, |out| put_point(out, &MessageList::default(), &point));
        });
    });
    metrics_batch(body)
}

/// At which second which rate was measured.
fn rates(batches: &[Batch]) -> Vec<(u64, f64)> {
    let mut rates = Vec::new();
    let groups = batches.iter().flat_map(Batch::resource_groups);
    for metric in groups.flat_map(|group| group.scope_groups.iter()).flat_map(|group| group.metrics()) {
        WirePoint::for_each(&metric.data, |point| match point.value {
            Some(PointValue::Number(rate)) => rates.push((point.time_unix_nano / SECOND, rate.to_double())),
            other => panic!("{other:?}"),
        });
    }
    rates
}

async fn processor_after_first_point(sink: &Arc<Sink>) -> Consuming {
    let next: Arc<dyn Consumer> = sink.clone();
    let config = DeltaToRateConfig {
        metrics: vec!["requests".to_owned()],
        cumulative: true,
        ..DeltaToRateConfig::default()
    };
    let settings = settings("deltatorate", Signal::Metrics);
    let processor = DeltaToRate::create(Arc::new(config), settings, next).unwrap();
    processor.consume(counted(10, 100)).await.unwrap();
    processor
}

#[tokio::test]
async fn a_batch_that_comes_again_says_the_same() {
    let sink = Sink::new();
    let processor = processor_after_first_point(&sink).await;
    sink.refuse_next(Refusal::retryable("busy"));
    processor.consume(counted(20, 150)).await.unwrap_err();
    processor.consume(counted(20, 150)).await.unwrap();
    processor.consume(counted(30, 170)).await.unwrap();
    assert_eq!(rates(&sink.taken()), [(20, 5.0), (30, 2.0)]);
}

#[tokio::test]
async fn a_rate_is_never_that_of_another_time() {
    let sink = Sink::new();
    let processor = processor_after_first_point(&sink).await;
    let refused = processor.consume(counted(20, 150));
    let later = processor.consume(counted(30, 170));
    sink.refuse_next(Refusal::retryable("busy"));
    refused.await.unwrap_err();
    later.await.unwrap();
    processor.consume(counted(20, 150)).await.unwrap();
    processor.consume(counted(40, 180)).await.unwrap();
    assert_eq!(rates(&sink.taken()), [(30, 2.0), (40, 1.0)]);
}
