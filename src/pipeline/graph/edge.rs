//! The edges of the graph: each hands batches on, and can be looked at on the way.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fan_out::fan_out;
use crate::otlp::{Batch, Signal};
use crate::pipeline::description::EdgeDescription;
use crate::pipeline::tap::Tap;
use crate::pipeline::{BoxFuture, Consumer, Refusal};

/// Where an edge leads.
#[derive(Clone)]
pub struct Target {
    /// The component's name in the graph.
    pub node: String,
    /// The component.
    pub consumer: Arc<dyn Consumer>,
}

/// The edges built so far, by id.
#[derive(Default)]
pub struct Edges {
    edges: BTreeMap<String, EdgeDescription>,
}

impl Edges {
    /// One consumer that hands every batch from `from` to each of `targets`.
    pub fn between(&mut self, from: &str, targets: Vec<Target>, signal: Signal) -> Arc<dyn Consumer> {
        let edges = targets.into_iter().map(|target| self.edge(from, target, signal));
        fan_out(edges.collect())
    }

    /// What was built.
    pub fn into_descriptions(self) -> Vec<EdgeDescription> {
        self.edges.into_values().collect()
    }

    fn edge(&mut self, from: &str, target: Target, signal: Signal) -> Arc<dyn Consumer> {
        let id = format!("{from}>{}>{signal}", target.node);
        let described = self.edges.entry(id.clone()).or_insert_with(|| EdgeDescription {
            id,
            from: from.to_owned(),
            to: target.node,
            signal,
            tap: Arc::new(Tap::default()),
        });
        Arc::new(Edge { tap: Arc::clone(&described.tap), next: target.consumer })
    }
}

struct Edge {
    tap: Arc<Tap>,
    next: Arc<dyn Consumer>,
}

impl Consumer for Edge {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        if self.tap.is_open() {
            self.tap.show(&batch);
        }
        self.next.consume(batch)
    }
}
