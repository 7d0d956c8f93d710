//! Weir's telemetry about itself.

mod component_span;
pub mod drops;
mod histogram;
pub mod instruments;
pub mod logging;
mod own_metrics;
pub mod process;
pub mod prometheus;
mod registry;
mod server;
mod utc_time;

pub use component_span::component_span;
pub use histogram::{Histogram, HistogramReading};
pub(crate) use own_metrics::random_uuid;
pub use own_metrics::{OwnMetrics, own_resource};
pub use process::resident_bytes;
pub use registry::{
    Counter, GaugeGuard, InstrumentDescription, InstrumentKind, InstrumentReading, SeriesReading,
    SeriesValue, Telemetry,
};
pub use server::{MetricsPage, MetricsServer};
pub use utc_time::UtcTime;
