//! Weir's telemetry about itself.

mod histogram;
pub mod instruments;
pub mod process;
pub mod prometheus;
mod registry;
mod server;

pub use histogram::{Histogram, HistogramReading};
pub use process::resident_bytes;
pub use registry::{
    Counter, GaugeGuard, InstrumentDescription, InstrumentKind, InstrumentReading, MetricsLevel,
    SeriesReading, SeriesValue, Telemetry,
};
pub use server::{MetricsPage, MetricsServer};
