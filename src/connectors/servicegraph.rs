//! Connector `service_graph`: the requests between services, as metrics, out of their spans.
//!
//! A request has two spans: the caller's (client or producer) and, with that one as its parent, the
//! callee's (server or consumer). Each is one half of an `Edge` of the graph and waits in the
//! `PairingStore` for the other. An edge that is complete adds to the `GraphMetrics` of its two services.
//! One half alone becomes an edge to a *virtual node* when it has waited long enough: the caller of a root
//! span is called `user`, a callee goes by the peer attributes of the caller's span.
//!
//! Names, labels and semantics are those of the Collector's connector. Beyond it, nothing that is held is
//! lost at shutdown: halves that still wait are treated as expired, and the metrics are handed on a last time.

mod edge;
mod graph;
mod metrics;
mod pairing;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use self::graph::Graph;
use crate::config::GoDuration;
use crate::config_section;
use crate::otlp::{Batch, Signal};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Component, ConnectorType, Consumer, Host, Outputs, Refusal, Settings, Stability,
    StartError, TaskScope,
};

config_section! {
    /// Counts the requests between services, the failed ones, and how long they take as either side
    /// sees it, from client and server (or producer and consumer) spans that belong together. The spans
    /// of a trace must all reach this instance.
    pub struct ServiceGraphConfig {
        /// The inclusive upper bounds of the latency histograms' buckets. Unset: 2ms, 4ms, 6ms, 8ms, 10ms,
        /// 50ms, 100ms, 200ms, 400ms, 800ms, 1s, 1400ms, 2s, 5s, 10s, 15s.
        pub latency_histogram_buckets: Option<Vec<GoDuration>> = None,
        /// How many buckets the latency histograms have at most; they are exponential ones then. 0 for
        /// explicit buckets.
        pub exponential_histogram_max_size: i32 = 0,
        /// Resource or span attributes that tell series apart too. What the caller has becomes
        /// `client_<name>`, what the callee has `server_<name>`.
        pub dimensions: Vec<String> = Vec::new(),
        /// Where spans wait for their other half.
        pub store: StoreConfig = StoreConfig::default(),
        /// How often series that nothing was added to for 15 minutes are looked for, to be forgotten.
        pub cache_loop: GoDuration = GoDuration::from_secs(60),
        /// How often spans that waited long enough are looked for.
        pub store_expiration_loop: GoDuration = GoDuration::from_secs(2),
        /// Attributes of a caller's span that name a callee without spans of its own, the first that is
        /// there counts. An empty list: no virtual nodes.
        pub virtual_node_peer_attributes: Vec<String> =
            ["peer.service", "db.name", "db.system"].map(str::to_owned).into(),
        /// Whether series say in the label `virtual_node` which side has no spans: `client`, `server` or
        /// nothing.
        pub virtual_node_extra_label: bool = false,
        /// How often metrics are handed on; 0 for after every batch of spans.
        pub metrics_flush_interval: GoDuration = GoDuration::from_secs(60),
        /// How far before the present the metrics are dated.
        pub metrics_timestamp_offset: GoDuration = GoDuration::ZERO,
        /// The resource or span attribute that names a caller's database. Deprecated: use
        /// `database_name_attributes`.
        pub database_name_attribute: String = String::new(),
        /// Resource or span attributes that name a caller's database, the first that is there counts.
        /// A request to a database is complete without a span of the callee.
        pub database_name_attributes: Vec<String> = Vec::new(),
    }
    check(section, checking) {
        if section.exponential_histogram_max_size < 0 {
            checking.error_at(
                "exponential_histogram_max_size",
                "`exponential_histogram_max_size` can not be negative",
            );
        }
        if section.latency_histogram_buckets.is_some() && section.exponential_histogram_max_size > 0 {
            checking.error_at(
                "latency_histogram_buckets",
                "use either `latency_histogram_buckets` or `exponential_histogram_max_size`",
            );
        }
    }
}

config_section! {
    /// Where spans wait for their other half.
    pub struct StoreConfig {
        /// How many spans wait at most; those for which there is no room are not counted.
        pub max_items: i64 = 1000,
        /// How long a span waits at least.
        pub ttl: GoDuration = GoDuration::from_secs(2),
    }
}

/// The type `service_graph` among connectors.
pub struct ServiceGraph {
    graph: Arc<Graph>,
    tasks: TaskScope,
    flush_interval: Option<Duration>,
    cache_loop: Duration,
    store_expiration_loop: Duration,
}

impl ConnectorType for ServiceGraph {
    const TYPE: &'static str = "service_graph";
    const ALIASES: &'static [&'static str] = &["servicegraph"];
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Traces, Stability::Alpha)];
    const PAIRS: &'static [(Signal, Signal, Stability)] =
        &[(Signal::Traces, Signal::Metrics, Stability::Alpha)];
    type Config = ServiceGraphConfig;

    fn create(
        config: Arc<ServiceGraphConfig>,
        settings: Settings,
        outputs: Outputs,
    ) -> Result<Consuming, BuildError> {
        let next = outputs.required(Signal::Metrics)?;
        Ok(Arc::new(Self {
            graph: Arc::new(Graph::new(&config, &settings, next)),
            tasks: TaskScope::new(settings.workers),
            flush_interval: config.metrics_flush_interval.limit(),
            cache_loop: config.cache_loop.limit().unwrap_or(Duration::from_secs(60)),
            store_expiration_loop: config.store_expiration_loop.limit().unwrap_or(Duration::from_secs(2)),
        }))
    }
}

impl Consumer for ServiceGraph {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async move {
            self.graph.take_spans(&batch);
            if self.flush_interval.is_none() {
                self.graph.flush().await;
            }
            Ok(())
        })
    }
}

impl Component for ServiceGraph {
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async move {
            self.every(self.store_expiration_loop, |graph| async move { graph.expire(Instant::now()) });
            self.every(self.cache_loop, |graph| async move { graph.forget_idle() });
            if let Some(interval) = self.flush_interval {
                self.every(interval, |graph| async move {
                    // Both timers may be due at this moment, in no certain order.
                    graph.expire(Instant::now());
                    graph.flush().await;
                });
            }
            Ok(())
        })
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.tasks.join(deadline).await;
            self.graph.expire_all();
            self.graph.flush_last(deadline).await;
        })
    }
}

impl ServiceGraph {
    /// Does `work` again and again, `period` apart, until the connector stops.
    fn every<F: Future<Output = ()> + Send + 'static>(
        &self,
        period: Duration,
        work: impl Fn(Arc<Graph>) -> F + Send + 'static,
    ) {
        let graph = Arc::clone(&self.graph);
        let stopping = self.tasks.stopping().clone();
        self.tasks.spawn(async move {
            let mut ticks = interval_at(Instant::now() + period, period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    biased;
                    () = stopping.cancelled() => return,
                    _ = ticks.tick() => work(Arc::clone(&graph)).await,
                }
            }
        });
    }
}
