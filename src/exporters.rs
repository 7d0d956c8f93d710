//! Components that bring telemetry out.

pub mod debug;
pub mod file;
pub mod nop;
pub mod otlp_grpc;
pub mod otlp_http;
pub mod prometheus;
pub mod prometheusremotewrite;
pub mod store;
pub mod zipkin;
