//! Memory at rest and the time from start to ready.

use std::time::Duration;

use tokio::time::sleep;

use crate::Outcome;
use crate::arguments::Settings;
use crate::case::{Case, NamedValue as _};
use crate::document::Table;
use crate::measure::start;
use crate::process::free_address;
use crate::runs::spread;
use crate::sink::Sink;
use crate::subject::Route;

/// Starts take milliseconds, so more of them are cheap and steady the median.
const STARTS: usize = 7;
const REST: Duration = Duration::from_secs(1);

/// Starts every subject with the base pipeline and no load, taking turns.
pub async fn table(settings: &Settings) -> Outcome<Table> {
    let mut table =
        Table::new("idle", &["subject", "RSS MB, 1 s after the start (min–max)", "ready after ms (min–max)"]);
    let sink = Sink::start(Case::BASE.protocol, Case::BASE.signal).await?;
    let mut seen = vec![(Vec::new(), Vec::new()); settings.subjects().len()];
    for _ in 0..STARTS {
        for (subject, (memory, ready)) in settings.subjects().into_iter().zip(&mut seen) {
            let route = Route { listen: free_address()?, to: sink.address(), own_metrics: free_address()? };
            match start(settings, subject, &Case::BASE, &route, None).await {
                Ok(process) => {
                    sleep(REST).await;
                    memory.push(process.rss_megabytes()?);
                    ready.push(process.ready_after.as_secs_f64() * 1e3);
                }
                Err(error) => eprintln!("idle: {} FAILED: {error}", subject.name()),
            }
        }
    }
    for (subject, (memory, ready)) in settings.subjects().into_iter().zip(seen) {
        if memory.len() < STARTS {
            table.push_failure(vec![subject.name()], "a start failed");
            continue;
        }
        table.push(vec![subject.name(), spread(&memory, 1), spread(&ready, 0)]);
    }
    Ok(table)
}
