//! The store alone, called in this process: what taking telemetry in costs, and how long questions take.

use std::path::Path;
use std::sync::Arc;

use weir::otlp::Signal;
use weir::store::TelemetryStore;
use weir::store::engine::{EngineOptions, SqliteStore};

use crate::Outcome;
use crate::arguments::Arguments;
use crate::document::Table;
use crate::own_process::{cpu_seconds, reset_peak, status_megabytes};
use crate::questions::answers;
use crate::telemetry::Telemetry;

/// The table of what is taken in, and the one of questions.
///
/// # Errors
/// The store fails, or the shop has not been captured.
pub fn tables(arguments: &Arguments) -> Outcome<[Table; 2]> {
    let mut taken = Table::new(
        "store-taken",
        &[
            "signal",
            "telemetry",
            "items",
            "k items / CPU s",
            "B each on disk",
            "B each as OTLP",
            "resident MB",
        ],
    );
    let mut asked = Table::new("store-asked", &["question", "telemetry", "ms", "ms the first time", "rows"]);
    for signal in [Signal::Traces, Signal::Logs, Signal::Metrics] {
        for telemetry in &arguments.telemetry {
            measure(arguments, *telemetry, signal, &mut taken, &mut asked)?;
        }
    }
    Ok([taken, asked])
}

fn measure(
    arguments: &Arguments,
    telemetry: Telemetry,
    signal: Signal,
    taken: &mut Table,
    asked: &mut Table,
) -> Outcome<()> {
    let count = arguments.items(signal);
    if count == 0 {
        return Ok(());
    }
    let mut rates = Vec::new();
    let mut resident: f64 = 0.0;
    let mut answered = Vec::new();
    let mut each = [0.0; 2];
    for _ in 0..arguments.repetitions {
        let directory = tempfile::tempdir()?;
        reset_peak()?;
        let at_rest = status_megabytes("VmRSS:")?;
        let taken_in = take_in(telemetry, signal, count, directory.path())?;
        answered = answers(&taken_in.store, telemetry, signal, taken_in.end)?;
        drop(taken_in.store);
        resident = resident.max(status_megabytes("VmHWM:")? - at_rest);
        rates.push(taken_in.items as f64 / taken_in.cpu_seconds / 1e3);
        let on_disk = bytes_in(&directory.path().join(signal.name()))?;
        each = [on_disk as f64, taken_in.bytes as f64].map(|bytes| bytes / taken_in.items as f64);
    }
    rates.sort_by(f64::total_cmp);
    let of = |place: usize| rates.get(place).copied().unwrap_or_default();
    taken.push(vec![
        signal.name().to_owned(),
        telemetry.name().to_owned(),
        count.to_string(),
        format!("{:.0} ({:.0}–{:.0})", of(rates.len() / 2), of(0), of(rates.len() - 1)),
        format!("{:.1}", each[0]),
        format!("{:.0}", each[1]),
        format!("{resident:.0}"),
    ]);
    for answer in answered {
        asked.push(vec![
            answer.question.to_owned(),
            telemetry.name().to_owned(),
            format!("{:.2}", answer.best.as_secs_f64() * 1e3),
            format!("{:.2}", answer.first.as_secs_f64() * 1e3),
            answer.rows.to_string(),
        ]);
    }
    Ok(())
}

struct TakenIn {
    store: SqliteStore,
    items: usize,
    bytes: usize,
    cpu_seconds: f64,
    /// A time behind the newest item.
    end: u64,
}

/// Takes in at least `count` items, until they are in their files.
fn take_in(telemetry: Telemetry, signal: Signal, count: usize, directory: &Path) -> Outcome<TakenIn> {
    let making = cpu_seconds_to_make(telemetry, signal, count)?;
    let mut source = telemetry.source(signal, count)?;
    let end = source.end();
    let store = SqliteStore::open(&EngineOptions::new(directory.to_owned(), Arc::new(move || end)))?;
    let (mut items, mut bytes) = (0, 0);
    let before = cpu_seconds()?;
    while items < count {
        let batch = source.next_batch();
        items += batch.items();
        bytes += batch.bytes();
        store.append(&batch)?;
    }
    store.cut()?;
    let cpu_seconds = cpu_seconds()? - before - making;
    Ok(TakenIn { store, items, bytes, cpu_seconds, end })
}

/// What the telemetry itself costs. It is made twice, since the kernel's clocks of a thread are too coarse for each batch.
fn cpu_seconds_to_make(telemetry: Telemetry, signal: Signal, count: usize) -> Outcome<f64> {
    let mut source = telemetry.source(signal, count)?;
    let before = cpu_seconds()?;
    let mut items = 0;
    while items < count {
        items += std::hint::black_box(source.next_batch()).items();
    }
    Ok(cpu_seconds()? - before)
}

fn bytes_in(directory: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}
