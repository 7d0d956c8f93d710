//! Components that change, gather or drop telemetry.

pub mod batch;
pub mod memory_limiter;
