//! Weir and another store, each as a process of its own, one after the other: sent the same requests over OTLP/HTTP on one
//! connection, one at a time, and asked the same questions through their APIs.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tokio::time::sleep;
use weir::otlp::{Batch, Signal};

use crate::Outcome;
use crate::arguments::Arguments;
use crate::contender::{Addresses, Contender};
use crate::document::Table;
use crate::http::Client;
use crate::process::{Process, free_address};
use crate::telemetry::Telemetry;

/// How long a store may take until it has dealt with all that it accepted.
const SETTLING: Duration = Duration::from_secs(120);

/// The table of both, by signal.
///
/// What cannot be measured has a row that says why: the shop has not been captured, a store is not installed, or it failed.
pub async fn table(arguments: &Arguments) -> Table {
    let mut table = Table::new("store-beside", &["signal", "items", "what", "Weir", "the other", "which is"]);
    for signal in [Signal::Traces, Signal::Logs, Signal::Metrics] {
        let other = Contender::beside_weir(signal);
        let count = arguments.items(signal).min(other.most_items());
        if count == 0 {
            continue;
        }
        let rows = match both(other, signal, count, &arguments.weir).await {
            Ok(rows) => rows,
            Err(error) => {
                table.push_failure(vec![signal.name().to_owned(), count.to_string()], &error.to_string());
                continue;
            }
        };
        for (ours, theirs) in rows {
            let (signal, count, which) =
                (signal.name().to_owned(), count.to_string(), other.name().to_owned());
            table.push(vec![signal, count, ours.what, ours.value, theirs.value, which]);
        }
    }
    table
}

async fn both(
    other: Contender,
    signal: Signal,
    count: usize,
    weir: &Path,
) -> Outcome<impl Iterator<Item = (Measured, Measured)>> {
    let ours = measure(Contender::Weir, signal, count, weir).await?;
    let theirs = measure(other, signal, count, weir).await?;
    Ok(ours.into_iter().zip(theirs))
}

struct Measured {
    what: String,
    value: String,
}

async fn measure(contender: Contender, signal: Signal, count: usize, weir: &Path) -> Outcome<Vec<Measured>> {
    let directory = tempfile::tempdir()?;
    let at = Addresses {
        otlp: free_address()?,
        api: free_address()?,
        others: [free_address()?, free_address()?, free_address()?, free_address()?, free_address()?],
    };
    let log = directory.path().join("log");
    let start = || async {
        Process::start(contender.command(weir, directory.path(), at)?, log.clone(), at.api).await
    };
    let process = start().await?;
    let sent = send(contender, signal, count, at).await.map_err(|error| {
        format!("{} was sent {}: {error}; {}", contender.name(), signal.name(), process.log_end())
    })?;
    settle(&process).await?;
    let cpu = process.cpu_seconds()?;
    let at_rest = process.rss_megabytes()?;
    let mut measured = vec![
        told("CPU s / M items", format!("{:.2}", cpu * 1e6 / sent.items as f64)),
        told("resident MB, all taken in", format!("{at_rest:.0}")),
    ];
    measured.extend(ask(contender, signal, at, &sent).await?);
    measured.push(told("highest resident MB", format!("{:.0}", process.peak_rss_megabytes()?)));
    end(process).await?;
    let on_disk = bytes_under(&directory.path().join("data"))? as f64 / sent.items as f64;
    measured.insert(1, told("B each on disk", format!("{on_disk:.1}")));
    let again = start().await?;
    let ready = again.ready_after.as_secs_f64() * 1e3;
    measured.push(told("ms to start again", format!("{ready:.0}")));
    Ok(measured)
}

fn told(what: &str, value: String) -> Measured {
    Measured { what: what.to_owned(), value }
}

struct Sent {
    items: usize,
    end: u64,
    trace_id: String,
}

/// Sends requests until `count` items were accepted; what is refused for a moment is sent again.
async fn send(contender: Contender, signal: Signal, count: usize, at: Addresses) -> Outcome<Sent> {
    let mut source = Telemetry::Shop.source(signal, count)?;
    let (address, path) = contender.otlp(signal, at);
    let mut client = Client::of(address);
    let mut sent = Sent { items: 0, end: source.end(), trace_id: String::new() };
    while sent.items < count {
        let batch = source.next_batch();
        if sent.trace_id.is_empty() {
            sent.trace_id = a_trace_of(&batch);
        }
        sent.items += batch.items();
        let body = bytes::Bytes::from(batch.parts().concat());
        loop {
            let (status, answer) = client.post(&path, body.clone()).await?;
            if status.is_success() {
                break;
            }
            if !matches!(status.as_u16(), 429 | 503) {
                return Err(format!("{status}: {}", String::from_utf8_lossy(&answer)).into());
            }
            sleep(Duration::from_millis(5)).await;
        }
    }
    if let Some(flush) = contender.flush() {
        Client::of(at.api).get(flush).await?;
    }
    Ok(sent)
}

/// The trace of the first request for an item of the shop; empty where there is none.
fn a_trace_of(batch: &Batch) -> String {
    let mut spans =
        batch.resource_groups().flat_map(|group| group.scope_groups).flat_map(|group| group.spans());
    let span = spans.find(|span| span.name == "GET /items/:item");
    span.map(|span| span.trace_id.iter().map(|byte| format!("{byte:02x}")).collect()).unwrap_or_default()
}

/// Waits until the process does nothing for three seconds.
async fn settle(process: &Process) -> Outcome<()> {
    let begun = Instant::now();
    let (mut quiet, mut before) = (0, process.cpu_seconds()?);
    while quiet < 3 && begun.elapsed() < SETTLING {
        sleep(Duration::from_secs(1)).await;
        let now = process.cpu_seconds()?;
        quiet = if now - before < 0.05 { quiet + 1 } else { 0 };
        before = now;
    }
    Ok(())
}

async fn ask(contender: Contender, signal: Signal, at: Addresses, sent: &Sent) -> Outcome<Vec<Measured>> {
    let mut client = Client::of(at.api);
    let mut measured = Vec::new();
    for question in contender.questions(signal, sent.end, &sent.trace_id) {
        let mut best = Duration::MAX;
        for _ in 0..6 {
            let begun = Instant::now();
            let (status, answer) = client.get(&question.path).await?;
            best = best.min(begun.elapsed());
            let answer = String::from_utf8_lossy(&answer);
            if !status.is_success() || !answer.contains(question.holds) {
                let shown: String = answer.chars().take(300).collect();
                return Err(format!(
                    "{} answered {} with {status}: {shown}",
                    contender.name(),
                    question.path
                )
                .into());
            }
        }
        let milliseconds = best.as_secs_f64() * 1e3;
        measured.push(told(&format!("{}, ms", question.what), format!("{milliseconds:.1}")));
    }
    Ok(measured)
}

/// Has the process write what it holds and waits for its end.
async fn end(process: Process) -> Outcome<()> {
    Command::new("kill").args(["-TERM", &process.id().to_string()]).status()?;
    let stat = format!("/proc/{}/stat", process.id());
    let begun = Instant::now();
    while begun.elapsed() < SETTLING {
        // A process that has ended is there as a zombie until it is waited for.
        if fs::read_to_string(&stat)?.rsplit_once(") ").is_none_or(|(_, state)| state.starts_with('Z')) {
            return Ok(());
        }
        sleep(Duration::from_millis(50)).await;
    }
    Err(format!("it did not end within {SETTLING:?}: {}", process.log_end()).into())
}

/// What the files under `directory` take of the disk.
fn bytes_under(directory: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { bytes_under(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Ok(bytes)
}
