//! Components that bring telemetry out.

pub mod nop;
pub mod otlp_grpc;
