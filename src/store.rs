//! The embedded store: keeps the telemetry that flows through and answers the console's questions about it.
//!
//! [`TelemetryStore`] is the contract between whoever writes (exporter `store`), whoever asks (the console) and the
//! engines behind it. Every method blocks: callers are off the asynchronous workers. Telemetry goes in and comes out
//! as serialized OTLP; what is computed over it comes out as plain values.

pub mod answer;
pub mod engine;
pub mod facets;
pub mod filter;
pub mod grouped_items;
pub mod logs;
pub mod memory;
pub mod metrics;
pub mod requests;
pub mod series;
pub mod service_edges;
pub mod traces;

#[cfg(test)]
mod tests;

use bytes::Bytes;

pub use answer::{Answer, Cut, Limits, TimeRange};
pub use facets::Facet;
pub use filter::{Condition, Field, Filter, Test};
pub use logs::{FoundLogs, LogCounts, LogPosition, LogSearch};
pub use memory::MemoryStore;
pub use metrics::{
    Aggregation, ExemplarOfTime, HeatmapColumn, MetricCatalogueEntry, MetricKind, MetricQuery, MetricSeries,
    PointOfTime,
};
pub use requests::{
    DurationBuckets, MinuteOfRequests, OperationRates, RequestRates, ServiceEdge, ServiceRates,
};
pub use traces::{ServiceShare, TraceOrder, TraceSearch, TraceSummary};

use crate::otlp::{Batch, Signal};

/// Keeps traces, metrics and logs, and answers questions about them.
///
/// A store sees what was appended before the question was asked. Items are kept under their own time (a span's start,
/// a record's time or else the observed one, a data point's time); ranges of time are about that time.
pub trait TelemetryStore: Send + Sync {
    /// Keeps `batch`. After `Ok` it is kept as durably as the store is configured; on an error nothing of it is.
    fn append(&self, batch: &Batch) -> Result<(), StoreError>;

    /// Everything of `signal` in `range`, in batches of some thousand items, in no promised order. `take` may end it.
    fn export(
        &self,
        signal: Signal,
        range: TimeRange,
        take: &mut dyn FnMut(Batch) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Every span of a trace, as a batch of spans in no promised order; an empty batch where there is none.
    fn trace(&self, trace_id: &[u8; 16], limits: &Limits) -> Result<Answer<Batch>, StoreError>;

    /// The traces that have a span as searched for, each with what is known of all its spans.
    fn search_traces(
        &self,
        search: &TraceSearch,
        limits: &Limits,
    ) -> Result<Answer<Vec<TraceSummary>>, StoreError>;

    /// Requests, errors and durations of every service, by whole minutes.
    fn service_rates(
        &self,
        range: TimeRange,
        limits: &Limits,
    ) -> Result<Answer<Vec<ServiceRates>>, StoreError>;

    /// The same for every operation of one service.
    fn operation_rates(
        &self,
        service: &str,
        range: TimeRange,
        limits: &Limits,
    ) -> Result<Answer<Vec<OperationRates>>, StoreError>;

    /// Who called whom.
    fn service_edges(
        &self,
        range: TimeRange,
        limits: &Limits,
    ) -> Result<Answer<Vec<ServiceEdge>>, StoreError>;

    /// The newest log records that fit.
    fn search_logs(&self, search: &LogSearch, limits: &Limits) -> Result<Answer<FoundLogs>, StoreError>;

    /// How many records fit, over time and by severity. Every step of the range has its entry; the range must have
    /// [`MAX_STEPS`](answer::MAX_STEPS) at most.
    fn count_logs(
        &self,
        range: TimeRange,
        step_nano: u64,
        filter: &Filter,
        limits: &Limits,
    ) -> Result<Answer<Vec<LogCounts>>, StoreError>;

    /// For each of `fields`, in their order, the most frequent values among the items of `signal` that fit, up to
    /// `values_each`. Items without the field are not counted. Of very many different values the rare ones may be left
    /// out; the answer is then cut by values, and counts may be too low.
    fn facets(
        &self,
        signal: Signal,
        range: TimeRange,
        filter: &Filter,
        fields: &[Field],
        values_each: usize,
        limits: &Limits,
    ) -> Result<Answer<Vec<Facet>>, StoreError>;

    /// The attribute keys that most of the items of `signal` which fit have, scopes' and resources' included, each with
    /// how many have it: most frequent first and equally frequent ones by name.
    fn frequent_attributes(
        &self,
        signal: Signal,
        range: TimeRange,
        filter: &Filter,
        limits: &Limits,
    ) -> Result<Answer<Vec<(Field, u64)>>, StoreError>;

    /// The attribute keys seen on items of `signal` in `range`, scopes' and resources' included, in alphabetical order.
    /// An engine may answer about a somewhat wider range.
    fn attribute_keys(
        &self,
        signal: Signal,
        range: TimeRange,
        limits: &Limits,
    ) -> Result<Answer<Vec<Field>>, StoreError>;

    /// What metrics there are, by name; only those called `name` where one is given.
    fn metric_catalogue(
        &self,
        range: TimeRange,
        name: Option<&str>,
        limits: &Limits,
    ) -> Result<Answer<Vec<MetricCatalogueEntry>>, StoreError>;

    /// One metric over time.
    fn query_metric(
        &self,
        query: &MetricQuery,
        limits: &Limits,
    ) -> Result<Answer<Vec<MetricSeries>>, StoreError>;

    /// How full the store is.
    fn statistics(&self) -> Result<StoreStatistics, StoreError>;

    /// Small values beside the telemetry that must live as long (saved views, silences); none deletes.
    fn set_value(&self, key: &str, value: Option<Bytes>) -> Result<(), StoreError>;

    /// A value set so.
    fn value(&self, key: &str) -> Result<Option<Bytes>, StoreError>;
}

/// How full a store is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreStatistics {
    /// Bytes on disk, or in memory for an engine that keeps them there.
    pub bytes: u64,
    /// Bytes above which the oldest partitions go; none where there is no such limit.
    pub max_bytes: Option<u64>,
    /// Traces, metrics, logs.
    pub signals: [SignalStatistics; 3],
}

/// How much of one signal is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SignalStatistics {
    /// Spans, data points or log records.
    pub items: u64,
    /// Bytes they take.
    pub bytes: u64,
    /// Pieces of time, each a file.
    pub partitions: u64,
    /// The time of the oldest item kept; none where there is none.
    pub oldest_unix_nano: Option<u64>,
}

/// Why the store could not do as asked. Each message is a sentence for people.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The disk has less left than the store is told to leave free.
    #[error("{0}")]
    Full(String),
    /// The file or directory is of a version this program does not know, or is not a store's.
    #[error("{0}")]
    Format(String),
    /// The question cannot be answered as put, for example a quantile of a gauge.
    #[error("{0}")]
    Question(String),
    /// What is in a file is damaged.
    #[error("{0}")]
    Damaged(String),
    /// The disk or the database beneath failed.
    #[error("{0}")]
    Engine(String),
}
