//! Weir: an OpenTelemetry collector and monitoring station in one binary.
//!
//! Reading order: [`otlp`] (telemetry as serialized requests), then the component contract and the
//! graph built from it, then the components themselves.

pub mod otlp;
