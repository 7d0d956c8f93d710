//! The exporter's own metrics, with the Collector's names.

use http::Uri;

use super::rejection::Rejected;
use super::response::Written;
use crate::pipeline::Settings;
use crate::telemetry::{Counter, GaugeGuard, instruments};

/// Counters of one exporter.
pub(super) struct OwnMetrics {
    sent_batches: Counter,
    translated_series: Counter,
    failed_translations: Counter,
    written_samples: Counter,
    written_histograms: Counter,
    written_exemplars: Counter,
    _consumers: GaugeGuard,
}

impl OwnMetrics {
    pub fn new(settings: &Settings, url: &Uri, parallelism: usize) -> Self {
        let (id, url) = (settings.id.to_string(), url.to_string());
        let attributes = [("endpoint", &*url), ("exporter", &*id)];
        let counter = |description| settings.telemetry.counter(description, &attributes);
        let consumers = &instruments::REMOTE_WRITE_CONSUMERS;
        Self {
            sent_batches: counter(&instruments::REMOTE_WRITE_SENT_BATCHES),
            translated_series: counter(&instruments::REMOTE_WRITE_TRANSLATED_TIME_SERIES),
            failed_translations: counter(&instruments::REMOTE_WRITE_FAILED_TRANSLATIONS),
            written_samples: counter(&instruments::REMOTE_WRITE_WRITTEN_SAMPLES),
            written_histograms: counter(&instruments::REMOTE_WRITE_WRITTEN_HISTOGRAMS),
            written_exemplars: counter(&instruments::REMOTE_WRITE_WRITTEN_EXEMPLARS),
            _consumers: settings.telemetry.gauge(consumers, &attributes, move || parallelism as f64),
        }
    }

    /// A batch became so many series.
    pub fn note_translation(&self, series: usize, rejected: &Rejected) {
        self.translated_series.add(series as u64);
        self.failed_translations.add(u64::from(rejected.points > 0));
    }

    /// A request was sent, with whatever success.
    pub fn note_sent(&self) {
        self.sent_batches.add(1);
    }

    /// The store said what it wrote.
    pub fn note_written(&self, written: Written) {
        self.written_samples.add(written.samples.unwrap_or_default() as u64);
        self.written_histograms.add(written.histograms.unwrap_or_default() as u64);
        self.written_exemplars.add(written.exemplars.unwrap_or_default() as u64);
    }
}
