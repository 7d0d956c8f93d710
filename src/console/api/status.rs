//! What this is, where it takes telemetry, and how full the store is.

use serde::Serialize;

use crate::build_info;
use crate::console::answer::{ApiError, milliseconds};
use crate::console::asked::Asked;
use crate::pipeline::ComponentKind;
use crate::pipeline::description::ComponentDescription;
use crate::store::SignalStatistics;

/// Answer of `/status`.
#[derive(Debug, Serialize)]
pub struct Status {
    version: &'static str,
    started_ms: f64,
    now_ms: f64,
    read_only: bool,
    otlp: Vec<OtlpEndpoint>,
    store: StoreStatus,
}

#[derive(Debug, Serialize)]
struct OtlpEndpoint {
    protocol: &'static str,
    endpoint: String,
}

#[derive(Debug, Serialize)]
struct StoreStatus {
    bytes: u64,
    max_bytes: Option<u64>,
    signals: SignalStatuses,
}

#[derive(Debug, Serialize)]
struct SignalStatuses {
    traces: SignalStatus,
    metrics: SignalStatus,
    logs: SignalStatus,
}

#[derive(Debug, Serialize)]
struct SignalStatus {
    items: u64,
    bytes: u64,
    partitions: u64,
    oldest_ms: Option<f64>,
}

/// How it is.
pub fn status(asked: &Asked<'_>) -> Result<Status, ApiError> {
    let console = asked.console;
    let statistics = asked.store().statistics()?;
    let [traces, metrics, logs] = statistics.signals.map(SignalStatus::from);
    let receivers = console
        .service
        .components
        .iter()
        .filter(|component| component.kind == ComponentKind::Receiver && component.type_name == "otlp");
    Ok(Status {
        version: build_info::VERSION,
        started_ms: milliseconds(console.started_unix_nano),
        now_ms: milliseconds(console.clock.now_unix_nano()),
        read_only: console.read_only,
        otlp: receivers.flat_map(otlp_endpoints).collect(),
        store: StoreStatus {
            bytes: statistics.bytes,
            max_bytes: statistics.max_bytes,
            signals: SignalStatuses { traces, metrics, logs },
        },
    })
}

fn otlp_endpoints(receiver: &ComponentDescription) -> impl Iterator<Item = OtlpEndpoint> {
    ["grpc", "http"].into_iter().filter_map(|protocol| {
        let section = receiver.section.get("protocols")?.get(protocol)?;
        let endpoint = section.get("endpoint")?.as_str()?.to_owned();
        Some(OtlpEndpoint { protocol, endpoint })
    })
}

impl From<SignalStatistics> for SignalStatus {
    fn from(statistics: SignalStatistics) -> Self {
        Self {
            items: statistics.items,
            bytes: statistics.bytes,
            partitions: statistics.partitions,
            oldest_ms: statistics.oldest_unix_nano.map(milliseconds),
        }
    }
}
