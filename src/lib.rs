//! Weir: an OpenTelemetry collector and monitoring station in one binary.
//!
//! Reading order: [`otlp`] (telemetry as serialized requests), [`pipeline`] (the contract between
//! components and the graph built from it), [`config`] (from YAML to typed sections), [`components`]
//! (the registry), then the components themselves.

pub mod alarms;
pub mod build_info;
pub mod cli;
pub mod components;
pub mod config;
pub mod connectors;
pub mod console;
pub mod exporters;
pub mod extensions;
pub mod log_operators;
pub mod metric_streams;
pub mod network;
pub mod otlp;
pub mod pipeline;
pub mod processors;
pub mod prometheus;
pub mod receivers;
pub mod spec;
pub mod store;
pub mod telemetry;
pub mod zipkin;
