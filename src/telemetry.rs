//! Weir's telemetry about itself.

pub mod instruments;
mod registry;

pub use registry::{Counter, Histogram, InstrumentDescription, InstrumentKind, Telemetry};
