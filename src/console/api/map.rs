//! The service map: who calls whom.

use std::collections::BTreeMap;

use serde::Serialize;

use super::time_series::{counted_time, rate, share};
use crate::console::answer::{ApiError, CutShape, cut_shape, first_cut};
use crate::console::asked::Asked;
use crate::store::{DurationBuckets, TimeRange};

/// Answer of `/map`.
#[derive(Debug, Serialize)]
pub struct ServiceMap {
    nodes: Vec<MapNode>,
    edges: Vec<MapEdge>,
    cut: Option<CutShape>,
}

#[derive(Debug, Serialize)]
struct MapNode {
    name: String,
    kind: &'static str,
    requests: u64,
    errors: u64,
    rate: f64,
    error_share: f64,
    p95_ms: Option<f64>,
}

#[derive(Debug, Serialize)]
struct MapEdge {
    client: String,
    server: String,
    requests: u64,
    errors: u64,
    rate: f64,
    error_share: f64,
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
}

/// What is added up for a node.
#[derive(Default)]
struct Totals {
    kind: Option<&'static str>,
    requests: u64,
    errors: u64,
    durations: DurationBuckets,
}

const ROWS: usize = 10_000;

/// Services as what they were asked, and what sends no telemetry as what it was asked by them.
pub fn map(asked: &Asked<'_>) -> Result<ServiceMap, ApiError> {
    let range = asked.range()?;
    let services = asked.store().service_rates(range, &asked.limits(ROWS))?;
    let edges = asked.store().service_edges(range, &asked.limits(ROWS))?;
    let cut = first_cut([services.cut, edges.cut]);
    let mut nodes: BTreeMap<String, Totals> = BTreeMap::new();
    for service in services.value {
        let rates = service.rates;
        let (requests, errors, durations) = (rates.requests, rates.errors, rates.durations);
        nodes.insert(service.service, Totals { kind: Some("service"), requests, errors, durations });
    }
    for edge in &edges.value {
        nodes.entry(edge.client.clone()).or_default().kind.get_or_insert("service");
        let node = nodes.entry(edge.server.clone()).or_default();
        // A service says for itself what it was asked; its callers may be sampled, or not say.
        if *node.kind.get_or_insert(edge.server_kind) != "service" {
            node.requests += edge.requests;
            node.errors += edge.errors;
            node.durations.merge(&edge.durations);
        }
    }
    let counted = counted_time(range, asked.console.clock.now_unix_nano());
    let nodes = nodes.into_iter().map(|(name, totals)| totals.into_node(name, counted)).collect();
    let edge = |edge: crate::store::ServiceEdge| MapEdge {
        client: edge.client,
        server: edge.server,
        requests: edge.requests,
        errors: edge.errors,
        rate: rate(edge.requests, counted),
        error_share: share(edge.errors, edge.requests),
        p50_ms: quantile_ms(&edge.durations, 0.5),
        p95_ms: quantile_ms(&edge.durations, 0.95),
    };
    let edges = edges.value.into_iter().map(edge).collect();
    Ok(ServiceMap { nodes, edges, cut: cut_shape(cut, "services") })
}

impl Totals {
    fn into_node(self, name: String, counted: TimeRange) -> MapNode {
        MapNode {
            name,
            kind: self.kind.unwrap_or("service"),
            requests: self.requests,
            errors: self.errors,
            rate: rate(self.requests, counted),
            error_share: share(self.errors, self.requests),
            p95_ms: quantile_ms(&self.durations, 0.95),
        }
    }
}

fn quantile_ms(durations: &DurationBuckets, quantile: f64) -> Option<f64> {
    durations.quantile(quantile).map(|nano| nano / 1e6)
}
