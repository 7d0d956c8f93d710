//! What a receiver counts of each signal over one transport.

use crate::otlp::Signal;
use crate::pipeline::Settings;
use crate::telemetry::{Counter, instruments};

/// Items accepted and refused, by signal.
#[derive(Debug, Clone)]
pub struct ReceiverCounters {
    accepted: [Counter; 3],
    refused: [Counter; 3],
}

impl ReceiverCounters {
    /// The counters of the receiver `settings` belong to, for one transport (`grpc`, `http`).
    pub fn new(settings: &Settings, transport: &str) -> Self {
        let id = settings.id.to_string();
        let attributes = [("receiver", id.as_str()), ("transport", transport)];
        let counter = |description| settings.telemetry.counter(description, &attributes);
        Self {
            accepted: Signal::ALL.map(|signal| counter(instruments::receiver_accepted(signal))),
            refused: Signal::ALL.map(|signal| counter(instruments::receiver_refused(signal))),
        }
    }

    /// The pipeline took `items`.
    pub fn accepted(&self, signal: Signal, items: usize) {
        of(&self.accepted, signal).add(items as u64);
    }

    /// The pipeline refused `items`.
    pub fn refused(&self, signal: Signal, items: usize) {
        of(&self.refused, signal).add(items as u64);
    }
}

const fn of(counters: &[Counter; 3], signal: Signal) -> &Counter {
    let [traces, metrics, logs] = counters;
    match signal {
        Signal::Traces => traces,
        Signal::Metrics => metrics,
        Signal::Logs => logs,
    }
}
