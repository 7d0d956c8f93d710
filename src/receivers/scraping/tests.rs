//! When scrapers run, and what is counted of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::*;
use crate::config::telemetry::MetricsLevel;
use crate::metric_streams::wire::{MessageList, MetricHeader, put_metric, put_point};
use crate::metric_streams::wire::{put_resource_group, put_scope_group};
use crate::metric_streams::{MetricKind, Point, PointValue};
use crate::otlp::NumberValue;
use crate::pipeline::testing::{Sink, settings};
use crate::pipeline::{Clock, Refusal};
use crate::telemetry::SeriesValue;

/// Yields one point with the time of the scrape, and fails in every second turn.
#[derive(Default)]
struct TestScraper {
    turns: u64,
    begun: Arc<AtomicU64>,
    /// Blocks the scrape until it is dropped.
    until: Option<std::sync::mpsc::Receiver<()>>,
}

impl Scraper for TestScraper {
    fn name(&self) -> &'static str {
        "test"
    }

    fn scrape(&mut self, scrape: &mut Scrape) {
        self.turns += 1;
        self.begun.store(self.turns, Ordering::SeqCst);
        if let Some(until) = &self.until {
            until.recv().unwrap_err();
        }
        if self.turns.is_multiple_of(2) {
            return scrape.fail(3, "no luck");
        }
        let time_unix_nano = scrape.time_unix_nano;
        let value = PointValue::Number(NumberValue::Int(1));
        let point =
            Point { start_time_unix_nano: 0, time_unix_nano, value, exemplars: MessageList::default() };
        put_resource_group(&mut scrape.body, &[], &[], |out| {
            put_scope_group(out, &[], &[], |out| {
                let header = MetricHeader { name: b"m", ..MetricHeader::of_kind(MetricKind::Gauge) };
                put_metric(out, &header, |out| put_point(out, &MessageList::default(), &point));
            });
        });
    }
}

fn seconds(number: i64) -> GoDuration {
    GoDuration::from_secs(number)
}

fn started(schedule: ScrapeSchedule, scraper: TestScraper) -> (Arc<Sink>, Settings, TaskScope) {
    let mut settings = settings("test", Signal::Metrics);
    settings.clock = Clock::starting_at(0);
    let sink = Sink::new();
    let scope = TaskScope::new(settings.workers.clone());
    let consumer: Arc<dyn Consumer> = Arc::<Sink>::clone(&sink);
    ScrapeLoop::new(schedule, settings.clone(), consumer).spawn(vec![Box::new(scraper)], &scope);
    (sink, settings, scope)
}

/// The seconds of the points that arrived.
fn times(sink: &Sink) -> Vec<u64> {
    let taken = sink.taken();
    let groups = taken.iter().flat_map(Batch::resource_groups).flat_map(|group| group.scope_groups.iter());
    let metrics = groups.flat_map(|group| group.metrics());
    let points = metrics.flat_map(|metric| match metric.data {
        crate::otlp::MetricData::Gauge { data_points } => data_points.iter(),
        other => panic!("not a gauge: {other:?}"),
    });
    points.map(|point| point.time_unix_nano / 1_000_000_000).collect()
}

fn counted(settings: &Settings, name: &str) -> f64 {
    let readings = settings.telemetry.read(MetricsLevel::Basic);
    let reading = readings.iter().find(|reading| reading.description.name == name).unwrap();
    let [series] = &reading.series[..] else { panic!("not one series of {name}") };
    match series.value {
        SeriesValue::Number(value) => value,
        _ => panic!("{name} is not a number"),
    }
}

#[tokio::test(start_paused = true)]
async fn it_scrapes_after_the_delay_and_at_every_interval() {
    let schedule = ScrapeSchedule {
        initial_delay: seconds(2),
        collection_interval: seconds(10),
        ..ScrapeSchedule::default()
    };
    let (sink, settings, scope) = started(schedule, TestScraper::default());
    tokio::time::sleep(Duration::from_secs(35)).await;
    assert_eq!(
        scope.join(Instant::now() + Duration::from_secs(1)).await,
        crate::pipeline::tasks::Joined::All
    );
    // Turns at 2, 12, 22 and 32 seconds, of which the second and the fourth fail.
    assert_eq!(times(&sink), [2, 22]);
    assert_eq!(counted(&settings, "otelcol_scraper_scraped_metric_points"), 2.0);
    assert_eq!(counted(&settings, "otelcol_scraper_errored_metric_points"), 6.0);
    assert_eq!(counted(&settings, "otelcol_receiver_accepted_metric_points"), 2.0);
}

#[tokio::test(start_paused = true)]
async fn what_the_pipeline_refuses_is_counted_and_the_next_turn_goes_on() {
    let schedule = ScrapeSchedule { collection_interval: seconds(10), ..ScrapeSchedule::default() };
    let (sink, settings, _scope) = started(schedule, TestScraper::default());
    sink.refuse_next(Refusal::retryable("full"));
    tokio::time::sleep(Duration::from_secs(25)).await;
    assert_eq!(times(&sink), [21]);
    assert_eq!(counted(&settings, "otelcol_receiver_refused_metric_points"), 1.0);
}

#[tokio::test(start_paused = true)]
async fn points_that_come_after_the_timeout_are_left_out() {
    let schedule = ScrapeSchedule { timeout: seconds(1), ..ScrapeSchedule::default() };
    let (unblock, until) = std::sync::mpsc::channel();
    let begun = Arc::new(AtomicU64::new(0));
    let scraper = TestScraper { begun: Arc::clone(&begun), until: Some(until), turns: 0 };
    let (sink, settings, scope) = started(schedule, scraper);
    // Time stands still while a scrape blocks, so it is moved by hand.
    while begun.load(Ordering::SeqCst) == 0 {
        tokio::time::advance(Duration::from_millis(100)).await;
        tokio::task::yield_now().await;
    }
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::task::yield_now().await;
    drop(unblock);
    scope.join(Instant::now() + Duration::from_secs(5)).await;
    assert_eq!(times(&sink), Vec::<u64>::new());
    assert_eq!(counted(&settings, "otelcol_scraper_errored_metric_points"), 1.0);
}
