//! Attempts to send one batch until the back end has taken it or it makes no sense to go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::backoff::Backoff;
use super::{ExporterOptions, RetryConfig, Sender};
use crate::otlp::export_response::ExportResponse;
use crate::otlp::{Batch, Signal};
use crate::pipeline::{ComponentStatus, Refusal, RefusalClass, Settings, StatusReporter};
use crate::telemetry::drops::{DropReason, DropReporter};
use crate::telemetry::{Counter, GaugeGuard, component_span, instruments};

/// Sends batches with retries, a timeout for each attempt, and counts.
pub struct Attempts<S> {
    sender: S,
    timeout: Option<Duration>,
    retry: Option<RetryConfig>,
    sent: Counter,
    send_failed: Counter,
    enqueue_failed: Counter,
    in_flight: Arc<AtomicUsize>,
    status: StatusReporter,
    troubled: AtomicBool,
    stopping: CancellationToken,
    signal: Signal,
    drops: DropReporter,
    span: Span,
    _gauge: GaugeGuard,
}

/// One request that counts as in flight.
struct InFlight<'a>(&'a AtomicUsize);

impl<S: Sender> Attempts<S> {
    /// Attempts of the exporter `settings` belong to. After `stopping` nothing is waited for any more.
    pub fn new(
        settings: &Settings,
        options: &ExporterOptions,
        sender: S,
        drops: DropReporter,
        stopping: CancellationToken,
    ) -> Self {
        let id = settings.id.to_string();
        let signal = settings.signal.unwrap_or(Signal::Traces);
        let attributes = [("exporter", id.as_str())];
        let counter = |description| settings.telemetry.counter(description, &attributes);
        let in_flight = Arc::new(AtomicUsize::new(0));
        let read_in_flight = Arc::clone(&in_flight);
        let gauge = settings.telemetry.gauge(
            &instruments::EXPORTER_IN_FLIGHT_REQUESTS,
            &[("data_type", signal.name()), ("exporter", &id)],
            move || read_in_flight.load(Ordering::Relaxed) as f64,
        );
        Self {
            sender,
            timeout: options.timeout.limit(),
            retry: options.retry.clone().filter(|retry| retry.enabled),
            sent: counter(instruments::exporter_sent(signal)),
            send_failed: counter(instruments::exporter_send_failed(signal)),
            enqueue_failed: counter(instruments::exporter_enqueue_failed(signal)),
            in_flight,
            status: settings.status.clone(),
            troubled: AtomicBool::new(false),
            stopping,
            signal,
            drops,
            span: component_span(settings, "exporter"),
            _gauge: gauge,
        }
    }

    /// How one attempt is made.
    pub const fn sender(&self) -> &S {
        &self.sender
    }

    /// What names the exporter on its log lines.
    pub const fn span(&self) -> &Span {
        &self.span
    }

    /// True once nothing is waited for any more.
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// The sending queue did not take `items`.
    pub fn count_not_enqueued(&self, items: usize) {
        self.enqueue_failed.add(items as u64);
    }

    /// What to add to the message about dropped data.
    pub fn retry_hint(&self, refusal: &Refusal) -> &'static str {
        if self.retry.is_none() && !refusal.is_permanent() {
            return " Try enabling retry_on_failure config option to retry on retryable errors.";
        }
        ""
    }

    /// Sends `batch`, again and again where that makes sense. The error is final; it is counted.
    pub async fn send(&self, batch: Batch) -> Result<(), Refusal> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let _in_flight = InFlight(&self.in_flight);
        let started = Instant::now();
        let mut backoff = self.retry.as_ref().map(Backoff::new);
        let mut remaining = batch;
        loop {
            let stopping_before = self.stopping.is_cancelled();
            let refusal = match self.attempt(remaining.clone()).await {
                Ok(response) => {
                    let rejected = self.note_partial_success(&response, remaining.items());
                    self.sent.add((remaining.items() - rejected) as u64);
                    self.recovered();
                    return Ok(());
                }
                Err(refusal) => refusal,
            };
            self.status.report_error(ComponentStatus::RecoverableError, refusal.message.clone());
            self.troubled.store(true, Ordering::Relaxed);
            let refusal = self.keep_what_remains(&mut remaining, refusal);
            let wait = match self.wait_before_next(&refusal, backoff.as_mut(), started, stopping_before) {
                Ok(wait) => wait,
                Err(final_refusal) => {
                    self.send_failed.add(remaining.items() as u64);
                    return Err(final_refusal);
                }
            };
            tracing::info!(
                parent: &self.span,
                error = %refusal,
                interval = ?wait,
                "Exporting failed. Will retry the request after interval."
            );
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stopping.cancelled() => {}
            }
        }
    }

    async fn attempt(&self, batch: Batch) -> Result<ExportResponse, Refusal> {
        let Some(timeout) = self.timeout else {
            return self.sender.send(batch).await;
        };
        match tokio::time::timeout(timeout, self.sender.send(batch)).await {
            Ok(result) => result,
            Err(_) => {
                let message = "rpc error: code = DeadlineExceeded desc = context deadline exceeded";
                Err(Refusal::retryable(message).with_code(tonic::Code::DeadlineExceeded))
            }
        }
    }

    /// Items the back end refused for good are not sent again, as the specification says, but dropped. How
    /// many of `items` they are.
    fn note_partial_success(&self, response: &ExportResponse, items: usize) -> usize {
        if *response == ExportResponse::default() {
            return 0;
        }
        let rejected = usize::try_from(response.rejected).unwrap_or(0).min(items);
        let message = response.error_message.as_str();
        match self.signal {
            Signal::Traces => {
                tracing::warn!(parent: &self.span, message, dropped_spans = rejected, "Partial success response")
            }
            Signal::Metrics => {
                tracing::warn!(parent: &self.span, message, dropped_data_points = rejected, "Partial success response")
            }
            Signal::Logs => {
                tracing::warn!(parent: &self.span, message, dropped_log_records = rejected, "Partial success response")
            }
        }
        self.drops.dropped(rejected, DropReason::PartialSuccess, message);
        rejected
    }

    /// Counts what a partly refused batch delivered; only the rest is tried again.
    fn keep_what_remains(&self, remaining: &mut Batch, refusal: Refusal) -> Refusal {
        let Refusal { class: RefusalClass::Partial { remaining: rest }, message, code } = refusal else {
            return refusal;
        };
        self.sent.add(remaining.items().saturating_sub(rest.items()) as u64);
        *remaining = *rest;
        Refusal { class: RefusalClass::Retryable { after: None }, message, code }
    }

    /// The wait before the next attempt, or the final refusal.
    fn wait_before_next(
        &self,
        refusal: &Refusal,
        backoff: Option<&mut Backoff>,
        started: Instant,
        was_last_attempt: bool,
    ) -> Result<Duration, Refusal> {
        let finally =
            |prefix: &str| Refusal { message: format!("{prefix}{}", refusal.message), ..refusal.clone() };
        let Some(backoff) = backoff else {
            return Err(refusal.clone());
        };
        if refusal.is_permanent() {
            return Err(finally("not retryable error: "));
        }
        if was_last_attempt {
            return Err(finally("interrupted due to shutdown: "));
        }
        let wait = backoff.next(started.elapsed(), refusal.delay(), fastrand::f64());
        wait.ok_or_else(|| finally("no more retries left: "))
    }

    fn recovered(&self) {
        if self.troubled.swap(false, Ordering::Relaxed) {
            self.status.report(ComponentStatus::Ok);
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
