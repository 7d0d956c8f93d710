//! The plain engine and the one on disk, held against each other.

mod comparison;
pub(super) mod lines;
mod questions;
mod telemetry;
mod telemetry_of_metrics;
