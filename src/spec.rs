//! Specs: readable files that say what a configuration does with telemetry, run by the engine itself.
//!
//! A spec names a configuration, sends it telemetry, lets virtual time pass, and says what must come out.
//! `docs/testing.md` is the reference. Reading order: `file` (what users write), `payload` (OTLP written as
//! YAML), `setup` and `ends` (the configuration with its receivers and exporters replaced), `run` (the steps)
//! with `idle` (when a step is over), `records` and `difference` (comparing what came out).

mod difference;
mod ends;
mod file;
mod idle;
mod payload;
mod records;
mod run;
mod setup;

pub use file::{Spec, spec_files};
pub use run::{Arrival, Failure, Outcome, run};
