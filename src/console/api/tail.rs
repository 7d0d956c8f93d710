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
use crate::store::{Answer, Filter, FoundLogs, Limits, LogSearch, TimeRange};

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

/// Records remembered as found before; beyond, only those of the last answer are.
const KNOWN_RECORDS: usize = 16 * SEARCHED_RECORDS;

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
        known.forget_before(console.clock.now_unix_nano().saturating_sub(LATENESS_NANO));
        let Some(found) = newest(&console, &filter).await else { continue };
        let new = known.take_new(&found.value.records);
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
    fn of(found: &Answer<FoundLogs>, new: &[usize]) -> Self {
        let shown: HashSet<usize> = new.iter().copied().take(SHOWN_RECORDS).collect();
        let lines = log_lines(&found.value.records).into_iter().enumerate().rev();
        Self {
            logs: lines.filter(|(index, _)| shown.contains(index)).map(|(_, line)| line).collect(),
            skipped: (new.len() - shown.len()) as u64,
            // Where a known record was found all newer ones were too.
            skipped_at_least: found.cut.is_some() && new.len() == found.value.records.items(),
        }
    }
}

/// The newest records that fit; none where the store cannot be asked just now.
async fn newest(console: &Arc<Console>, filter: &Filter) -> Option<Answer<FoundLogs>> {
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

/// The records found within the last [`LATENESS_NANO`], by a hash of each: how many equal ones, and their time. More than
/// those of the last answer, as one that is cut by its bytes may reach further back than the one before.
#[derive(Default)]
struct KnownRecords {
    counts: HashMap<u64, (usize, u64)>,
}

impl KnownRecords {
    fn forget_before(&mut self, unix_nano: u64) {
        self.counts.retain(|_, (_, time)| *time >= unix_nano);
    }

    /// The places in `found` of records that no answer before had, newest first.
    fn take_new(&mut self, found: &Batch) -> Vec<usize> {
        let mut counts: HashMap<u64, usize> = HashMap::new();
        let mut new = Vec::new();
        let mut index = 0;
        for group in found.resource_groups() {
            for scope_group in group.scope_groups {
                for record in scope_group.log_records() {
                    let mut hasher = DefaultHasher::new();
                    (group.resource.bytes, record.bytes).hash(&mut hasher);
                    let count = counts.entry(hasher.finish()).or_default();
                    *count += 1;
                    let (known, _) = self.counts.entry(hasher.finish()).or_insert((0, record_time(&record)));
                    if *count > *known {
                        *known = *count;
                        new.push(index);
                    }
                    index += 1;
                }
            }
        }
        if self.counts.len() > KNOWN_RECORDS {
            self.counts.retain(|hash, _| counts.contains_key(hash));
        }
        new
    }
}
