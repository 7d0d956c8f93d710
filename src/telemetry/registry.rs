//! The registry of instruments and their time series.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::histogram::{Histogram, HistogramReading};
use crate::config::telemetry::MetricsLevel;

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
    /// From which level of detail on it is shown.
    pub level: MetricsLevel,
    /// The instrumentation scope: for the Collector's own instruments the one they have there.
    pub scope: &'static str,
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
    guards: Arc<AtomicU64>,
}

/// The instrument's name, then the attributes in the order of their names.
type SeriesKey = (&'static str, Vec<(String, String)>);

struct Series {
    description: &'static InstrumentDescription,
    state: SeriesState,
}

enum SeriesState {
    Counter(Counter),
    Histogram(Histogram),
    Read { guard: u64, read: Arc<dyn Fn() -> f64 + Send + Sync> },
}

/// A sum that only grows. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicU64>);

/// Keeps a gauge registered; dropping it removes the series.
#[must_use = "a gauge is removed as soon as its guard is dropped"]
pub struct GaugeGuard {
    telemetry: Telemetry,
    key: SeriesKey,
    number: u64,
}

/// One time series at the moment of reading.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesReading {
    /// In the order of their names.
    pub attributes: Vec<(String, String)>,
    /// What the instrument says.
    pub value: SeriesValue,
}

/// The value of a time series.
#[derive(Debug, Clone, PartialEq)]
pub enum SeriesValue {
    /// Of a counter or a gauge.
    Number(f64),
    /// Of a histogram.
    Histogram(HistogramReading),
}

/// An instrument with all its time series at the moment of reading.
#[derive(Debug)]
pub struct InstrumentReading {
    /// The instrument.
    pub description: &'static InstrumentDescription,
    /// Its time series, in the order of their attributes; never empty.
    pub series: Vec<SeriesReading>,
}

impl Telemetry {
    /// The counter of `description` with these attributes; the same one each time it is asked for.
    pub fn counter(
        &self,
        description: &'static InstrumentDescription,
        attributes: &[(&str, &str)],
    ) -> Counter {
        let mut series = self.series.lock();
        let entry = series
            .entry(series_key(description, attributes))
            .or_insert_with(|| Series { description, state: SeriesState::Counter(Counter::default()) });
        match &entry.state {
            SeriesState::Counter(counter) => counter.clone(),
            _ => Counter::default(),
        }
    }

    /// The histogram of `description` with these attributes; `bounds` (inclusive upper bounds, rising)
    /// hold for its first user.
    pub fn histogram(
        &self,
        description: &'static InstrumentDescription,
        attributes: &[(&str, &str)],
        bounds: &[f64],
    ) -> Histogram {
        let mut series = self.series.lock();
        let entry = series.entry(series_key(description, attributes)).or_insert_with(|| Series {
            description,
            state: SeriesState::Histogram(Histogram::with_bounds(bounds)),
        });
        match &entry.state {
            SeriesState::Histogram(histogram) => histogram.clone(),
            _ => Histogram::with_bounds(bounds),
        }
    }

    /// Registers a series whose value `read` tells whenever it is asked for, until the guard is dropped.
    /// It takes the place of a series with the same attributes. `description` may also be a counter
    /// whose sum is kept elsewhere. `read` must not use this registry.
    pub fn gauge(
        &self,
        description: &'static InstrumentDescription,
        attributes: &[(&str, &str)],
        read: impl Fn() -> f64 + Send + Sync + 'static,
    ) -> GaugeGuard {
        let key = series_key(description, attributes);
        let number = self.guards.fetch_add(1, Ordering::Relaxed);
        let state = SeriesState::Read { guard: number, read: Arc::new(read) };
        let mut series = self.series.lock();
        let replaced = series.insert(key.clone(), Series { description, state });
        drop(series);
        // What it read may hold a component with gauges of its own.
        drop(replaced);
        GaugeGuard { telemetry: self.clone(), key, number }
    }

    /// Every instrument that has series and is shown at `level`, in the order of their names.
    pub fn read(&self, level: MetricsLevel) -> Vec<InstrumentReading> {
        let mut readings: Vec<InstrumentReading> = Vec::new();
        for ((_, attributes), series) in &*self.series.lock() {
            if level == MetricsLevel::None || series.description.level > level {
                continue;
            }
            let reading = SeriesReading { attributes: attributes.clone(), value: series.state.value() };
            match readings.last_mut() {
                Some(last) if last.description.name == series.description.name => last.series.push(reading),
                _ => readings
                    .push(InstrumentReading { description: series.description, series: vec![reading] }),
            }
        }
        readings
    }
}

fn series_key(description: &'static InstrumentDescription, attributes: &[(&str, &str)]) -> SeriesKey {
    let owned = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let mut attributes: Vec<_> = owned.collect();
    attributes.sort();
    (description.name, attributes)
}

impl SeriesState {
    fn value(&self) -> SeriesValue {
        match self {
            Self::Counter(counter) => SeriesValue::Number(counter.value() as f64),
            Self::Histogram(histogram) => SeriesValue::Histogram(histogram.read()),
            Self::Read { read, .. } => SeriesValue::Number(read()),
        }
    }
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

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        let mut series = self.telemetry.series.lock();
        // After a reload the successor of this component may already have taken the series over.
        let is_own = series.get(&self.key).is_some_and(
            |series| matches!(series.state, SeriesState::Read { guard, .. } if guard == self.number),
        );
        let removed = is_own.then(|| series.remove(&self.key));
        drop(series);
        // What the gauge reads goes with it, and may hold a component with gauges of its own.
        drop(removed);
    }
}

#[cfg(test)]
mod tests {
    use super::super::instruments;
    use super::*;

    fn names(telemetry: &Telemetry, level: MetricsLevel) -> Vec<&'static str> {
        telemetry.read(level).iter().map(|reading| reading.description.name).collect()
    }

    #[test]
    fn the_same_attributes_in_any_order_are_the_same_series() {
        let telemetry = Telemetry::default();
        let accepted = &instruments::RECEIVER_ACCEPTED_SPANS;
        telemetry.counter(accepted, &[("receiver", "otlp"), ("transport", "grpc")]).add(2);
        telemetry.counter(accepted, &[("transport", "grpc"), ("receiver", "otlp")]).add(3);
        let readings = telemetry.read(MetricsLevel::Basic);
        assert_eq!(readings.len(), 1);
        assert_eq!(readings[0].series.len(), 1);
        assert_eq!(readings[0].series[0].value, SeriesValue::Number(5.0));
    }

    #[test]
    fn each_level_shows_what_it_should() {
        let telemetry = Telemetry::default();
        telemetry.counter(&instruments::RECEIVER_ACCEPTED_SPANS, &[]);
        telemetry.counter(&instruments::BATCH_TIMEOUT_TRIGGER_SEND, &[]);
        telemetry.histogram(&instruments::BATCH_SEND_SIZE_BYTES, &[], &instruments::BYTE_SIZE_BOUNDS);
        assert_eq!(names(&telemetry, MetricsLevel::None), Vec::<&str>::new());
        assert_eq!(names(&telemetry, MetricsLevel::Basic), ["otelcol_receiver_accepted_spans"]);
        assert_eq!(
            names(&telemetry, MetricsLevel::Normal),
            ["otelcol_processor_batch_timeout_trigger_send", "otelcol_receiver_accepted_spans"]
        );
        assert_eq!(
            names(&telemetry, MetricsLevel::Detailed),
            [
                "otelcol_processor_batch_batch_send_size_bytes",
                "otelcol_processor_batch_timeout_trigger_send",
                "otelcol_receiver_accepted_spans",
            ]
        );
    }

    #[test]
    fn a_gauge_goes_with_its_guard_but_not_with_that_of_its_predecessor() {
        let telemetry = Telemetry::default();
        let queue_size = &instruments::EXPORTER_QUEUE_SIZE;
        let first = telemetry.gauge(queue_size, &[("exporter", "otlp")], || 1.0);
        let second = telemetry.gauge(queue_size, &[("exporter", "otlp")], || 2.0);
        drop(first);
        let readings = telemetry.read(MetricsLevel::Normal);
        assert_eq!(readings[0].series[0].value, SeriesValue::Number(2.0));
        drop(second);
        assert!(telemetry.read(MetricsLevel::Normal).is_empty());
    }

    #[test]
    fn a_gauge_may_own_the_last_of_a_component_with_gauges() {
        let telemetry = Telemetry::default();
        let inner = telemetry.gauge(&instruments::EXPORTER_QUEUE_SIZE, &[], || 1.0);
        let owner = Arc::new(inner);
        let outer = telemetry.gauge(&instruments::BATCH_METADATA_CARDINALITY, &[], move || {
            let _owned = &owner;
            1.0
        });
        drop(outer);
        assert!(telemetry.read(MetricsLevel::Normal).is_empty());
    }
}
