//! The conversion of batches, counted.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::metric_streams::{DeltaTotals, NotTotalled};
use crate::otlp::Batch;
use crate::pipeline::Settings;
use crate::telemetry::{Counter, GaugeGuard, instruments};

/// Turns deltas into cumulative metrics.
pub(super) struct Conversion {
    pub totals: Arc<DeltaTotals>,
    converted: Counter,
    dropped: [Counter; ERRORS.len()],
    _gauges: [GaugeGuard; 3],
}

/// The values of the attribute `error`, which the Collector takes from the names of its types, in the order
/// of [`NotTotalled`].
const ERRORS: [&str; 3] = ["limit", "delta.ErrOlderStart", "delta.ErrOutOfOrder"];

impl Conversion {
    pub fn new(max_streams: usize, max_stale: Duration, settings: &Settings) -> Self {
        let id = settings.id.to_string();
        let (telemetry, attributes) = (&settings.telemetry, [("processor", &*id)]);
        let totals = Arc::new(DeltaTotals::new(max_streams, max_stale));
        let tracked = totals.stream_count();
        let datapoints = &instruments::DELTA_TO_CUMULATIVE_DATAPOINTS;
        Self {
            totals,
            converted: telemetry.counter(datapoints, &attributes),
            dropped: ERRORS
                .map(|error| telemetry.counter(datapoints, &[("processor", &*id), ("error", error)])),
            _gauges: [
                telemetry.gauge(&instruments::DELTA_TO_CUMULATIVE_STREAMS_TRACKED, &attributes, move || {
                    tracked.load(Ordering::Relaxed) as f64
                }),
                telemetry.gauge(&instruments::DELTA_TO_CUMULATIVE_STREAMS_LIMIT, &attributes, move || {
                    max_streams as f64
                }),
                telemetry.gauge(
                    &instruments::DELTA_TO_CUMULATIVE_STREAMS_MAX_STALE,
                    &attributes,
                    move || max_stale.as_secs() as f64,
                ),
            ],
        }
    }

    /// The batch with its deltas added up.
    pub fn convert(&self, batch: Batch) -> Batch {
        let mut converted = 0;
        let batch = self.totals.convert(
            batch,
            |_| true,
            |totalled| match totalled {
                Ok(()) => converted += 1,
                Err(reason) => self.count_dropped(reason),
            },
        );
        self.converted.add(converted);
        batch
    }

    fn count_dropped(&self, reason: NotTotalled) {
        self.dropped.get(reason as usize).into_iter().for_each(|counter| counter.add(1));
    }
}
