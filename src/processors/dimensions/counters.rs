//! The processor's own counters.

use crate::pipeline::Settings;
use crate::telemetry::{Counter, instruments};

/// Data points by what became of them.
pub(super) struct PointCounters {
    /// Dropped by `drop_series`.
    pub drop_series: Counter,
    /// Dropped since it cannot be merged.
    pub unmergeable: Counter,
    /// Dropped since a newer one of its series came before.
    pub outdated: Counter,
    /// Merged with others.
    pub merged: Counter,
    /// Put into an overflow series.
    pub overflowed: Counter,
}

impl PointCounters {
    pub fn new(settings: &Settings) -> Self {
        let id = settings.id.to_string();
        let dropped = |reason| {
            let attributes = [("processor", id.as_str()), ("reason", reason)];
            settings.telemetry.counter(&instruments::DIMENSIONS_DROPPED_DATA_POINTS, &attributes)
        };
        let counter = |instrument| settings.telemetry.counter(instrument, &[("processor", &id)]);
        Self {
            drop_series: dropped("drop_series"),
            unmergeable: dropped("unmergeable"),
            outdated: dropped("outdated"),
            merged: counter(&instruments::DIMENSIONS_MERGED_DATA_POINTS),
            overflowed: counter(&instruments::DIMENSIONS_OVERFLOWED_DATA_POINTS),
        }
    }
}
