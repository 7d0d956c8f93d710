//! The batch processor before a component that takes, refuses or stalls, with paused time.

mod delivery;
mod properties;
mod sharding;

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::{BatchConfig, BatchProcessor};
use crate::config::telemetry::MetricsLevel;
use crate::config::{Checking, ConfigValue, GoDuration};
use crate::otlp::Signal;
use crate::pipeline::factory::Consuming;
use crate::pipeline::testing::{Sink, settings, spans};
use crate::pipeline::{ProcessorType, Settings};
use crate::telemetry::{SeriesReading, SeriesValue, Telemetry};

fn config(size: u32, most: u32) -> BatchConfig {
    BatchConfig { send_batch_size: size, send_batch_max_size: most, ..BatchConfig::default() }
}

fn batch_processor(config: BatchConfig, sink: &Arc<Sink>) -> (Consuming, Settings) {
    let settings = settings("batch", Signal::Traces);
    (BatchProcessor::create(Arc::new(config), settings.clone(), Arc::clone(sink) as _).unwrap(), settings)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

/// The sum over the series of `name`, of values or of what a histogram counted.
fn number(telemetry: &Telemetry, name: &str) -> f64 {
    let readings = telemetry.read(MetricsLevel::Detailed);
    let reading = readings.iter().find(|reading| reading.description.name == name).unwrap();
    let value = |series: &SeriesReading| match &series.value {
        SeriesValue::Number(value) => *value,
        SeriesValue::Histogram(histogram) => histogram.sum,
    };
    reading.series.iter().map(value).sum()
}

/// How many items were dropped under each reason that occurred.
fn drops(telemetry: &Telemetry) -> Vec<(String, f64)> {
    let readings = telemetry.read(MetricsLevel::Detailed);
    let reading = readings.iter().find(|reading| reading.description.name == "weir_dropped_items").unwrap();
    let reason = |series: &SeriesReading| {
        let reason = series.attributes.iter().find(|(name, _)| name == "reason").unwrap().1.clone();
        match series.value {
            SeriesValue::Number(items) => (reason, items),
            SeriesValue::Histogram(_) => unreachable!(),
        }
    };
    reading.series.iter().map(reason).filter(|(_, items)| *items > 0.0).collect()
}

fn check_messages(config: &BatchConfig) -> Vec<(String, String)> {
    let mut checking = Checking::default();
    config.check(&mut checking);
    checking
        .into_errors()
        .into_iter()
        .map(|error| (error.field.unwrap_or_default().into_string(), error.message))
        .collect()
}

#[test]
fn checks_speak_as_the_collector_does() {
    assert_eq!(check_messages(&BatchConfig::default()), []);
    assert_eq!(check_messages(&config(0, 10)), []);
    let bad = BatchConfig {
        timeout: GoDuration::from_secs(-1),
        send_batch_max_size: 100,
        metadata_keys: vec!["tenant".into(), "Tenant".into()],
        ..BatchConfig::default()
    };
    assert_eq!(
        check_messages(&bad),
        [
            ("send_batch_max_size", "send_batch_max_size must be greater or equal to send_batch_size"),
            ("metadata_keys", "duplicate entry in metadata_keys: \"tenant\" (case-insensitive)"),
            ("timeout", "timeout must be greater or equal to 0"),
        ]
        .map(|(path, message)| (path.to_owned(), message.to_owned()))
    );
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_goes_at_once_and_in_order() {
    let sink = Sink::new();
    let (batch, settings) = batch_processor(config(3, 0), &sink);
    batch.consume(spans(&["a", "b"])).await.unwrap();
    assert!(sink.names().is_empty());
    batch.consume(spans(&["c", "d"])).await.unwrap();
    assert_eq!(sink.names(), [["a", "b", "c", "d"]]);
    assert_eq!(sink.taken()[0].parts().len(), 2, "merged without a copy");

    assert_eq!(number(&settings.telemetry, "otelcol_processor_batch_batch_size_trigger_send"), 1.0);
    assert_eq!(number(&settings.telemetry, "otelcol_processor_batch_timeout_trigger_send"), 0.0);
    assert_eq!(number(&settings.telemetry, "otelcol_processor_batch_batch_send_size"), 4.0);
    assert_eq!(number(&settings.telemetry, "otelcol_processor_batch_metadata_cardinality"), 1.0);
    let bytes = sink.taken()[0].bytes() as f64;
    assert_eq!(number(&settings.telemetry, "otelcol_processor_batch_batch_send_size_bytes"), bytes);
}

#[tokio::test(start_paused = true)]
async fn the_first_item_waits_no_longer_than_the_timeout() {
    let sink = Sink::new();
    let (batch, settings) = batch_processor(BatchConfig::default(), &sink);
    batch.consume(spans(&["a"])).await.unwrap();
    sleep(Duration::from_millis(150)).await;
    batch.consume(spans(&["b"])).await.unwrap();
    sleep(Duration::from_millis(49)).await;
    assert!(sink.names().is_empty());
    sleep(Duration::from_millis(2)).await;
    assert_eq!(sink.names(), [["a", "b"]]);
    assert_eq!(number(&settings.telemetry, "otelcol_processor_batch_timeout_trigger_send"), 1.0);
    assert_eq!(number(&settings.telemetry, "otelcol_processor_batch_batch_size_trigger_send"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_batch_sent_for_its_size_restarts_the_timeout() {
    let sink = Sink::new();
    let (batch, _) = batch_processor(config(2, 2), &sink);
    batch.consume(spans(&["a"])).await.unwrap();
    sleep(Duration::from_millis(150)).await;
    batch.consume(spans(&["b", "c"])).await.unwrap();
    assert_eq!(sink.names(), [["a", "b"]]);
    sleep(Duration::from_millis(199)).await;
    assert_eq!(sink.names().len(), 1);
    sleep(Duration::from_millis(2)).await;
    assert_eq!(sink.names()[1], ["c"]);
}

#[tokio::test(start_paused = true)]
async fn an_idle_processor_has_no_task() {
    let sink = Sink::new();
    let (batch, _) = batch_processor(BatchConfig::default(), &sink);
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    batch.consume(spans(&["a"])).await.unwrap();
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 1, "the timer");
    sleep(Duration::from_millis(201)).await;
    assert_eq!(sink.names(), [["a"]]);
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_timeout_or_size_every_request_goes_at_once() {
    for config in [
        BatchConfig { timeout: GoDuration::ZERO, ..BatchConfig::default() },
        BatchConfig { send_batch_size: 0, ..BatchConfig::default() },
    ] {
        let sink = Sink::new();
        let (batch, _) = batch_processor(config, &sink);
        batch.consume(spans(&["a", "b"])).await.unwrap();
        batch.consume(spans(&["c"])).await.unwrap();
        assert_eq!(sink.names(), [vec!["a", "b"], vec!["c"]]);
    }
}

#[tokio::test(start_paused = true)]
async fn no_batch_exceeds_the_maximum_and_the_rest_goes_on_filling() {
    let sink = Sink::new();
    let (batch, _) = batch_processor(config(2, 3), &sink);
    batch.consume(spans(&["a"])).await.unwrap();
    batch.consume(spans(&["b", "c", "d", "e", "f", "g"])).await.unwrap();
    assert_eq!(sink.names(), [["a", "b", "c"], ["d", "e", "f"]]);
    batch.consume(spans(&["h"])).await.unwrap();
    assert_eq!(sink.names()[2], ["g", "h"]);
}

#[tokio::test(start_paused = true)]
async fn without_timeout_requests_are_still_split() {
    let sink = Sink::new();
    let config = BatchConfig { timeout: GoDuration::ZERO, ..config(1, 2) };
    let (batch, _) = batch_processor(config, &sink);
    batch.consume(spans(&["a", "b", "c", "d", "e"])).await.unwrap();
    assert_eq!(sink.names(), [vec!["a", "b"], vec!["c", "d"], vec!["e"]]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_request_leaves_no_trace() {
    let sink = Sink::new();
    let (batch, _) =
        batch_processor(BatchConfig { timeout: GoDuration::ZERO, ..BatchConfig::default() }, &sink);
    batch.consume(crate::otlp::Batch::empty(Signal::Traces)).await.unwrap();
    batch.shutdown(soon()).await;
    assert!(sink.taken().is_empty());
}
