//! Components that bring telemetry out.

pub mod nop;
