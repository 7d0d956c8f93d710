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
use crate::store::filter::matching::record_time;
use crate::store::{Answer, Filter, Limits, LogSearch, TimeRange};

/// Data of the event `logs`.
#[derive(Debug, Serialize)]
struct TailedLogs {
    /// Newest last.
    logs: Vec<LogLine>,
    /// How many arrived that are not shown.
    skipped: u64,
    /// True where there were so many that not all were looked at: `skipped` of them, or more.
    skipped_at_least: bool,
}

const INTERVAL: Duration = Duration::from_millis(500);

/// Records of an event.
const SHOWN_RECORDS: usize = 200;

/// Records looked at for those that are new.
const SEARCHED_RECORDS: usize = 1_000;

/// Records may arrive this much after their time and still be shown,
/// as may those whose sender's clock is ahead by as much.
const LATENESS_NANO: u64 = 60_000_000_000;

/// Bytes of a search: every tail holds what it found, and there may be as many tails as streams.
const SEARCHED_BYTES: u64 = 4 * 1024 * 1024;

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
        let new = known.take_new(&found);
        if !std::mem::take(&mut is_first) && !new.is_empty() {
            let event = TailedLogs::of(&found, &new);
            drop(found);
            // Waits for a reader that does not keep up; what comes meanwhile is skipped, as only the newest are found.
            sender.send("logs", &event).await;
        }
    }
}

impl TailedLogs {
    /// The newest of the records at the places `new` in what was found.
    fn of(found: &Answer<Batch>, new: &[usize]) -> Self {
        let shown: HashSet<usize> = new.iter().copied().take(SHOWN_RECORDS).collect();
        let lines = log_lines(&found.value).into_iter().enumerate().rev();
        Self {
            logs: lines.filter(|(index, _)| shown.contains(index)).map(|(_, line)| line).collect(),
            skipped: (new.len() - shown.len()) as u64,
            // Where a known record was found all newer ones were too.
            skipped_at_least: found.cut.is_some() && new.len() == found.value.items(),
        }
    }
}

/// The newest records that fit; none where the store cannot be asked just now.
async fn newest(console: &Arc<Console>, filter: &Filter) -> Option<Answer<Batch>> {
    // Never waits for a place: the body of a reader that does not read is not polled, and would keep the place it is given.
    let place = Arc::clone(&console.questions).try_acquire_owned().ok()?;
    let now = console.clock.now_unix_nano();
    let range = TimeRange {
        from_unix_nano: now.saturating_sub(LATENESS_NANO),
        to_unix_nano: now.saturating_add(LATENESS_NANO),
    };
    let search = LogSearch { range, filter: filter.clone(), before: None };
    let console = Arc::clone(console);
    let asking = tokio::task::spawn_blocking(move || {
        let deadline = Instant::now().checked_add(console.question_timeout);
        let bytes = console.question_bytes.min(SEARCHED_BYTES);
        let limits = Limits { rows: SEARCHED_RECORDS, bytes, deadline };
        let found = console.store.search_logs(&search, &limits);
        drop(place);
        found
    });
    match asking.await {
        Ok(Ok(found)) => Some(found),
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
    /// Older ones may not have been looked at.
    complete_from_unix_nano: u64,
}

impl KnownRecords {
    /// The places in `found` of records that the answer before did not have, newest first.
    fn take_new(&mut self, found: &Answer<Batch>) -> Vec<usize> {
        let mut counts: HashMap<u64, usize> = HashMap::new();
        let (mut new, mut index, mut oldest) = (Vec::new(), 0, u64::MAX);
        for group in found.value.resource_groups() {
            for scope_group in group.scope_groups {
                for record in scope_group.log_records() {
                    let mut hasher = DefaultHasher::new();
                    (group.resource.bytes, record.bytes).hash(&mut hasher);
                    let count = counts.entry(hasher.finish()).or_default();
                    *count += 1;
                    let time = record_time(&record);
                    let is_known = *count <= self.counts.get(&hasher.finish()).copied().unwrap_or(0);
                    if !is_known && time >= self.complete_from_unix_nano {
                        new.push(index);
                    }
                    oldest = oldest.min(time);
                    index += 1;
                }
            }
        }
        self.counts = counts;
        self.complete_from_unix_nano = if found.cut.is_some() { oldest } else { 0 };
        new
    }
}
