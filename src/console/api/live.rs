//! What flows through the graph now: rates, queues and losses, each second.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, MissedTickBehavior};

use crate::config::telemetry::MetricsLevel;
use crate::console::Console;
use crate::console::answer::ApiError;
use crate::console::asked::Asked;
use crate::console::event_stream::EventSender;
use crate::console::router::Produce;
use crate::pipeline::ComponentKind;
use crate::pipeline::description::{ComponentDescription, EdgeDescription};
use crate::telemetry::{InstrumentReading, SeriesReading, SeriesValue, resident_bytes};

/// Data of the event `rates`.
#[derive(Debug, Serialize)]
struct Rates {
    edges: BTreeMap<String, EdgeRates>,
    components: BTreeMap<String, ComponentCounts>,
    process: ProcessState,
}

#[derive(Debug, Serialize)]
struct EdgeRates {
    items_per_s: f64,
    bytes_per_s: f64,
}

/// Totals since the start.
#[derive(Debug, Serialize)]
struct ComponentCounts {
    refused: f64,
    failed: f64,
    dropped: BTreeMap<String, f64>,
    queue: Option<QueueFill>,
}

#[derive(Debug, Serialize)]
struct QueueFill {
    size: f64,
    capacity: f64,
}

#[derive(Debug, Serialize)]
struct ProcessState {
    cpu_share: f64,
    rss_bytes: u64,
    in_flight_bytes: u64,
}

const INTERVAL: Duration = Duration::from_secs(1);

/// Rates since the event before, each second.
pub fn live(console: &Arc<Console>, _: &Asked<'_>) -> Result<Produce, ApiError> {
    let console = Arc::clone(console);
    Ok(Box::new(move |sender| Box::pin(send_rates(console, sender))))
}

async fn send_rates(console: Arc<Console>, sender: EventSender) {
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval.tick().await;
    let mut before = Snapshot::take(&console);
    loop {
        interval.tick().await;
        let now = Snapshot::take(&console);
        sender.send("rates", &now.rates_since(&before, &console)).await;
        before = now;
    }
}

/// Our own metrics at a moment.
struct Snapshot {
    at: Instant,
    instruments: BTreeMap<&'static str, Vec<SeriesReading>>,
}

impl Snapshot {
    fn take(console: &Console) -> Self {
        let readings = console.telemetry.read(MetricsLevel::Detailed).into_iter();
        let by_name = |reading: InstrumentReading| (reading.description.name, reading.series);
        Self { at: Instant::now(), instruments: readings.map(by_name).collect() }
    }

    fn rates_since(&self, before: &Self, console: &Console) -> Rates {
        let seconds = self.at.saturating_duration_since(before.at).as_secs_f64().max(0.001);
        let service = &console.service;
        let of_node = |node: &str| service.components.iter().find(|component| component.node == node);
        let edge = |edge: &EdgeDescription| {
            let from = of_node(&edge.from);
            let rate = |what| {
                let total = |snapshot: &Self| from.map_or(0.0, |from| snapshot.produced(from, edge, what));
                (total(self) - total(before)) / seconds
            };
            (edge.id.clone(), EdgeRates { items_per_s: rate("items"), bytes_per_s: rate("size") })
        };
        let cpu_seconds = |snapshot: &Self| snapshot.sum("otelcol_process_cpu_seconds", &[]);
        let counts = |component: &ComponentDescription| (component.node.clone(), self.counts(component));
        Rates {
            edges: service.edges.iter().map(edge).collect(),
            components: service.components.iter().map(counts).collect(),
            process: ProcessState {
                cpu_share: (cpu_seconds(self) - cpu_seconds(before)) / seconds,
                rss_bytes: resident_bytes().unwrap_or(0),
                in_flight_bytes: console.in_flight.bytes() as u64,
            },
        }
    }

    /// What left `from` for good: whatever leads from it gets the same.
    fn produced(&self, from: &ComponentDescription, edge: &EdgeDescription, what: &str) -> f64 {
        let kind = from.kind.name();
        let id = from.id.to_string();
        let mut attributes =
            vec![(kind, id.as_str()), ("otel_signal", edge.signal.name()), ("outcome", "success")];
        let pipeline = from.pipeline.as_ref().map(ToString::to_string);
        attributes.extend(pipeline.as_deref().map(|pipeline| ("pipeline", pipeline)));
        self.sum(&format!("otelcol_{kind}_produced_{what}"), &attributes)
    }

    fn counts(&self, component: &ComponentDescription) -> ComponentCounts {
        let kind = component.kind.name();
        let id = component.id.to_string();
        let own = [(kind, id.as_str())];
        let verb = if component.kind == ComponentKind::Receiver { "produced" } else { "consumed" };
        let mut refused = vec![(kind, id.as_str()), ("outcome", "refused")];
        let pipeline = component.pipeline.as_ref().map(ToString::to_string);
        refused.extend(pipeline.as_deref().map(|pipeline| ("pipeline", pipeline)));
        let failed = ["spans", "metric_points", "log_records"]
            .map(|items| self.sum(&format!("otelcol_exporter_send_failed_{items}"), &own));
        let capacity = self.sum("otelcol_exporter_queue_capacity", &own);
        let size = self.sum("otelcol_exporter_queue_size", &own);
        let has_queue = component.kind == ComponentKind::Exporter && capacity > 0.0;
        ComponentCounts {
            refused: self.sum(&format!("otelcol_{kind}_{verb}_items"), &refused),
            failed: if component.kind == ComponentKind::Exporter { failed.iter().sum() } else { 0.0 },
            dropped: self.dropped(&id, kind),
            queue: has_queue.then_some(QueueFill { size, capacity }),
        }
    }

    /// By reason, those that occurred.
    fn dropped(&self, id: &str, kind: &str) -> BTreeMap<String, f64> {
        let mut dropped = BTreeMap::new();
        for series in self.matching("weir_dropped_items", &[("component", id), ("kind", kind)]) {
            let reason = series.attributes.iter().find(|(name, _)| name == "reason");
            let count = number(series);
            if let Some((_, reason)) = reason.filter(|_| count > 0.0) {
                *dropped.entry(reason.clone()).or_insert(0.0) += count;
            }
        }
        dropped
    }

    fn sum(&self, instrument: &str, attributes: &[(&str, &str)]) -> f64 {
        self.matching(instrument, attributes).map(number).sum()
    }

    fn matching<'a>(
        &'a self,
        instrument: &str,
        attributes: &'a [(&str, &str)],
    ) -> impl Iterator<Item = &'a SeriesReading> {
        let series = self.instruments.get(instrument).into_iter().flatten();
        series.filter(|series| {
            attributes.iter().all(|(name, value)| {
                series.attributes.iter().any(|(own_name, own_value)| own_name == name && own_value == value)
            })
        })
    }
}

const fn number(series: &SeriesReading) -> f64 {
    match series.value {
        SeriesValue::Number(number) => number,
        SeriesValue::Histogram(_) => 0.0,
    }
}
