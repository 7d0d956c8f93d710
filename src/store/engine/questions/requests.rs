//! Questions about requests and calls: read from what was counted when blocks were made.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use rusqlite::OptionalExtension;

use crate::store::engine::budget::Budget;
use crate::store::engine::database::damaged;
use crate::store::engine::record_reading::Question;
use crate::store::engine::signal_store::SignalStore;
use crate::store::engine::spans::SpanFormat;
use crate::store::engine::spans::request_counts::{PackedCounts, operations_of, services_of, unpacked};
use crate::store::engine::spans::service_calls::{CallCounts, CallEdges, ServiceCalls};
use crate::store::filter::matching::kind_word;
use crate::store::requests::{MINUTE_NANO, minute_of, minutes_of};
use crate::store::{
    Answer, Limits, MinuteOfRequests, OperationRates, RequestRates, ServiceEdge, ServiceRates, StoreError,
    TimeRange,
};

/// Which counts of a block.
#[derive(Clone, Copy)]
enum Counted {
    ByService,
    ByOperation,
}

/// Requests by minute.
type Minutes = BTreeMap<u64, MinuteOfRequests>;

/// The requests of every service.
pub fn of_services(
    store: &SignalStore<SpanFormat>,
    range: TimeRange,
    limits: &Limits,
) -> Result<Answer<Vec<ServiceRates>>, StoreError> {
    let budget = Budget::new(limits);
    let minutes_asked = minutes_of(range);
    let mut services: BTreeMap<String, (String, Minutes)> = BTreeMap::new();
    for_each_block(store, range, &budget, Counted::ByService, |packed| {
        let body = unpacked(packed)?;
        let (names, requests) = services_of(&body);
        for (name, version) in &names {
            if !services.contains_key(&**name) {
                services.insert(name.clone().into_owned(), Default::default());
            }
            // Blocks come in the order they were written: the version that came last stays.
            if let Some((known, _)) = services.get_mut(&**name).filter(|_| !version.is_empty()) {
                known.clear();
                known.push_str(version);
            }
        }
        for requests in requests.filter(|requests| minutes_asked.contains(requests.minute_unix_nano)) {
            let service = names.get(requests.service).and_then(|(name, _)| services.get_mut(&**name));
            if let Some((_, minutes)) = service {
                add(minutes, requests.minute_unix_nano, &requests.counts);
            }
        }
        Some(())
    })?;
    services.retain(|_, (_, minutes)| !minutes.is_empty());
    let rates = |(service, (version, minutes))| ServiceRates { service, version, rates: rates_of(minutes) };
    Ok(answer(services.into_iter().map(rates).collect(), &budget))
}

/// The requests of every operation of a service.
pub fn of_operations(
    store: &SignalStore<SpanFormat>,
    service: &str,
    range: TimeRange,
    limits: &Limits,
) -> Result<Answer<Vec<OperationRates>>, StoreError> {
    let budget = Budget::new(limits);
    let minutes_asked = minutes_of(range);
    let mut operations: BTreeMap<(String, &'static str), Minutes> = BTreeMap::new();
    for_each_block(store, range, &budget, Counted::ByOperation, |packed| {
        for operation in operations_of(&unpacked(packed)?) {
            if operation.service == service.as_bytes() && minutes_asked.contains(operation.minute_unix_nano) {
                let name = String::from_utf8_lossy(operation.name).into_owned();
                let minutes = operations.entry((name, kind_word(operation.kind))).or_default();
                add(minutes, operation.minute_unix_nano, &operation.counts);
            }
        }
        Some(())
    })?;
    let rates = |((operation, kind), minutes)| OperationRates { operation, kind, rates: rates_of(minutes) };
    Ok(answer(operations.into_iter().map(rates).collect(), &budget))
}

/// Who called whom.
pub fn edges(
    store: &SignalStore<SpanFormat>,
    calls: &Mutex<ServiceCalls>,
    range: TimeRange,
    limits: &Limits,
) -> Result<Answer<Vec<ServiceEdge>>, StoreError> {
    let budget = Budget::new(limits);
    let (question, unwritten) = with_unwritten_calls(store, calls);
    let mut edges = CallEdges::new(minutes_of(range));
    edges.add(&unwritten);
    let last_cut = question.view().last_cut.cast_signed();
    // Calls are written with the cut in which they were found, whenever they happened.
    for partition in 0..question.view().partitions.len() {
        if !budget.may_go_on() {
            break;
        }
        question.on_file(partition, |connection| {
            let mut statement = connection.prepare_cached("SELECT calls FROM calls WHERE cut <= ?")?;
            let mut rows = statement.query([last_cut])?;
            while let Some(row) = rows.next()? {
                let packed = row.get_ref(0)?.as_blob()?;
                budget.spend(packed.len());
                edges.add_packed(packed).ok_or_else(damaged)?;
            }
            Ok(())
        })?;
    }
    Ok(answer(edges.into_edges(), &budget))
}

/// A question about a state, and the calls of that state that are in no file.
fn with_unwritten_calls<'a>(
    store: &'a SignalStore<SpanFormat>,
    calls: &Mutex<ServiceCalls>,
) -> (Question<'a, SpanFormat>, CallCounts) {
    loop {
        let view = store.view();
        // Made before the calls are locked: the writer needs those.
        let pieces = view.open.pieces();
        let mut calls = calls.lock();
        // The writer may have written them in between; it does so rarely.
        if view.last_cut == calls.written_with() {
            calls.take(pieces.iter().flat_map(|routed| &routed.piece.calls));
            let unwritten = calls.unwritten();
            drop(calls);
            return (Question::of_view(store, view), unwritten);
        }
        drop(calls);
        std::thread::yield_now();
    }
}

/// Hands to `read` what was counted for each block that has a minute of `range`, in the order they were written.
fn for_each_block(
    store: &SignalStore<SpanFormat>,
    range: TimeRange,
    budget: &Budget<'_>,
    counted: Counted,
    mut read: impl FnMut(&[u8]) -> Option<()>,
) -> Result<(), StoreError> {
    let question = Question::new(store);
    let statement = match counted {
        Counted::ByService => "SELECT services FROM requests WHERE block = ?",
        Counted::ByOperation => "SELECT operations FROM requests WHERE block = ?",
    };
    for place in question.blocks(whole_minutes(range))? {
        if !budget.may_go_on() {
            break;
        }
        if let Some(piece) = question.open_piece(place) {
            read(match counted {
                Counted::ByService => &piece.services,
                Counted::ByOperation => &piece.operations,
            });
            continue;
        }
        question.on_file(place.partition, |connection| {
            let row = connection.prepare_cached(statement)?.query_row([place.block], |row| {
                let packed = row.get_ref(0)?.as_blob()?;
                budget.spend(packed.len());
                read(packed).ok_or_else(damaged)
            });
            row.optional()
        })?;
    }
    Ok(())
}

/// From the beginning of the first minute of `range` to the end of the last.
const fn whole_minutes(range: TimeRange) -> TimeRange {
    let last = minute_of(range.to_unix_nano.saturating_sub(1));
    TimeRange {
        from_unix_nano: minute_of(range.from_unix_nano),
        to_unix_nano: last.saturating_add(MINUTE_NANO),
    }
}

fn add(minutes: &mut Minutes, unix_nano: u64, counts: &PackedCounts<'_>) {
    let minute = minutes.entry(unix_nano).or_default();
    minute.unix_nano = unix_nano;
    counts.add_to(&mut minute.requests, &mut minute.errors, &mut minute.durations);
}

fn rates_of(minutes: Minutes) -> RequestRates {
    let mut rates = RequestRates::default();
    for minute in minutes.into_values() {
        rates.requests += minute.requests;
        rates.errors += minute.errors;
        rates.durations.merge(&minute.durations);
        rates.minutes.push(minute);
    }
    rates
}

fn answer<T>(mut rows: Vec<T>, budget: &Budget<'_>) -> Answer<Vec<T>> {
    let is_cut = rows.len() > budget.rows();
    rows.truncate(budget.rows());
    Answer { value: rows, cut: budget.cut(is_cut) }
}
