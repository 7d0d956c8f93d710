//! Components that bring telemetry in.

pub mod filelog;
pub mod hostmetrics;
pub mod nop;
pub mod otlp;
pub mod prometheus;
pub mod scraping;
pub mod zipkin;
