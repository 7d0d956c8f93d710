//! [`SqliteStore`]: the engine as the store's contract has it.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use rustix::fs::{FlockOperation, flock};

use super::catalog::Catalog;
use super::database::damage_of;
use super::disk_budget::DiskBudget;
use super::logs::LogFormat;
use super::options::EngineOptions;
use super::questions::{logs, records, requests, traces};
use super::signal_store::{SignalCounters, SignalStore};
use super::spans::SpanFormat;
use super::spans::service_calls::ServiceCalls;
use crate::otlp::{Batch, Signal};
use crate::store::series::SeriesStore;
use crate::store::{
    Answer, Cut, Facet, Field, Filter, FoundLogs, Limits, LogCounts, LogSearch, MetricCatalogueEntry,
    MetricQuery, MetricSeries, OperationRates, ServiceEdge, ServiceRates, StoreError, StoreStatistics,
    TelemetryStore, TimeRange, TraceSearch, TraceSummary,
};

/// Keeps telemetry in files of a directory, which belongs to it alone.
pub struct SqliteStore {
    spans: SignalStore<SpanFormat>,
    calls: Arc<Mutex<ServiceCalls>>,
    logs: SignalStore<LogFormat>,
    metrics: SeriesStore,
    catalog: Arc<Catalog>,
    directory: PathBuf,
    max_bytes: Option<u64>,
    /// Locked as long as it is open.
    _lock: File,
}

impl SqliteStore {
    /// Opens the store in the directory of `options`, and makes it where it is not there.
    ///
    /// # Errors
    ///
    /// Where the directory cannot be made or written, another process has it open, or a file is of a newer version.
    pub fn open(options: &EngineOptions) -> Result<Self, StoreError> {
        let directory = &options.directory;
        let failed = |error| StoreError::Engine(format!("{}: {error}", directory.display()));
        fs::create_dir_all(directory).map_err(failed)?;
        let lock = File::create(directory.join("lock")).map_err(failed)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
            StoreError::Engine(format!(
                "{} is in use by another process; a store belongs to one",
                directory.display()
            ))
        })?;
        let budget = Arc::new(DiskBudget::new(directory.clone(), options.min_free_bytes, options.max_bytes));
        let format = SpanFormat::default();
        let calls = Arc::clone(&format.calls);
        Ok(Self {
            catalog: Arc::new(Catalog::open(directory.join("catalog.db"), options.durability)?),
            spans: SignalStore::open(options, Arc::clone(&budget), format)?,
            calls,
            logs: SignalStore::open(options, Arc::clone(&budget), LogFormat)?,
            metrics: SeriesStore::open(options, budget)?,
            directory: directory.clone(),
            max_bytes: options.max_bytes,
            _lock: lock,
        })
    }

    /// The small things beside the telemetry.
    pub const fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// What the writers of traces, metrics and logs counted.
    pub fn counters(&self, signal: Signal) -> &SignalCounters {
        match signal {
            Signal::Traces => self.spans.counters(),
            Signal::Logs => self.logs.counters(),
            Signal::Metrics => self.metrics.signal.counters(),
        }
    }

    /// How many bytes the files of a signal have.
    pub fn file_bytes(&self, signal: Signal) -> u64 {
        match signal {
            Signal::Traces => self.spans.file_bytes(),
            Signal::Logs => self.logs.file_bytes(),
            Signal::Metrics => self.metrics.signal.file_bytes(),
        }
    }

    /// Makes blocks of everything appended so far.
    pub fn cut(&self) -> Result<(), StoreError> {
        self.spans.cut()?;
        self.logs.cut()?;
        self.metrics.signal.cut()
    }

    /// What SQLite finds damaged in the files; nothing in those of a sound store. Reads everything there is.
    pub fn damage(&self) -> Result<Vec<String>, StoreError> {
        let mut damage = Vec::new();
        let signals = Signal::ALL.map(|signal| self.directory.join(signal.name()));
        for directory in signals.iter().chain([&self.directory]) {
            let failed = |error| StoreError::Engine(format!("{}: {error}", directory.display()));
            for entry in fs::read_dir(directory).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                if path.extension().is_some_and(|extension| extension == "db") {
                    damage.extend(damage_of(&path)?);
                }
            }
        }
        Ok(damage)
    }

    /// Ends the writers. Everything appended is kept; nothing can be appended any more.
    pub fn close(&self) {
        self.spans.close();
        self.logs.close();
        self.metrics.signal.close();
    }

    fn telling_of_damage<T>(
        &self,
        signal: Signal,
        range: TimeRange,
        answer: Result<Answer<T>, StoreError>,
    ) -> Result<Answer<T>, StoreError> {
        match signal {
            Signal::Traces => self.spans.telling_of_damage(range, answer),
            Signal::Logs => self.logs.telling_of_damage(range, answer),
            Signal::Metrics => self.metrics.signal.telling_of_damage(range, answer),
        }
    }
}

impl TelemetryStore for SqliteStore {
    fn append(&self, batch: &Batch) -> Result<(), StoreError> {
        match batch.signal() {
            Signal::Traces => self.spans.append(batch.clone()),
            Signal::Logs => self.logs.append(batch.clone()),
            Signal::Metrics => self.metrics.signal.append(batch.clone()),
        }
    }

    fn export(
        &self,
        signal: Signal,
        range: TimeRange,
        take: &mut dyn FnMut(Batch) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match signal {
            Signal::Traces => records::export(&self.spans, range, take),
            Signal::Logs => records::export(&self.logs, range, take),
            Signal::Metrics => self.metrics.export(range, take),
        }
    }

    fn trace(&self, trace_id: &[u8; 16], limits: &Limits) -> Result<Answer<Batch>, StoreError> {
        self.spans.telling_of_damage(TimeRange::ALL, traces::trace(&self.spans, trace_id, limits))
    }

    fn search_traces(
        &self,
        search: &TraceSearch,
        limits: &Limits,
    ) -> Result<Answer<Vec<TraceSummary>>, StoreError> {
        self.spans.telling_of_damage(search.range, traces::search(&self.spans, search, limits))
    }

    fn service_rates(
        &self,
        range: TimeRange,
        limits: &Limits,
    ) -> Result<Answer<Vec<ServiceRates>>, StoreError> {
        self.spans.telling_of_damage(range, requests::of_services(&self.spans, range, limits))
    }

    fn operation_rates(
        &self,
        service: &str,
        range: TimeRange,
        limits: &Limits,
    ) -> Result<Answer<Vec<OperationRates>>, StoreError> {
        let answer = requests::of_operations(&self.spans, service, range, limits);
        self.spans.telling_of_damage(range, answer)
    }

    fn service_edges(
        &self,
        range: TimeRange,
        limits: &Limits,
    ) -> Result<Answer<Vec<ServiceEdge>>, StoreError> {
        let answer = requests::edges(&self.spans, &self.calls, range, limits);
        self.spans.telling_of_damage(range, answer)
    }

    fn search_logs(&self, search: &LogSearch, limits: &Limits) -> Result<Answer<FoundLogs>, StoreError> {
        self.logs.telling_of_damage(search.range, logs::search(&self.logs, search, limits))
    }

    fn count_logs(
        &self,
        range: TimeRange,
        step_nano: u64,
        filter: &Filter,
        limits: &Limits,
    ) -> Result<Answer<Vec<LogCounts>>, StoreError> {
        let answer = logs::count(&self.logs, range, step_nano, filter, limits);
        self.logs.telling_of_damage(range, answer)
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
        let which = (range, filter);
        let answer = match signal {
            Signal::Traces => records::facets(&self.spans, which, fields, values_each, limits),
            Signal::Logs => records::facets(&self.logs, which, fields, values_each, limits),
            Signal::Metrics => self.metrics.facets(range, filter, fields, values_each, limits),
        };
        self.telling_of_damage(signal, range, answer)
    }

    fn frequent_attributes(
        &self,
        signal: Signal,
        range: TimeRange,
        filter: &Filter,
        limits: &Limits,
    ) -> Result<Answer<Vec<(Field, u64)>>, StoreError> {
        let answer = match signal {
            Signal::Traces => records::frequent_attributes(&self.spans, (range, filter), limits),
            Signal::Logs => records::frequent_attributes(&self.logs, (range, filter), limits),
            Signal::Metrics => {
                let keys = self.metrics.attribute_keys(range, &Limits { rows: usize::MAX, ..*limits })?;
                let facets = self.metrics.facets(range, filter, &keys.value, 0, limits)?;
                let counts = facets.value.into_iter().map(|facet| (facet.field, facet.items));
                let mut counts: Vec<(Field, u64)> = counts.filter(|(_, items)| *items > 0).collect();
                // They come by name, and stay so where they are equally frequent.
                counts.sort_by_key(|(_, items)| std::cmp::Reverse(*items));
                let has_more = counts.len() > limits.rows;
                counts.truncate(limits.rows);
                let cut = keys.cut.or(facets.cut).or(has_more.then_some(Cut::Rows));
                Ok(Answer { value: counts, cut })
            }
        };
        self.telling_of_damage(signal, range, answer)
    }

    fn attribute_keys(
        &self,
        signal: Signal,
        range: TimeRange,
        limits: &Limits,
    ) -> Result<Answer<Vec<Field>>, StoreError> {
        let answer = match signal {
            Signal::Traces => records::attribute_keys(&self.spans, range, limits),
            Signal::Logs => records::attribute_keys(&self.logs, range, limits),
            Signal::Metrics => self.metrics.attribute_keys(range, limits),
        };
        self.telling_of_damage(signal, range, answer)
    }

    fn metric_catalogue(
        &self,
        range: TimeRange,
        name: Option<&str>,
        limits: &Limits,
    ) -> Result<Answer<Vec<MetricCatalogueEntry>>, StoreError> {
        let answer = self.metrics.metric_catalogue(range, name, limits);
        self.telling_of_damage(Signal::Metrics, range, answer)
    }

    fn query_metric(
        &self,
        query: &MetricQuery,
        limits: &Limits,
    ) -> Result<Answer<Vec<MetricSeries>>, StoreError> {
        self.telling_of_damage(Signal::Metrics, query.range, self.metrics.query_metric(query, limits))
    }

    fn statistics(&self) -> Result<StoreStatistics, StoreError> {
        let metrics = self.metrics.signal.statistics();
        let signals = [self.spans.statistics(), metrics, self.logs.statistics()];
        let bytes = signals.iter().map(|signal| signal.bytes).sum();
        Ok(StoreStatistics { bytes, max_bytes: self.max_bytes, signals })
    }

    fn set_value(&self, key: &str, value: Option<Bytes>) -> Result<(), StoreError> {
        self.catalog.set_value(key, value.as_deref())
    }

    fn value(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        self.catalog.value(key)
    }
}
