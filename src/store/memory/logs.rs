//! Log records, searched and counted.

use std::cmp::Reverse;
use std::sync::Arc;

use super::{Reading, for_each_item};
use crate::otlp::{Batch, Signal};
use crate::store::answer::steps_of;
use crate::store::filter::matching::{ItemView, PlacedItem, record_time, severity_class};
use crate::store::grouped_items::{GroupedItems, for_each_scope_group};
use crate::store::{
    Answer, Cut, Filter, FoundLogs, Limits, LogCounts, LogPosition, LogSearch, StoreError, TimeRange,
};

/// A record that fits: where it stands among all, and its bytes with those of the groups around.
struct Found<'a> {
    time: u64,
    appended: (usize, usize),
    resource_group: &'a [u8],
    scope_group: &'a [u8],
    record: &'a [u8],
}

/// The newest records that fit.
pub(super) fn search(batches: &[Arc<Batch>], search: &LogSearch, limits: &Limits) -> Answer<FoundLogs> {
    let mut reading = Reading::new(limits);
    let mut found = Vec::new();
    for (place, batch) in reading.newest_first(batches) {
        let mut place_in_batch = 0;
        for_each_scope_group(batch, |resource_group, scope_group| {
            for record in scope_group.log_records() {
                place_in_batch += 1;
                let item = ItemView::LogRecord(&record);
                let (resource, scope) = (&resource_group.resource, &scope_group.scope);
                let time = record_time(&record);
                if search.range.contains(time) && search.filter.fits(PlacedItem { resource, scope, item }) {
                    found.push(Found {
                        time,
                        appended: (place, place_in_batch),
                        resource_group: resource_group.bytes,
                        scope_group: scope_group.bytes,
                        record: record.bytes,
                    });
                }
            }
        });
    }
    found.sort_by_key(|found| Reverse((found.time, found.appended)));
    if let Some(before) = search.before {
        found.retain(|found| found.time <= before.unix_nano);
        let at_that_time = found.iter().take_while(|found| found.time == before.unix_nano).count();
        let older = usize::try_from(before.older_at_that_time).unwrap_or(usize::MAX);
        found.drain(..at_that_time.saturating_sub(older));
    }
    let (first, rest) = found.split_at(limits.rows.min(found.len()));
    let mut records = GroupedItems::new(Signal::Logs);
    for found in first {
        records.push_record(found.resource_group, found.scope_group, found.record);
    }
    let cut = reading.cut.or((!rest.is_empty()).then_some(Cut::Rows));
    let next = first.last().filter(|_| cut.is_some()).map(|last| LogPosition {
        unix_nano: last.time,
        older_at_that_time: rest.iter().take_while(|found| found.time == last.time).count() as u64,
    });
    Answer { value: FoundLogs { records: records.into_batch(), next }, cut }
}

/// How many records fit in each step.
pub(super) fn count(
    batches: &[Arc<Batch>],
    range: TimeRange,
    step_nano: u64,
    filter: &Filter,
    limits: &Limits,
) -> Result<Answer<Vec<LogCounts>>, StoreError> {
    let steps = steps_of(range, step_nano)?;
    let mut counts: Vec<LogCounts> =
        steps.map(|unix_nano| LogCounts { unix_nano, ..LogCounts::default() }).collect();
    let mut reading = Reading::new(limits);
    for (_, batch) in reading.newest_first(batches) {
        for_each_item(batch, range, |placed, time| {
            let step = usize::try_from((time - range.from_unix_nano) / step_nano).unwrap_or(usize::MAX);
            if let ItemView::LogRecord(record) = placed.item
                && filter.fits(placed)
                && let Some(counts) = counts.get_mut(step)
                && let Some(count) = counts.by_severity.get_mut(severity_class(record.severity_number))
            {
                *count += 1;
            }
        });
    }
    Ok(Answer { value: counts, cut: reading.cut })
}
