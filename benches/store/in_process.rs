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
            measure(*telemetry, signal, arguments.items(signal), &mut taken, &mut asked)?;
        }
    }
    Ok([taken, asked])
}

fn measure(
    telemetry: Telemetry,
    signal: Signal,
    count: usize,
    taken: &mut Table,
    asked: &mut Table,
) -> Outcome<()> {
    if count == 0 {
        return Ok(());
    }
    let making = cpu_seconds_to_make(telemetry, signal, count)?;
    let directory = tempfile::tempdir()?;
    let mut source = telemetry.source(signal, count)?;
    let end = source.end();
    reset_peak()?;
    let at_rest = status_megabytes("VmRSS:")?;
    let store = SqliteStore::open(&EngineOptions::new(directory.path().to_owned(), Arc::new(move || end)))?;
    let (mut items, mut bytes) = (0, 0);
    let before = cpu_seconds()?;
    while items < count {
        let batch = source.next_batch();
        items += batch.items();
        bytes += batch.bytes();
        store.append(&batch)?;
    }
    store.cut()?;
    let cpu = cpu_seconds()? - before - making;
    let answers = answers(&store, telemetry, signal, end)?;
    drop(store);
    let on_disk = bytes_in(&directory.path().join(signal.name()))?;
    let resident = status_megabytes("VmHWM:")? - at_rest;
    taken.push(vec![
        signal.name().to_owned(),
        telemetry.name().to_owned(),
        items.to_string(),
        format!("{:.0}", items as f64 / cpu / 1e3),
        format!("{:.1}", on_disk as f64 / items as f64),
        format!("{:.0}", bytes as f64 / items as f64),
        format!("{resident:.0}"),
    ]);
    for answer in answers {
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
