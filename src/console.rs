//! The console: an HTTP API over the store and the running pipelines, and the page that draws it.
//!
//! [`ConsoleServer`] listens and guards; [`router`] knows every address; [`api`] has one file for each group of
//! endpoints. Questions to the store run off the asynchronous workers, a bounded number at a time, each with limits.

pub mod answer;
pub mod api;
pub mod asked;
pub mod config;
pub mod dashboards;
pub mod demo;
pub mod event_stream;
pub mod page;
pub mod router;
pub mod security;
pub mod server;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::dashboards::DashboardConfig;
pub use self::server::ConsoleServer;
use crate::pipeline::{Clock, InFlightBytes, ServiceDescription};
use crate::store::TelemetryStore;
use crate::telemetry::Telemetry;

/// What every answer is made from.
pub struct Console {
    /// Where telemetry is kept.
    pub store: Arc<dyn TelemetryStore>,
    /// What runs.
    pub service: Arc<ServiceDescription>,
    /// Our own metrics.
    pub telemetry: Telemetry,
    /// The bytes the process holds.
    pub in_flight: InFlightBytes,
    /// What time it is.
    pub clock: Clock,
    /// When the console began, in nanoseconds since 1970.
    pub started_unix_nano: u64,
    /// Whether nothing may be changed through it.
    pub read_only: bool,
    /// The dashboards that files have.
    pub dashboards: Vec<DashboardConfig>,
    /// How long a question to the store may take.
    pub question_timeout: Duration,
    /// How many bytes of the store a question may read.
    pub question_bytes: u64,
    /// Questions to the store that may be under way at once.
    pub questions: Arc<Semaphore>,
    /// Streams of events that may be open at once.
    pub streams: Arc<Semaphore>,
    /// Cancelled when the console stops; ends streams of events.
    pub stopping: CancellationToken,
}
