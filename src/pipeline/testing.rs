//! What unit tests of components need around them: settings, a next component that does as told, and
//! small batches whose items can be told apart.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use parking_lot::Mutex;
use prost::Message;
use tokio::sync::watch;

use super::status::StatusBoard;
use super::{BoxFuture, Clock, ComponentId, Consumer, InFlightBytes, Refusal, Settings, Workers};
use crate::otlp::{Batch, Signal};
use crate::telemetry::Telemetry;

/// Settings of a component called `id` on the runtime of the test.
pub(crate) fn settings(id: &str, signal: Signal) -> Settings {
    Settings {
        id: ComponentId::parse(id).unwrap(),
        signal: Some(signal),
        pipeline: None,
        telemetry: Telemetry::default(),
        workers: Workers::of_current_runtime(),
        clock: Clock::default(),
        status: StatusBoard::default().reporter(id),
        in_flight: InFlightBytes::default(),
        control: tokio::runtime::Handle::current(),
    }
}

/// A batch of one request with one span for each name.
pub(crate) fn spans<T: AsRef<str>>(names: &[T]) -> Batch {
    let span = |name: &T| Span { name: name.as_ref().to_owned(), ..Span::default() };
    let scope_spans = vec![ScopeSpans { spans: names.iter().map(span).collect(), ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
    let body = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
    Batch::from_valid_part(Signal::Traces, Bytes::from(body), names.len())
}

/// The names of the spans of a batch, in order.
pub(crate) fn span_names(batch: &Batch) -> Vec<String> {
    let scope_groups = batch.resource_groups().flat_map(|group| group.scope_groups.iter());
    scope_groups.flat_map(|group| group.spans()).map(|span| span.name.to_string()).collect()
}

/// A next component that keeps what it takes, refuses what it is told to, and can be made to stall.
pub(crate) struct Sink {
    taken: Mutex<Vec<Batch>>,
    refusals: Mutex<VecDeque<Refusal>>,
    is_open: watch::Sender<bool>,
}

impl Sink {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            taken: Mutex::default(),
            refusals: Mutex::default(),
            is_open: watch::Sender::new(true),
        })
    }

    /// Refuses the next batch.
    pub(crate) fn refuse_next(&self, refusal: Refusal) {
        self.refusals.lock().push_back(refusal);
    }

    /// Answers nobody until it is let go on.
    pub(crate) fn stall(&self) {
        self.is_open.send_replace(false);
    }

    /// Answers again.
    pub(crate) fn go_on(&self) {
        self.is_open.send_replace(true);
    }

    /// What was taken, in order.
    pub(crate) fn taken(&self) -> Vec<Batch> {
        self.taken.lock().clone()
    }

    /// The span names of each batch taken.
    pub(crate) fn names(&self) -> Vec<Vec<String>> {
        self.taken.lock().iter().map(span_names).collect()
    }
}

impl Consumer for Sink {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async move {
            let mut is_open = self.is_open.subscribe();
            is_open.wait_for(|is_open| *is_open).await.unwrap();
            match self.refusals.lock().pop_front() {
                Some(refusal) => Err(refusal),
                None => {
                    self.taken.lock().push(batch);
                    Ok(())
                }
            }
        })
    }
}
