//! Components that bring telemetry in.

pub mod nop;
pub mod otlp;
