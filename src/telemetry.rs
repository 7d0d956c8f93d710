//! Weir's telemetry about itself.

mod histogram;
pub mod instruments;
mod registry;

pub use histogram::{Histogram, HistogramReading};
pub use registry::{
    Counter, GaugeGuard, InstrumentDescription, InstrumentKind, InstrumentReading, MetricsLevel,
    SeriesReading, SeriesValue, Telemetry,
};
