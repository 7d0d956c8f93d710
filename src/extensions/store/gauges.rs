//! What the engine on disk says of itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::otlp::Signal;
use crate::pipeline::Settings;
use crate::store::engine::{SignalCounters, SqliteStore};
use crate::telemetry::instruments::{
    STORE_APPENDED_BYTES, STORE_APPENDED_ITEMS, STORE_COMMITS, STORE_CUTS, STORE_DAMAGED_FILES,
    STORE_FILE_BYTES, STORE_REFUSED_ITEMS, STORE_WAL_BYTES,
};
use crate::telemetry::{GaugeGuard, InstrumentDescription};

type Counted = fn(&SignalCounters) -> &AtomicU64;

static COUNTED: [(&InstrumentDescription, Counted); 6] = [
    (&STORE_APPENDED_ITEMS, |counters| &counters.items),
    (&STORE_APPENDED_BYTES, |counters| &counters.bytes),
    (&STORE_COMMITS, |counters| &counters.commits),
    (&STORE_CUTS, |counters| &counters.cuts),
    (&STORE_DAMAGED_FILES, |counters| &counters.damaged_files),
    (&STORE_WAL_BYTES, |counters| &counters.wal_bytes),
];

/// By the reason, as the attribute `reason` says it.
static REFUSED: [(&str, Counted); 2] = [
    ("disk_full", |counters| &counters.refused_for_space),
    ("failure", |counters| &counters.refused_by_failure),
];

/// The gauges of a store, read when somebody looks.
pub fn gauges_of(engine: &Arc<SqliteStore>, settings: &Settings) -> Vec<GaugeGuard> {
    let id = settings.id.to_string();
    let mut gauges = Vec::new();
    for signal in Signal::ALL {
        let attributes = [("data_type", signal.name()), ("store", id.as_str())];
        let mut add = |description,
                       attributes: &[(&str, &str)],
                       read: fn(&SqliteStore, Signal, Counted) -> u64,
                       counted: Counted| {
            let engine = Arc::downgrade(engine);
            let read = move || engine.upgrade().map_or(0.0, |engine| read(&engine, signal, counted) as f64);
            gauges.push(settings.telemetry.gauge(description, attributes, read));
        };
        for (description, counted) in COUNTED {
            add(description, &attributes, count, counted);
        }
        for (reason, counted) in REFUSED {
            let attributes = [attributes[0], ("reason", reason), attributes[1]];
            add(&STORE_REFUSED_ITEMS, &attributes, count, counted);
        }
        add(
            &STORE_FILE_BYTES,
            &attributes,
            |engine, signal, _| engine.file_bytes(signal),
            |counters| &counters.items,
        );
    }
    gauges
}

fn count(engine: &SqliteStore, signal: Signal, counted: Counted) -> u64 {
    counted(engine.counters(signal)).load(Ordering::Relaxed)
}
