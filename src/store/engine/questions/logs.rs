//! Questions about log records.

mod found;

use self::found::{FoundRecord, FoundRecords};
use crate::otlp::{Batch, Signal};
use crate::store::answer::steps_of;
use crate::store::engine::budget::Budget;
use crate::store::engine::logs::LogFormat;
use crate::store::engine::logs::reading::severities;
use crate::store::engine::record_reading::{BlockPlace, Question, RecordFormat, Sought, rows_of, select};
use crate::store::engine::signal_store::SignalStore;
use crate::store::filter::matching::severity_class;
use crate::store::grouped_items::GroupedItems;
use crate::store::{
    Answer, Filter, FoundLogs, Limits, LogCounts, LogPosition, LogSearch, StoreError, TimeRange,
};

/// Blocks overlap in time. So many are read beyond the limits of bytes and time, so that an answer has at least one moment of
/// which all is known, and the next one can go on behind it.
const MOST_BLOCKS_BEYOND_LIMITS: usize = 64;

/// The newest records that fit.
pub fn search(
    store: &SignalStore<LogFormat>,
    search: &LogSearch,
    limits: &Limits,
) -> Result<Answer<FoundLogs>, StoreError> {
    let question = Question::new(store);
    let budget = Budget::new(limits);
    let mut range = search.range;
    if let Some(before) = search.before {
        range.to_unix_nano = range.to_unix_nano.min(before.unix_nano.saturating_add(1));
    }
    let sought = Sought::new::<LogFormat>(&search.filter);
    let mut found = FoundRecords::new(search.before, budget.rows());
    let mut places: Vec<BlockPlace> = Vec::new();
    let (mut beyond_limits, mut unread_unix_nano) = (0, None);
    for place in question.newest_blocks(range)? {
        if found.needs_none_up_to(place.last_unix_nano) {
            break;
        }
        if !budget.may_go_on() {
            let unread = place.last_unix_nano.min(range.to_unix_nano.saturating_sub(1));
            beyond_limits += 1;
            if found.can_end_behind(unread, range) || beyond_limits > MOST_BLOCKS_BEYOND_LIMITS {
                unread_unix_nano = Some(unread);
                break;
            }
        }
        if !question.may_fit(place, &budget, &sought)? {
            continue;
        }
        question.on_block(place, &budget, |reader| {
            let selected = select::<LogFormat>(reader, place, range, &search.filter)?;
            if selected.contains(&true) {
                let times = LogFormat::times(reader)?;
                places.push(place);
                found.add(rows_of(&selected).map(|row| FoundRecord {
                    unix_nano: times.get(row).copied().unwrap_or(0),
                    block: (place.partition, place.block),
                    row,
                }));
            }
            Ok(())
        })?;
    }
    let first = found.into_first(unread_unix_nano);
    let asked_for = first.records.len().min(budget.rows());
    let (records, answered) =
        records(&question, &budget, first.records.get(..asked_for).unwrap_or_default(), &places)?;
    let cut = budget.cut(first.records.len() > answered);
    // Where nothing was looked at the next answer would be this one again.
    let is_further =
        |next: &LogPosition| next.unix_nano.saturating_add(1) < range.to_unix_nano || answered > 0;
    let next = cut.and_then(|_| first.position_after(answered)).filter(is_further);
    Ok(Answer { value: FoundLogs { records, next }, cut })
}

/// The records found, in their order, and how many these are: the first of them where all have more bytes than may be
/// read.
fn records(
    question: &Question<'_, LogFormat>,
    budget: &Budget<'_>,
    found: &[FoundRecord],
    places: &[BlockPlace],
) -> Result<(Batch, usize), StoreError> {
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
    let (mut items, answered) = (GroupedItems::new(Signal::Logs), written.len());
    for (header, record) in written.into_iter().flatten() {
        items.push(&crate::store::engine::block::rows::group_levels(&header), 2, &record);
    }
    Ok((items.into_batch(), answered))
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
        for row in rows_of(selected) {
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
