//! The loop of receivers that fetch metrics at an interval: when, how long, and what is counted of it.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::config::GoDuration;
use crate::config_section;
use crate::otlp::{Batch, Signal, item_count};
use crate::pipeline::{Consumer, Settings, TaskScope};
use crate::receivers::otlp::ReceiverCounters;
use crate::telemetry::{Counter, instruments};

config_section! {
    /// When metrics are fetched.
    pub struct ScrapeSchedule {
        /// How long from one scrape to the next.
        pub collection_interval: GoDuration = GoDuration::from_secs(60),
        /// How long after the start the first scrape is.
        pub initial_delay: GoDuration = GoDuration::from_secs(1),
        /// How long a scrape may take; what a longer one yields is not reported. 0 for no limit.
        pub timeout: GoDuration = GoDuration::ZERO,
    }
    check(section, checking) {
        if section.collection_interval.is_negative() || section.collection_interval.is_zero() {
            checking.error_at("collection_interval", "\"collection_interval\": requires positive value");
        }
        if section.timeout.is_negative() {
            checking.error_at("timeout", "\"timeout\": requires positive value");
        }
    }
}

/// Fetches metrics of one kind. It may block: it never runs on the asynchronous workers.
pub trait Scraper: Send + 'static {
    /// The name in configurations, logs and own metrics.
    fn name(&self) -> &'static str;

    /// Writes what there is into `scrape`, and what could not be had too.
    fn scrape(&mut self, scrape: &mut Scrape);
}

/// What one scraper yields in one turn.
#[derive(Debug, Default)]
pub struct Scrape {
    /// When the turn began, in nanoseconds since 1970.
    pub time_unix_nano: u64,
    /// Encoded `ResourceMetrics`, as [`put_resource_group`](crate::metric_streams::wire::put_resource_group)
    /// writes them.
    pub body: Vec<u8>,
    failures: Vec<String>,
    failed_metrics: usize,
}

impl Scrape {
    /// A scrape at a time, with nothing in it.
    pub const fn at(time_unix_nano: u64) -> Self {
        Self { time_unix_nano, body: Vec::new(), failures: Vec::new(), failed_metrics: 0 }
    }

    /// Notes that `metrics` metrics could not be had, and why.
    pub fn fail(&mut self, metrics: usize, problem: impl Into<String>) {
        self.failed_metrics += metrics;
        self.failures.push(problem.into());
    }

    /// Takes back everything noted by [`fail`](Self::fail).
    pub fn forget_failures(&mut self) {
        self.failures.clear();
        self.failed_metrics = 0;
    }

    /// What could not be had, in the order it was noted.
    pub fn failures(&self) -> &[String] {
        &self.failures
    }
}

/// Runs scrapers one after the other at every interval and hands what they yield to the pipelines as one
/// batch.
pub struct ScrapeLoop {
    schedule: ScrapeSchedule,
    settings: Settings,
    consumer: Arc<dyn Consumer>,
    received: ReceiverCounters,
}

/// What is counted of one scraper.
struct ScraperCounters {
    name: &'static str,
    scraped: Counter,
    errored: Counter,
}

/// How many failures of one scraper one line of the log spells out; a host has many processes.
const FAILURES_SHOWN: usize = 5;

impl ScrapeLoop {
    /// The loop of the receiver with these settings.
    pub fn new(schedule: ScrapeSchedule, settings: Settings, consumer: Arc<dyn Consumer>) -> Self {
        let received = ReceiverCounters::new(&settings, "");
        Self { schedule, settings, consumer, received }
    }

    /// Scrapes until the scope stops. An interval that passes while a scrape goes on is left out.
    ///
    /// To be called by `start`, in whose span the log lines are.
    pub fn spawn(self, scrapers: Vec<Box<dyn Scraper>>, scope: &TaskScope) {
        scope.spawn(self.run(scrapers, scope.stopping().clone()).in_current_span());
    }

    async fn run(self, mut scrapers: Vec<Box<dyn Scraper>>, stopping: CancellationToken) {
        let counters: Vec<_> = scrapers.iter().map(|scraper| self.counters_of(scraper.name())).collect();
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(self.schedule.initial_delay.to_std()) => {}
        }
        let mut turns = tokio::time::interval(self.schedule.collection_interval.to_std());
        turns.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                biased;
                () = stopping.cancelled() => return,
                _ = turns.tick() => {}
            }
            let Some((returned, scrapes)) = self.scrape(scrapers, &counters).await else {
                return tracing::error!("A scraper panicked; nothing is scraped any more");
            };
            scrapers = returned;
            self.deliver(&counters, scrapes).await;
        }
    }

    /// One turn of all scrapers, beside the workers: the scrapers for the next turn, and what they yield,
    /// nothing where they were too slow. None where one panicked.
    async fn scrape(
        &self,
        scrapers: Vec<Box<dyn Scraper>>,
        counters: &[ScraperCounters],
    ) -> Option<(Vec<Box<dyn Scraper>>, Vec<Scrape>)> {
        let time_unix_nano = self.settings.clock.now_unix_nano();
        let mut scraping = tokio::task::spawn_blocking(move || scrape_all(scrapers, time_unix_nano));
        let Some(limit) = self.schedule.timeout.limit() else { return scraping.await.ok() };
        if let Ok(scraped) = tokio::time::timeout(limit, &mut scraping).await {
            return scraped.ok();
        }
        tracing::error!(timeout = ?limit, "Scraping takes longer than the timeout; its points are left out");
        // A blocking read cannot be cut off, and the scrapers are needed for the next turn.
        let (scrapers, scrapes) = scraping.await.ok()?;
        for (counters, scrape) in counters.iter().zip(&scrapes) {
            counters.errored.add(item_count(Signal::Metrics, &scrape.body) as u64);
        }
        Some((scrapers, Vec::new()))
    }

    async fn deliver(&self, counters: &[ScraperCounters], scrapes: Vec<Scrape>) {
        let mut body = Vec::new();
        for (counters, scrape) in counters.iter().zip(scrapes) {
            counters.count(&scrape);
            body.extend_from_slice(&scrape.body);
        }
        let items = item_count(Signal::Metrics, &body);
        if items == 0 {
            return;
        }
        let body = self.settings.in_flight.track(Bytes::from(body));
        match self.consumer.consume(Batch::from_valid_part(Signal::Metrics, body, items)).await {
            Ok(()) => self.received.accepted(Signal::Metrics, items),
            Err(refusal) => {
                self.received.refused(Signal::Metrics, items);
                tracing::error!(error = %refusal, dropped_items = items, "The pipeline refused what was scraped");
            }
        }
    }

    fn counters_of(&self, name: &'static str) -> ScraperCounters {
        let receiver = self.settings.id.to_string();
        let counter = |instrument| {
            self.settings.telemetry.counter(instrument, &[("receiver", receiver.as_str()), ("scraper", name)])
        };
        ScraperCounters {
            name,
            scraped: counter(&instruments::SCRAPER_SCRAPED_METRIC_POINTS),
            errored: counter(&instruments::SCRAPER_ERRORED_METRIC_POINTS),
        }
    }
}

impl ScraperCounters {
    fn count(&self, scrape: &Scrape) {
        self.scraped.add(item_count(Signal::Metrics, &scrape.body) as u64);
        self.errored.add(scrape.failed_metrics as u64);
        let Some(shown) = scrape.failures.get(..scrape.failures.len().min(FAILURES_SHOWN)) else { return };
        if shown.is_empty() {
            return;
        }
        let more = match scrape.failures.len() - shown.len() {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let error = format!("{}{more}", shown.join("; "));
        tracing::error!(scraper = self.name, error, "Error scraping metrics");
    }
}

fn scrape_all(
    mut scrapers: Vec<Box<dyn Scraper>>,
    time_unix_nano: u64,
) -> (Vec<Box<dyn Scraper>>, Vec<Scrape>) {
    let scrape = |scraper: &mut Box<dyn Scraper>| {
        let mut scrape = Scrape::at(time_unix_nano);
        scraper.scrape(&mut scrape);
        scrape
    };
    let scrapes = scrapers.iter_mut().map(scrape).collect();
    (scrapers, scrapes)
}

#[cfg(test)]
mod tests;
