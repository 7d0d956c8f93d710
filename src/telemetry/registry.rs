//! The registry of instruments and their time series.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// What an instrument is called and measures.
#[derive(Debug)]
pub struct InstrumentDescription {
    /// The name as the Collector's default Prometheus reader shows it.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: InstrumentKind,
    /// The unit in UCUM, annotations in braces.
    pub unit: &'static str,
    /// What is measured.
    pub description: &'static str,
}

/// The kinds of instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstrumentKind {
    /// Only goes up.
    Counter,
    /// Goes up and down; read when asked for.
    Gauge,
    /// Counts values by size.
    Histogram,
}

/// The process's instruments. Cloning shares them.
#[derive(Clone, Default)]
pub struct Telemetry {
    series: Arc<Mutex<BTreeMap<SeriesKey, Series>>>,
}

type SeriesKey = (&'static str, Vec<(String, String)>);

enum Series {
    Counter(Counter),
    Histogram(Histogram),
}

/// A sum that only grows. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicU64>);

/// Values counted by size. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Histogram(Arc<Mutex<HistogramState>>);

#[derive(Debug)]
struct HistogramState {
    bounds: Vec<f64>,
    counts: Vec<u64>,
    sum: f64,
}

impl Telemetry {
    /// The counter of `description` with these attributes; the same one each time it is asked for.
    pub fn counter(
        &self,
        description: &'static InstrumentDescription,
        attributes: &[(&str, &str)],
    ) -> Counter {
        let mut series = self.series.lock();
        let entry =
            series.entry(key(description, attributes)).or_insert_with(|| Series::Counter(Counter::default()));
        match entry {
            Series::Counter(counter) => counter.clone(),
            _ => Counter::default(),
        }
    }

    /// The histogram of `description` with these attributes; `bounds` hold for its first user.
    pub fn histogram(
        &self,
        description: &'static InstrumentDescription,
        attributes: &[(&str, &str)],
        bounds: &[f64],
    ) -> Histogram {
        let mut series = self.series.lock();
        let entry = series
            .entry(key(description, attributes))
            .or_insert_with(|| Series::Histogram(Histogram::with_bounds(bounds)));
        match entry {
            Series::Histogram(histogram) => histogram.clone(),
            _ => Histogram::with_bounds(bounds),
        }
    }
}

fn key(description: &'static InstrumentDescription, attributes: &[(&str, &str)]) -> SeriesKey {
    let owned = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    (description.name, owned.collect())
}

impl Counter {
    /// Adds `amount`.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// The sum so far.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Histogram {
    fn with_bounds(bounds: &[f64]) -> Self {
        let state = HistogramState { bounds: bounds.to_vec(), counts: vec![0; bounds.len() + 1], sum: 0.0 };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Counts one value.
    pub fn record(&self, value: f64) {
        let mut state = self.0.lock();
        let bucket = state.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = state.counts.get_mut(bucket) {
            *count += 1;
        }
        state.sum += value;
    }
}
