//! Questions about log records.

use std::cmp::Reverse;

use crate::otlp::{Batch, Signal};
use crate::store::answer::steps_of;
use crate::store::engine::budget::Budget;
use crate::store::engine::logs::LogFormat;
use crate::store::engine::logs::reading::severities;
use crate::store::engine::record_reading::{
    BlockPlace, Question, RecordFormat, Sought, select, selected_rows,
};
use crate::store::engine::signal_store::SignalStore;
use crate::store::filter::matching::severity_class;
use crate::store::grouped_items::GroupedItems;
use crate::store::{Answer, Filter, Limits, LogCounts, LogSearch, StoreError, TimeRange};

/// A record that fits, by its place in the order of answers: the greatest is the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct FoundRecord {
    unix_nano: u64,
    /// Partition and block: of equally old records, those written later are newer.
    block: (usize, i64),
    row: usize,
}

/// The newest records that fit.
pub fn search(
    store: &SignalStore<LogFormat>,
    search: &LogSearch,
    limits: &Limits,
) -> Result<Answer<Batch>, StoreError> {
    let question = Question::new(store);
    let budget = Budget::new(limits);
    let mut range = search.range;
    let mut answered = 0;
    if let Some(before) = search.before {
        range.to_unix_nano = range.to_unix_nano.min(before.unix_nano.saturating_add(1));
        answered = usize::try_from(before.answered_at_that_time).unwrap_or(usize::MAX);
    }
    let wanted = budget.rows().saturating_add(answered).saturating_add(1);
    let sought = Sought::new::<LogFormat>(&search.filter);
    let (mut found, mut places): (Vec<FoundRecord>, Vec<BlockPlace>) = (Vec::new(), Vec::new());
    for place in question.newest_blocks(range)? {
        let is_enough = found.get(wanted - 1).is_some_and(|last| last.unix_nano > place.last_unix_nano);
        if is_enough || !budget.may_go_on() {
            break;
        }
        if !question.may_fit(place, &budget, &sought)? {
            continue;
        }
        let in_block = question.on_block(place, &budget, |reader| {
            let selected = select::<LogFormat>(reader, place, range, &search.filter)?;
            if !selected.contains(&true) {
                return Ok(Vec::new());
            }
            let times = LogFormat::times(reader)?;
            let record = |row: usize| FoundRecord {
                unix_nano: times.get(row).copied().unwrap_or(0),
                block: (place.partition, place.block),
                row,
            };
            Ok(selected_rows(&selected).into_iter().map(record).collect::<Vec<_>>())
        })?;
        let in_block = in_block.unwrap_or_default();
        if !in_block.is_empty() {
            places.push(place);
            found.extend(in_block);
            found.sort_unstable_by_key(|record| Reverse(*record));
            found.truncate(wanted);
        }
    }
    if let Some(before) = search.before {
        let at_that_time = found.iter().take_while(|found| found.unix_nano == before.unix_nano).count();
        found.drain(..answered.min(at_that_time));
    }
    let is_cut = found.len() > budget.rows();
    found.truncate(budget.rows());
    let value = records(&question, &budget, &found, &places)?;
    Ok(Answer { value, cut: budget.cut(is_cut) })
}

/// The records found, in their order: the first of them where all have more bytes than may be read.
fn records(
    question: &Question<'_, LogFormat>,
    budget: &Budget<'_>,
    found: &[FoundRecord],
    places: &[BlockPlace],
) -> Result<Batch, StoreError> {
    // By place in the order: the group's header and the record.
    let mut written: Vec<Option<(Vec<u8>, Vec<u8>)>> = vec![None; found.len()];
    let mut bytes = 0_u64;
    for place in places {
        let block = (place.partition, place.block);
        // Those that had no room any more are not asked for again.
        let mut rows: Vec<(usize, usize)> = found
            .iter()
            .take(written.len())
            .enumerate()
            .filter(|(_, record)| record.block == block)
            .map(|(order, record)| (record.row, order))
            .collect();
        rows.sort_unstable();
        let only_rows: Vec<usize> = rows.iter().map(|(row, _)| *row).collect();
        if rows.is_empty() {
            continue;
        }
        question.on_block(*place, budget, |reader| {
            let mut orders = rows.iter();
            LogFormat::write_rows(reader, &only_rows, &mut |row, record| {
                let place = orders.next().and_then(|(_, order)| written.get_mut(*order));
                if let Some(place) = place {
                    bytes = bytes.saturating_add(record.len() as u64);
                    *place = Some((reader.group_header(reader.group(row)).to_vec(), record.to_vec()));
                }
                while written.len() > 1 && !budget.has_room(bytes) {
                    let last = written.pop().flatten();
                    bytes = bytes.saturating_sub(last.map_or(0, |(_, record)| record.len() as u64));
                }
            })
        })?;
    }
    let mut items = GroupedItems::new(Signal::Logs);
    for (header, record) in written.into_iter().flatten() {
        items.push(&crate::store::engine::block::rows::group_levels(&header), 2, &record);
    }
    Ok(items.into_batch())
}

/// How many records fit in each step.
pub fn count(
    store: &SignalStore<LogFormat>,
    range: TimeRange,
    step_nano: u64,
    filter: &Filter,
    limits: &Limits,
) -> Result<Answer<Vec<LogCounts>>, StoreError> {
    let steps = steps_of(range, step_nano)?;
    let mut counts: Vec<LogCounts> =
        steps.map(|unix_nano| LogCounts { unix_nano, ..LogCounts::default() }).collect();
    let question = Question::new(store);
    let budget = Budget::new(limits);
    question.for_each_fitting(range, filter, &budget, |reader, selected| {
        let (times, severities) = (LogFormat::times(reader)?, severities(reader)?);
        for row in selected_rows(selected) {
            let time = times.get(row).copied().unwrap_or(0);
            let step = usize::try_from(time.saturating_sub(range.from_unix_nano) / step_nano);
            let severity = u32::try_from(severities.get(row)).unwrap_or(0).cast_signed();
            if let Some(counts) = step.ok().and_then(|step| counts.get_mut(step))
                && let Some(count) = counts.by_severity.get_mut(severity_class(severity))
            {
                *count += 1;
            }
        }
        Ok(())
    })?;
    Ok(Answer { value: counts, cut: budget.cut(false) })
}
