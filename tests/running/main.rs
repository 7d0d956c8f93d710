//! The binary as people run it: with the ready configurations, under signals, in front of hostile clients, as it speaks of
//! itself, and as `docker-compose.yml` sets it up.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "this crate is tests all over")]

mod alarms;
mod certificates;
mod compose;
mod console;
mod grpc_faults;
mod http_faults;
mod load_until_refused;
mod log_files;
mod own_telemetry;
mod persistent_queue;
mod pipelines;
#[cfg(feature = "real-parts")]
mod prometheus;
mod received;
#[cfg(feature = "real-parts")]
mod remote_write;
#[cfg(feature = "real-parts")]
mod request_rates;
mod scrape;
mod send;
mod shutdown;
mod sink;
mod store;
mod weir_process;
