//! The sending queue, retries and shutdown, with a back end that does as told and time that stands still.

mod persistent;

use std::time::Duration;

use tokio::time::advance;

use super::*;
use crate::otlp::Signal;
use crate::pipeline::RefusalClass;
use crate::pipeline::testing::{Sink, settings, span_names, spans};
use crate::telemetry::instruments;

/// A sender into a sink, and what the sink says of what it took.
struct SinkSender(Arc<Sink>, ExportResponse);

impl Sender for SinkSender {
    fn send(&self, batch: Batch) -> BoxFuture<'_, Result<ExportResponse, Refusal>> {
        Box::pin(async {
            self.0.consume(batch).await?;
            Ok(self.1.clone())
        })
    }
}

/// An exporter at work, and the back end behind it.
struct Fixture {
    settings: Settings,
    sink: Arc<Sink>,
    exporter: Consuming,
}

impl Fixture {
    async fn start(change: impl FnOnce(&mut ExporterOptions, &mut SendingQueueConfig)) -> Self {
        Self::answering(ExportResponse::default(), change).await
    }

    async fn answering(
        response: ExportResponse,
        change: impl FnOnce(&mut ExporterOptions, &mut SendingQueueConfig),
    ) -> Self {
        Self::beside(&Host::default(), response, change).await
    }

    async fn beside(
        host: &Host,
        response: ExportResponse,
        change: impl FnOnce(&mut ExporterOptions, &mut SendingQueueConfig),
    ) -> Self {
        let settings = settings("otlp_grpc", Signal::Traces);
        let sink = Sink::new();
        let mut options = ExporterOptions {
            timeout: GoDuration::ZERO,
            retry: Some(RetryConfig { randomization_factor: 0.0, ..RetryConfig::default() }),
            queue: Optional::off(SendingQueueConfig::default()),
        };
        let mut queue = SendingQueueConfig::default();
        change(&mut options, &mut queue);
        options.queue = Optional::on(queue);
        let exporter = build_exporter(&settings, options, SinkSender(Arc::clone(&sink), response)).unwrap();
        exporter.start(host).await.unwrap();
        Self { settings, sink, exporter }
    }

    fn count(&self, description: &'static crate::telemetry::InstrumentDescription) -> u64 {
        self.settings.telemetry.counter(description, &[("exporter", "otlp_grpc")]).value()
    }

    fn sent(&self) -> u64 {
        self.count(instruments::exporter_sent(Signal::Traces))
    }

    fn send_failed(&self) -> u64 {
        self.count(instruments::exporter_send_failed(Signal::Traces))
    }

    fn dropped(&self, reason: DropReason) -> u64 {
        let attributes = [
            ("component", "otlp_grpc"),
            ("kind", "exporter"),
            ("signal", "traces"),
            ("reason", reason.name()),
        ];
        self.settings.telemetry.counter(&instruments::DROPPED_ITEMS, &attributes).value()
    }

    /// How many requests a histogram of sizes counted, and their items together.
    fn sizes(&self, description: &'static crate::telemetry::InstrumentDescription) -> (u64, f64) {
        let attributes = [("data_type", "traces"), ("exporter", "otlp_grpc")];
        let reading = self.settings.telemetry.histogram(description, &attributes, &[]).read();
        (reading.counts.iter().sum(), reading.sum)
    }

    async fn shutdown(&self, seconds: u64) {
        self.exporter.shutdown(Instant::now() + Duration::from_secs(seconds)).await;
    }
}

/// Lets every task that can run do so.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again_and_counted_once() {
    let fixture = Fixture::start(|_, _| {}).await;
    fixture.sink.refuse_next(Refusal::retryable("busy"));
    fixture.sink.refuse_next(Refusal::retryable("busy"));
    fixture.exporter.consume(spans(&["a", "b"])).await.unwrap();
    settle().await;
    assert_eq!(fixture.sent(), 0);
    advance(Duration::from_millis(5_001)).await;
    settle().await;
    assert_eq!(fixture.sent(), 0, "the second wait is 7.5 s");
    advance(Duration::from_millis(7_501)).await;
    settle().await;
    assert_eq!(fixture.sink.names(), [["a", "b"]]);
    assert_eq!((fixture.sent(), fixture.send_failed()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn what_stays_wrong_is_dropped_under_its_reason() {
    let fixture = Fixture::start(|_, _| {}).await;
    fixture.sink.refuse_next(Refusal::permanent("bad data"));
    fixture.exporter.consume(spans(&["a", "b", "c"])).await.unwrap();
    settle().await;
    assert_eq!((fixture.sent(), fixture.send_failed(), fixture.dropped(DropReason::Permanent)), (0, 3, 3));
}

#[tokio::test(start_paused = true)]
async fn retries_end_with_the_total_time() {
    let fixture = Fixture::start(|options, _| {
        let retry = options.retry.as_mut().unwrap();
        retry.max_elapsed_time = GoDuration::from_secs(30);
    })
    .await;
    for _ in 0..20 {
        fixture.sink.refuse_next(Refusal::retryable("busy"));
    }
    fixture.exporter.consume(spans(&["a"])).await.unwrap();
    for _ in 0..31 {
        settle().await;
        advance(Duration::from_secs(1)).await;
    }
    settle().await;
    assert_eq!((fixture.send_failed(), fixture.dropped(DropReason::RetriesExhausted)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_partly_taken_batch_is_sent_on_only_in_part() {
    let fixture = Fixture::start(|_, _| {}).await;
    fixture.sink.refuse_next(Refusal {
        class: RefusalClass::Partial { remaining: Box::new(spans(&["b"])) },
        message: "half".to_owned(),
        code: None,
    });
    fixture.exporter.consume(spans(&["a", "b"])).await.unwrap();
    settle().await;
    advance(Duration::from_secs(6)).await;
    settle().await;
    assert_eq!(fixture.sink.names(), [["b"]]);
    assert_eq!(fixture.sent(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_and_counts_what_is_being_sent() {
    let fixture = Fixture::start(|_, queue| {
        queue.sizer = Some(Sizer::Items);
        queue.queue_size = 3;
    })
    .await;
    fixture.sink.stall();
    fixture.exporter.consume(spans(&["a", "b"])).await.unwrap();
    settle().await;
    let refusal = fixture.exporter.consume(spans(&["c", "d"])).await.unwrap_err();
    assert_eq!(refusal.message, "sending queue is full");
    assert!(!refusal.is_permanent());
    let too_large = fixture.exporter.consume(spans(&["c", "d", "e", "f"])).await.unwrap_err();
    assert_eq!((too_large.message.as_str(), too_large.is_permanent()), ("element size too large", true));
    assert_eq!(fixture.count(instruments::exporter_enqueue_failed(Signal::Traces)), 6);
    fixture.sink.go_on();
    settle().await;
    fixture.exporter.consume(spans(&["g", "h", "i"])).await.unwrap();
    settle().await;
    assert_eq!(fixture.sent(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_blocking_queue_lets_its_callers_wait_for_room() {
    let fixture = Fixture::start(|_, queue| {
        queue.queue_size = 1;
        queue.block_on_overflow = true;
    })
    .await;
    fixture.sink.stall();
    fixture.exporter.consume(spans(&["a"])).await.unwrap();
    let exporter = Arc::clone(&fixture.exporter);
    let waiting = tokio::spawn(async move { exporter.consume(spans(&["b"])).await });
    settle().await;
    assert!(!waiting.is_finished());
    fixture.sink.go_on();
    settle().await;
    waiting.await.unwrap().unwrap();
    settle().await;
    assert_eq!(fixture.sink.names(), [["a"], ["b"]]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_waits_for_the_result_gets_it() {
    let fixture = Fixture::start(|_, queue| queue.wait_for_result = true).await;
    fixture.sink.refuse_next(Refusal::permanent("bad data"));
    let refusal = fixture.exporter.consume(spans(&["a"])).await.unwrap_err();
    assert_eq!(refusal.message, "not retryable error: bad data");
    fixture.exporter.consume(spans(&["b"])).await.unwrap();
    assert_eq!(fixture.sink.names(), [["b"]]);
}

#[tokio::test(start_paused = true)]
async fn gathering_fills_requests_and_splits_them_and_flushes_in_time() {
    let fixture = Fixture::start(|_, queue| {
        let batch = QueueBatchConfig { min_size: 3, max_size: 4, ..QueueBatchConfig::default() };
        queue.batch = Optional::on(batch);
    })
    .await;
    fixture.exporter.consume(spans(&["a", "b"])).await.unwrap();
    settle().await;
    assert!(fixture.sink.taken().is_empty());
    fixture.exporter.consume(spans(&["c", "d", "e"])).await.unwrap();
    settle().await;
    assert_eq!(fixture.sink.names(), [vec!["a", "b", "c", "d"], vec!["e"]]);
    assert_eq!(fixture.sizes(&instruments::EXPORTER_ENQUEUE_SIZE), (2, 5.0));
    assert_eq!(fixture.sizes(&instruments::EXPORTER_QUEUE_BATCH_SEND_SIZE), (2, 5.0));
    fixture.exporter.consume(spans(&["f"])).await.unwrap();
    settle().await;
    assert_eq!(fixture.sink.taken().len(), 2);
    advance(Duration::from_millis(201)).await;
    settle().await;
    assert_eq!(span_names(&fixture.sink.taken()[2]), ["f"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_waits_and_delivers_what_is_queued() {
    let fixture = Fixture::start(|_, queue| queue.num_consumers = 1).await;
    fixture.sink.refuse_next(Refusal::retryable("busy"));
    fixture.exporter.consume(spans(&["a"])).await.unwrap();
    fixture.exporter.consume(spans(&["b"])).await.unwrap();
    settle().await;
    let started = Instant::now();
    fixture.shutdown(30).await;
    assert_eq!(fixture.sink.names(), [["a"], ["b"]]);
    assert_eq!(started.elapsed(), Duration::ZERO, "the wait of five seconds was cut short");
    assert_eq!((fixture.sent(), fixture.dropped(DropReason::Shutdown)), (2, 0));
    let late = fixture.exporter.consume(spans(&["c"])).await.unwrap_err();
    assert_eq!(late.message, "sending queue is stopped");
}

#[tokio::test(start_paused = true)]
async fn what_is_left_at_the_deadline_is_counted_as_dropped() {
    let fixture = Fixture::start(|_, queue| queue.num_consumers = 1).await;
    fixture.sink.stall();
    fixture.exporter.consume(spans(&["a", "b"])).await.unwrap();
    fixture.exporter.consume(spans(&["c"])).await.unwrap();
    settle().await;
    fixture.shutdown(3).await;
    assert_eq!(fixture.sent(), 0);
    assert_eq!(fixture.dropped(DropReason::Shutdown), 3);
}

#[tokio::test(start_paused = true)]
async fn what_a_back_end_takes_only_in_part_is_sent_and_dropped_by_its_count() {
    let response = ExportResponse { rejected: 2, error_message: "too old".to_owned() };
    let fixture = Fixture::answering(response, |_, _| {}).await;
    fixture.exporter.consume(spans(&["a", "b", "c"])).await.unwrap();
    settle().await;
    assert_eq!((fixture.sent(), fixture.dropped(DropReason::PartialSuccess)), (1, 2));
}
