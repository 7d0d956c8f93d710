//! The live tail of the logs: records as they arrive, twice a second.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::logs::{LogLine, log_lines};
use crate::console::Console;
use crate::console::answer::ApiError;
use crate::console::asked::Asked;
use crate::console::event_stream::EventSender;
use crate::console::router::Produce;
use crate::otlp::{Batch, Signal};
use crate::store::{Filter, Limits, LogSearch, TimeRange};

/// Data of the event `logs`.
#[derive(Debug, Serialize)]
struct TailedLogs {
    /// Newest last.
    logs: Vec<LogLine>,
    /// How many arrived that are not shown.
    skipped: u64,
}

const INTERVAL: Duration = Duration::from_millis(500);

/// Records of an event.
const SHOWN_RECORDS: usize = 200;

/// Records looked at for those that are new.
const SEARCHED_RECORDS: usize = 1_000;

/// Records may arrive this much after their time and still be shown.
const LATENESS_NANO: u64 = 60_000_000_000;

/// New records that fit, until the reader goes.
pub fn tail(console: &Arc<Console>, asked: &Asked<'_>) -> Result<Produce, ApiError> {
    let filter = asked.filter(Signal::Logs)?;
    let console = Arc::clone(console);
    Ok(Box::new(move |sender| Box::pin(send_new(console, filter, sender))))
}

async fn send_new(console: Arc<Console>, filter: Filter, sender: EventSender) {
    let mut known = KnownRecords::default();
    let mut is_first = true;
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let Some(found) = newest(&console, &filter).await else { continue };
        let mut new = known.take_new(&found);
        if !std::mem::take(&mut is_first) && !new.is_empty() {
            let skipped = new.len().saturating_sub(SHOWN_RECORDS);
            new.truncate(SHOWN_RECORDS);
            let shown: HashSet<usize> = new.into_iter().collect();
            let lines = log_lines(&found).into_iter().enumerate().rev();
            let logs = lines.filter(|(index, _)| shown.contains(index)).map(|(_, line)| line).collect();
            // Waits for a reader that does not keep up; what comes meanwhile is skipped, as only the newest are found.
            sender.send("logs", &TailedLogs { logs, skipped: skipped as u64 }).await;
        }
    }
}

/// The newest records that fit; none where the store cannot be asked just now.
async fn newest(console: &Arc<Console>, filter: &Filter) -> Option<Batch> {
    let place = Arc::clone(&console.questions).acquire_owned().await.ok()?;
    let from_unix_nano = console.clock.now_unix_nano().saturating_sub(LATENESS_NANO);
    let range = TimeRange { from_unix_nano, ..TimeRange::ALL };
    let search = LogSearch { range, filter: filter.clone(), before: None };
    let console = Arc::clone(console);
    let asking = tokio::task::spawn_blocking(move || {
        let deadline = Instant::now().checked_add(console.question_timeout);
        let limits = Limits { rows: SEARCHED_RECORDS, bytes: console.question_bytes, deadline };
        let found = console.store.search_logs(&search, &limits);
        drop(place);
        found
    });
    match asking.await {
        Ok(Ok(found)) => Some(found.value),
        Ok(Err(error)) => {
            tracing::warn!(%error, "The live tail could not ask the store.");
            None
        }
        Err(_) => None,
    }
}

/// The records of the last answer, by a hash of each: equal ones by how many there are.
#[derive(Default)]
struct KnownRecords {
    counts: HashMap<u64, usize>,
}

impl KnownRecords {
    /// The places in `found` of records that the answer before did not have, newest first.
    fn take_new(&mut self, found: &Batch) -> Vec<usize> {
        let mut counts: HashMap<u64, usize> = HashMap::new();
        let mut new = Vec::new();
        let mut index = 0;
        for group in found.resource_groups() {
            for scope_group in group.scope_groups {
                for record in scope_group.records() {
                    let mut hasher = DefaultHasher::new();
                    (group.resource.bytes, record).hash(&mut hasher);
                    let count = counts.entry(hasher.finish()).or_default();
                    *count += 1;
                    if *count > self.counts.get(&hasher.finish()).copied().unwrap_or(0) {
                        new.push(index);
                    }
                    index += 1;
                }
            }
        }
        self.counts = counts;
        new
    }
}
