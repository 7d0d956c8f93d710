//! [`MemoryStore`]: the plain engine. It keeps batches as they came and reads all of them for each question. The tests
//! take it for the truth about every other engine; demonstrations keep their telemetry in it.

mod logs;
mod metrics;
mod requests;
mod traces;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use parking_lot::RwLock;

use super::filter::matching::{ItemView, PlacedItem, record_time};
use super::grouped_items::{GroupedItems, for_each_scope_group};
use super::{
    Answer, Cut, Facet, Field, Filter, FoundLogs, Limits, LogCounts, LogSearch, MetricCatalogueEntry,
    MetricQuery, MetricSeries, OperationRates, ServiceEdge, ServiceRates, SignalStatistics, StoreError,
    StoreStatistics, TelemetryStore, TimeRange, TraceSearch, TraceSummary,
};
use crate::otlp::{Batch, Signal};

/// How many items a batch of an export has at most.
const EXPORTED_ITEMS: usize = 4_096;

/// Keeps telemetry in memory, the newest batches that fit.
#[derive(Debug)]
pub struct MemoryStore {
    kept: RwLock<Kept>,
    max_bytes: u64,
}

#[derive(Debug, Default)]
struct Kept {
    /// In the order they were appended.
    batches: VecDeque<Arc<Batch>>,
    bytes: u64,
    values: BTreeMap<String, Bytes>,
}

impl MemoryStore {
    /// A store of at most `max_bytes` of serialized telemetry; over that the oldest batches go.
    pub fn new(max_bytes: u64) -> Self {
        Self { kept: RwLock::default(), max_bytes }
    }

    /// The batches of a signal as they are now, the oldest first.
    fn batches(&self, signal: Signal) -> Vec<Arc<Batch>> {
        let kept = self.kept.read();
        kept.batches.iter().filter(|batch| batch.signal() == signal).cloned().collect()
    }
}

/// What a question has read so far, held against its limits.
struct Reading<'a> {
    limits: &'a Limits,
    bytes: u64,
    cut: Option<Cut>,
}

impl<'a> Reading<'a> {
    const fn new(limits: &'a Limits) -> Self {
        Self { limits, bytes: 0, cut: None }
    }

    /// Those of `batches` that may be read, with their place among all. The newest come first, so that a cut answer is
    /// about these.
    fn newest_first<'b>(&mut self, batches: &'b [Arc<Batch>]) -> impl Iterator<Item = (usize, &'b Batch)> {
        let may_read = |(_, batch): &(usize, &Arc<Batch>)| {
            if self.bytes > 0 && self.bytes.saturating_add(batch.bytes() as u64) > self.limits.bytes {
                self.cut = Some(Cut::Bytes);
            } else if self.limits.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                self.cut = Some(Cut::Time);
            }
            self.bytes = self.bytes.saturating_add(batch.bytes() as u64);
            self.cut.is_none()
        };
        batches.iter().enumerate().rev().take_while(may_read).map(|(place, batch)| (place, &**batch))
    }

    /// The first rows, as many as allowed.
    fn answer<T>(self, mut rows: Vec<T>) -> Answer<Vec<T>> {
        let is_cut = rows.len() > self.limits.rows;
        rows.truncate(self.limits.rows);
        Answer { value: rows, cut: self.cut.or(is_cut.then_some(Cut::Rows)) }
    }
}

/// Calls `visit` with every item of a batch that lies in `range`, and with its time.
fn for_each_item(batch: &Batch, range: TimeRange, mut visit: impl FnMut(PlacedItem<'_>, u64)) {
    for_each_scope_group(batch, |resource_group, scope_group| {
        let (resource, scope) = (&resource_group.resource, &scope_group.scope);
        let mut visit_in_range = |item: ItemView<'_>, time: u64| {
            if range.contains(time) {
                visit(PlacedItem { resource, scope, item }, time);
            }
        };
        match batch.signal() {
            Signal::Traces => {
                scope_group.spans().for_each(|span| {
                    visit_in_range(ItemView::Span(&span), span.start_time_unix_nano);
                });
            }
            Signal::Logs => {
                scope_group.log_records().for_each(|record| {
                    visit_in_range(ItemView::LogRecord(&record), record_time(&record));
                });
            }
            Signal::Metrics => {
                scope_group.metrics().for_each(|metric| {
                    metrics::for_each_point(&metric, |attributes, time, _| {
                        visit_in_range(ItemView::DataPoint(attributes), time);
                    });
                });
            }
        }
    });
}

/// The keys of an item's attributes, its scope's and resource's included.
fn keys_of(placed: PlacedItem<'_>) -> BTreeSet<String> {
    let lists = [placed.item.attributes(), placed.scope.attributes, placed.resource.attributes];
    lists.into_iter().flatten().map(|attribute| attribute.key.to_str().into_owned()).collect()
}

impl TelemetryStore for MemoryStore {
    fn append(&self, batch: &Batch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        let mut kept = self.kept.write();
        kept.bytes += batch.bytes() as u64;
        kept.batches.push_back(Arc::new(batch.clone()));
        while kept.bytes > self.max_bytes {
            let Some(oldest) = kept.batches.pop_front() else {
                break;
            };
            kept.bytes -= oldest.bytes() as u64;
        }
        Ok(())
    }

    fn export(
        &self,
        signal: Signal,
        range: TimeRange,
        take: &mut dyn FnMut(Batch) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for batch in self.batches(signal) {
            let mut items = GroupedItems::new(signal);
            for_each_scope_group(&batch, |resource_group, scope_group| match signal {
                Signal::Traces => {
                    for span in scope_group.spans() {
                        if range.contains(span.start_time_unix_nano) {
                            items.push_record(resource_group.bytes, scope_group.bytes, span.bytes);
                        }
                    }
                }
                Signal::Logs => {
                    for record in scope_group.log_records() {
                        if range.contains(record_time(&record)) {
                            items.push_record(resource_group.bytes, scope_group.bytes, record.bytes);
                        }
                    }
                }
                Signal::Metrics => metrics::push_points(&mut items, &resource_group, &scope_group, range),
            });
            let mut found = items.into_batch();
            while !found.is_empty() {
                take(found.split_off_front(EXPORTED_ITEMS))?;
            }
        }
        Ok(())
    }

    fn trace(&self, trace_id: &[u8; 16], limits: &Limits) -> Result<Answer<Batch>, StoreError> {
        Ok(traces::trace(&self.batches(Signal::Traces), trace_id, limits))
    }

    fn search_traces(
        &self,
        search: &TraceSearch,
        limits: &Limits,
    ) -> Result<Answer<Vec<TraceSummary>>, StoreError> {
        Ok(traces::search(&self.batches(Signal::Traces), search, limits))
    }

    fn service_rates(
        &self,
        range: TimeRange,
        limits: &Limits,
    ) -> Result<Answer<Vec<ServiceRates>>, StoreError> {
        Ok(requests::of_services(&self.batches(Signal::Traces), range, limits))
    }

    fn operation_rates(
        &self,
        service: &str,
        range: TimeRange,
        limits: &Limits,
    ) -> Result<Answer<Vec<OperationRates>>, StoreError> {
        Ok(requests::of_operations(&self.batches(Signal::Traces), service, range, limits))
    }

    fn service_edges(
        &self,
        range: TimeRange,
        limits: &Limits,
    ) -> Result<Answer<Vec<ServiceEdge>>, StoreError> {
        Ok(requests::edges(&self.batches(Signal::Traces), range, limits))
    }

    fn search_logs(&self, search: &LogSearch, limits: &Limits) -> Result<Answer<FoundLogs>, StoreError> {
        Ok(logs::search(&self.batches(Signal::Logs), search, limits))
    }

    fn count_logs(
        &self,
        range: TimeRange,
        step_nano: u64,
        filter: &Filter,
        limits: &Limits,
    ) -> Result<Answer<Vec<LogCounts>>, StoreError> {
        logs::count(&self.batches(Signal::Logs), range, step_nano, filter, limits)
    }

    fn facets(
        &self,
        signal: Signal,
        range: TimeRange,
        filter: &Filter,
        fields: &[Field],
        values_each: usize,
        limits: &Limits,
    ) -> Result<Answer<Vec<Facet>>, StoreError> {
        let batches = self.batches(signal);
        let mut reading = Reading::new(limits);
        let mut counts = vec![BTreeMap::<String, u64>::new(); fields.len()];
        for (_, batch) in reading.newest_first(&batches) {
            for_each_item(batch, range, |placed, _| {
                if filter.fits(placed) {
                    for (field, counts) in fields.iter().zip(&mut counts) {
                        if let Some(value) = placed.value(field) {
                            *counts.entry(value.to_text().into_owned()).or_default() += 1;
                        }
                    }
                }
            });
        }
        let facets = fields.iter().zip(counts).map(|(field, counts)| Facet::of(field, counts, values_each));
        Ok(Answer { value: facets.collect(), cut: reading.cut })
    }

    fn frequent_attributes(
        &self,
        signal: Signal,
        range: TimeRange,
        filter: &Filter,
        limits: &Limits,
    ) -> Result<Answer<Vec<(Field, u64)>>, StoreError> {
        let batches = self.batches(signal);
        let mut reading = Reading::new(limits);
        let mut counts = BTreeMap::<String, u64>::new();
        for (_, batch) in reading.newest_first(&batches) {
            for_each_item(batch, range, |placed, _| {
                if filter.fits(placed) {
                    for key in keys_of(placed) {
                        *counts.entry(key).or_default() += 1;
                    }
                }
            });
        }
        let mut counts: Vec<(Field, u64)> =
            counts.into_iter().map(|(key, items)| (Field::Attribute(key), items)).collect();
        counts.sort_by_key(|(_, items)| std::cmp::Reverse(*items));
        Ok(reading.answer(counts))
    }

    fn attribute_keys(
        &self,
        signal: Signal,
        range: TimeRange,
        limits: &Limits,
    ) -> Result<Answer<Vec<Field>>, StoreError> {
        let batches = self.batches(signal);
        let mut reading = Reading::new(limits);
        let mut keys = BTreeSet::new();
        for (_, batch) in reading.newest_first(&batches) {
            for_each_item(batch, range, |placed, _| {
                keys.extend(keys_of(placed));
            });
        }
        Ok(reading.answer(keys.into_iter().map(Field::Attribute).collect()))
    }

    fn metric_catalogue(
        &self,
        range: TimeRange,
        name: Option<&str>,
        limits: &Limits,
    ) -> Result<Answer<Vec<MetricCatalogueEntry>>, StoreError> {
        Ok(metrics::catalogue(&self.batches(Signal::Metrics), range, name, limits))
    }

    fn query_metric(
        &self,
        query: &MetricQuery,
        limits: &Limits,
    ) -> Result<Answer<Vec<MetricSeries>>, StoreError> {
        metrics::query(&self.batches(Signal::Metrics), query, limits)
    }

    fn statistics(&self) -> Result<StoreStatistics, StoreError> {
        let signals = Signal::ALL.map(|signal| {
            let mut statistics = SignalStatistics::default();
            for batch in self.batches(signal) {
                statistics.items += batch.items() as u64;
                statistics.bytes += batch.bytes() as u64;
                statistics.partitions += 1;
                for_each_item(&batch, TimeRange::ALL, |_, time| {
                    let oldest = statistics.oldest_unix_nano.unwrap_or(u64::MAX);
                    statistics.oldest_unix_nano = Some(oldest.min(time));
                });
            }
            statistics
        });
        Ok(StoreStatistics { bytes: self.kept.read().bytes, max_bytes: Some(self.max_bytes), signals })
    }

    fn set_value(&self, key: &str, value: Option<Bytes>) -> Result<(), StoreError> {
        let values = &mut self.kept.write().values;
        match value {
            Some(value) => values.insert(key.to_owned(), value),
            None => values.remove(key),
        };
        Ok(())
    }

    fn value(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(self.kept.read().values.get(key).cloned())
    }
}
