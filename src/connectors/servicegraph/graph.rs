//! The graph that callers and timers work on: spans become edges, edges become metrics, metrics go on.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::ServiceGraphConfig;
use super::edge::{Edge, SpanRules};
use super::metrics::GraphMetrics;
use super::pairing::{PairingStore, Taken};
use crate::otlp::{Batch, resource_groups};
use crate::pipeline::{Clock, Consumer, Settings};
use crate::telemetry::drops::{DropReason, DropReporter};
use crate::telemetry::{Counter, component_span, instruments};

/// A series that nothing was added to for so long is forgotten.
const SERIES_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// The pause before what is handed on at shutdown is offered again after a retryable refusal.
const LAST_FLUSH_PAUSE: Duration = Duration::from_millis(100);

/// What the callers of the connector and its timers share.
pub(super) struct Graph {
    rules: SpanRules,
    waiting: PairingStore,
    metrics: GraphMetrics,
    clock: Clock,
    next: Arc<dyn Consumer>,
    has_virtual_nodes: bool,
    span: tracing::Span,
    drops: DropReporter,
    dropped_spans: Counter,
    total_edges: Counter,
    expired_edges: Counter,
}

impl Graph {
    /// A graph without edges.
    pub(super) fn new(config: &ServiceGraphConfig, settings: &Settings, next: Arc<dyn Consumer>) -> Self {
        let id = settings.id.to_string();
        let counter = |instrument| settings.telemetry.counter(instrument, &[("connector", &*id)]);
        let span = component_span(settings, "connector");
        if config.metrics_flush_interval.limit().is_none() {
            tracing::warn!(
                parent: &span,
                "MetricsFlushInterval is set to 0, metrics will be flushed on every received batch of traces"
            );
        }
        Self {
            rules: SpanRules::new(config),
            waiting: PairingStore::new(&config.store),
            metrics: GraphMetrics::new(config, settings.clock.now_unix_nano()),
            clock: settings.clock,
            next,
            has_virtual_nodes: !config.virtual_node_peer_attributes.is_empty(),
            span,
            drops: DropReporter::new(settings, "connector"),
            dropped_spans: counter(&instruments::SERVICE_GRAPH_DROPPED_SPANS),
            total_edges: counter(&instruments::SERVICE_GRAPH_TOTAL_EDGES),
            expired_edges: counter(&instruments::SERVICE_GRAPH_EXPIRED_EDGES),
        }
    }

    /// Pairs the spans of a batch. Each lock is held for one span.
    pub(super) fn take_spans(&self, batch: &Batch) {
        let now = Instant::now();
        let (mut new_edges, mut without_room) = (0, 0);
        for group in batch.parts().iter().flat_map(|part| resource_groups(part)) {
            let Some(service) = self.rules.service(&group.resource) else {
                continue;
            };
            for span in group.scope_groups.iter().flat_map(|scope_group| scope_group.spans()) {
                let Some(half) = self.rules.half_of(&service, &span) else {
                    continue;
                };
                let key = self.rules.edge_key(&span, half.side);
                match self.waiting.take(key, half, now) {
                    Taken::Waits { is_new } => new_edges += u64::from(is_new),
                    Taken::Completes { is_new, edge } => {
                        new_edges += u64::from(is_new);
                        self.metrics.add(&edge, now);
                    }
                    Taken::NoRoom => without_room += 1,
                }
            }
        }
        self.total_edges.add(new_edges);
        self.dropped_spans.add(without_room);
        let error = "max_items spans wait for their other half already";
        self.drops.dropped(usize::try_from(without_room).unwrap_or(usize::MAX), DropReason::StateFull, error);
    }

    /// Gives up waiting for the other half where it took too long.
    pub(super) fn expire(&self, now: Instant) {
        for edge in self.waiting.take_due(now) {
            self.give_up(edge, now);
        }
    }

    /// Forgets series that nothing was added to for long.
    pub(super) fn forget_idle(&self) {
        self.metrics.forget_idle(SERIES_LIFETIME, self.clock.now_unix_nano());
    }

    /// Gives up waiting altogether.
    pub(super) fn expire_all(&self) {
        let now = Instant::now();
        for edge in self.waiting.take_all() {
            self.give_up(edge, now);
        }
    }

    fn give_up(&self, mut edge: Edge, now: Instant) {
        self.expired_edges.add(1);
        if !self.has_virtual_nodes {
            return;
        }
        if edge.caller_is_unknown() {
            edge.assume_user();
            self.metrics.add(&edge, now);
        }
        if edge.callee_is_unknown() {
            edge.assume_peer();
            self.metrics.add(&edge, now);
        }
    }

    /// Hands the metrics on. They are cumulative, so what is refused comes again with the next flush.
    pub(super) async fn flush(&self) {
        let Some(batch) = self.metrics.to_batch(self.clock.now_unix_nano()) else {
            return;
        };
        if let Err(refusal) = self.next.consume(batch).await {
            tracing::error!(parent: &self.span, error = %refusal, "failed to flush metrics");
        }
    }

    /// Hands the metrics on for the last time, until they are taken or time is up.
    pub(super) async fn flush_last(&self, deadline: Instant) {
        let Some(batch) = self.metrics.to_batch(self.clock.now_unix_nano()) else {
            return;
        };
        loop {
            let taken = tokio::time::timeout_at(deadline, self.next.consume(batch.clone())).await;
            let (reason, error) = match taken {
                Ok(Ok(())) => return,
                Ok(Err(refusal)) if refusal.is_permanent() => (DropReason::Permanent, refusal.to_string()),
                Ok(Err(refusal)) if Instant::now() + LAST_FLUSH_PAUSE >= deadline => {
                    (DropReason::Shutdown, refusal.to_string())
                }
                Ok(Err(_)) => {
                    tokio::time::sleep(LAST_FLUSH_PAUSE).await;
                    continue;
                }
                Err(_) => (DropReason::Shutdown, "the next component did not take it in time".to_owned()),
            };
            self.drops.dropped(batch.items(), reason, &error);
            return;
        }
    }
}
