//! Scrapes one target at its interval, for as long as it is a target.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, MissedTickBehavior, sleep};
use tokio_util::sync::CancellationToken;

use super::client::ScrapeClient;
use super::job_settings::JobSettings;
use super::streams::Written;
use super::target::Target;
use super::target_scrape::{ScrapeOutcome, ScrapeTime, TargetScrape};
use crate::otlp::{Batch, Signal};
use crate::pipeline::{Consumer, Settings};
use crate::receivers::otlp::ReceiverCounters;

/// What the targets of a receiver have in common.
pub(super) struct ScrapeContext {
    pub(super) settings: Settings,
    pub(super) consumer: Arc<dyn Consumer>,
    pub(super) received: ReceiverCounters,
    pub(super) initial_offset: Duration,
    pub(super) scrapes_on_shutdown: bool,
}

/// The loop of one target.
pub(super) struct ScrapeLoop {
    context: Arc<ScrapeContext>,
    client: Arc<ScrapeClient>,
    target: Arc<Target>,
    /// Why nothing is scraped, where the job has more targets than it may.
    forced_failure: tokio::sync::watch::Receiver<Option<String>>,
    state: Option<TargetScrape>,
}

/// When a target is to be scraped no more.
#[derive(Debug, Clone)]
pub(super) struct StopSignals {
    /// It is none any more.
    pub(super) removed: CancellationToken,
    /// The receiver stops.
    pub(super) stopping: CancellationToken,
}

/// How far a scrape may be from its place in the interval and still be shown there.
const TOLERANCE: Duration = Duration::from_millis(2);

/// How far ahead of the time of day a sample may be.
const MOST_AHEAD: Duration = Duration::from_secs(600);

/// From how many bytes on an answer is read beside the workers.
const LONG_ANSWER: usize = 2 << 20;

impl ScrapeLoop {
    pub(super) fn new(
        context: Arc<ScrapeContext>,
        client: Arc<ScrapeClient>,
        job: Arc<JobSettings>,
        target: Arc<Target>,
        forced_failure: tokio::sync::watch::Receiver<Option<String>>,
    ) -> Self {
        let state = Some(TargetScrape::new(Arc::clone(&target), job));
        Self { context, client, target, forced_failure, state }
    }

    /// Scrapes until a signal. The series of a target that was removed are ended once another scrape of
    /// them would have come, had it been found again.
    pub(super) async fn run(mut self, signals: StopSignals) {
        let StopSignals { removed, stopping } = &signals;
        let now_unix_nano = self.context.settings.clock.now_unix_nano();
        let offset = self.context.initial_offset + self.target.time_to_first_scrape(now_unix_nano);
        tokio::select! {
            () = stopping.cancelled() => return self.scrape_while_stopping().await,
            () = removed.cancelled() => return,
            () = sleep(offset) => {}
        }
        let interval = self.target.interval;
        let mut turns = tokio::time::interval(interval);
        turns.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut aligned_unix_nano = self.context.settings.clock.now_unix_nano();
        loop {
            tokio::select! {
                biased;
                () = stopping.cancelled() => return self.scrape_while_stopping().await,
                () = removed.cancelled() => break,
                _ = turns.tick() => {}
            }
            let now_unix_nano = self.context.settings.clock.now_unix_nano();
            aligned_unix_nano = aligned(aligned_unix_nano, now_unix_nano, interval);
            self.scrape(aligned_unix_nano).await;
        }
        turns.tick().await;
        let ended_unix_nano = self.context.settings.clock.now_unix_nano();
        tokio::select! {
            () = stopping.cancelled() => return,
            () = sleep(interval + interval / 10) => {}
        }
        let ending = self.state.as_mut().map(|state| state.end(milliseconds(ended_unix_nano)));
        if let Some(written) = ending {
            self.deliver(written).await;
        }
    }

    async fn scrape_while_stopping(mut self) {
        if self.context.scrapes_on_shutdown {
            let now_unix_nano = self.context.settings.clock.now_unix_nano();
            self.scrape(now_unix_nano).await;
        }
    }

    async fn scrape(&mut self, time_unix_nano: u64) {
        let start = Instant::now();
        let forced_failure = self.forced_failure.borrow().clone();
        let answer = match forced_failure {
            Some(problem) => Err(super::client::ScrapeFailure::Other(problem)),
            None => self.client.fetch(&self.target.url, self.target.timeout).await,
        };
        let now_unix_nano = self.context.settings.clock.now_unix_nano();
        let time = ScrapeTime {
            time_ms: milliseconds(time_unix_nano),
            duration: start.elapsed(),
            latest_ms: milliseconds(now_unix_nano + MOST_AHEAD.as_nanos() as u64),
        };
        let Some(mut state) = self.state.take() else { return };
        let is_long = answer.as_ref().is_ok_and(|answer| answer.body.len() > LONG_ANSWER);
        let take = move || {
            let outcome = state.take(answer, time);
            (state, outcome)
        };
        let (state, outcome) = if is_long {
            match tokio::task::spawn_blocking(take).await {
                Ok(taken) => taken,
                Err(_) => return tracing::error!(target_url = %self.target.url, "Reading an answer panicked"),
            }
        } else {
            take()
        };
        self.state = Some(state);
        self.warn(&outcome);
        self.deliver(outcome.written).await;
    }

    fn warn(&self, outcome: &ScrapeOutcome) {
        let target_url = &self.target.url;
        if let Some(error) = &outcome.failure {
            tracing::warn!(error, %target_url, "Failed to scrape Prometheus endpoint");
        }
        let dropped_points = outcome.written.contradictory;
        if dropped_points > 0 {
            tracing::warn!(dropped_points, %target_url, "Histograms were left out: a bucket counts less than one below");
        }
    }

    async fn deliver(&self, written: Written) {
        if written.points == 0 {
            return;
        }
        let body = self.context.settings.in_flight.track(Bytes::from(written.body));
        let batch = Batch::from_valid_part(Signal::Metrics, body, written.points);
        match self.context.consumer.consume(batch).await {
            Ok(()) => self.context.received.accepted(Signal::Metrics, written.points),
            Err(refusal) => {
                self.context.received.refused(Signal::Metrics, written.points);
                tracing::error!(error = %refusal, dropped_items = written.points, "The pipeline refused what was scraped");
            }
        }
    }
}

/// The time a scrape is shown with: its place in the interval, where it is close to that.
fn aligned(previous_unix_nano: u64, now_unix_nano: u64, interval: Duration) -> u64 {
    let interval_nanoseconds = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX).max(1);
    let tolerance = u64::try_from(TOLERANCE.min(interval / 100).as_nanos()).unwrap_or(0);
    let turns = now_unix_nano.saturating_sub(previous_unix_nano) / interval_nanoseconds;
    let place = previous_unix_nano + turns * interval_nanoseconds;
    if now_unix_nano.saturating_sub(place) <= tolerance { place } else { now_unix_nano }
}

fn milliseconds(unix_nano: u64) -> i64 {
    i64::try_from(unix_nano / 1_000_000).unwrap_or(i64::MAX)
}
