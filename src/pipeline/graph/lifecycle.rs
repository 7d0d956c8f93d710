//! Starting and stopping the components of a graph in order.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::Instrument;

use super::describe::node;
use super::{Graph, Node, NodeComponent};
use crate::pipeline::{Component, ComponentKind, ComponentStatus, Host, StartError};

/// A graph whose components work.
pub struct RunningGraph {
    graph: Graph,
}

impl Graph {
    /// Starts extensions, then components from the exporters to the receivers. On an error everything
    /// already started is shut down again within `patience`.
    ///
    /// # Errors
    ///
    /// Which component did not start, and why.
    pub async fn start(self, patience: Duration) -> Result<RunningGraph, StartError> {
        let extensions = self.extensions.iter().cloned().collect();
        let host = Host { extensions, service: Arc::clone(&self.description) };
        let running = RunningGraph { graph: self };
        match running.start_all(&host).await {
            Ok(()) => {
                running.graph.extensions.iter().for_each(|(_, extension)| extension.pipelines_ready());
                Ok(running)
            }
            Err(error) => {
                running.shutdown(Instant::now() + patience).await;
                Err(error)
            }
        }
    }
}

impl RunningGraph {
    async fn start_all(&self, host: &Host) -> Result<(), StartError> {
        for (id, extension) in &self.graph.extensions {
            extension.start(host).await.map_err(|error| {
                StartError(format!("failed to start extensions: failed to start \"{id}\" extension: {error}"))
            })?;
        }
        for node in &self.graph.nodes {
            let status = self.graph.status.reporter(&node.label());
            status.report(ComponentStatus::Starting);
            if let Err(error) = node.component().start(host).instrument(node.span.clone()).await {
                status.report_error(ComponentStatus::PermanentError, error.to_string());
                let (id, kind) = (&node.id, node.kind.name());
                let message = format!("cannot start pipelines: failed to start \"{id}\" {kind}: {error}");
                return Err(StartError(message));
            }
            status.report(ComponentStatus::Ok);
        }
        Ok(())
    }

    /// Stops components from the receivers to the exporters, then extensions. Each stage before the
    /// exporters may use half of what is left until `deadline`, so that one that hangs leaves the
    /// exporters time to drain.
    pub async fn shutdown(self, deadline: Instant) {
        let Graph { extensions, nodes, status, .. } = self.graph;
        extensions.iter().for_each(|(_, extension)| extension.pipelines_stopping());
        for node in nodes.iter().rev() {
            let status = status.reporter(&node.label());
            status.report(ComponentStatus::Stopping);
            let now = Instant::now();
            let half = now + deadline.saturating_duration_since(now) / 2;
            let own_deadline = if node.kind == ComponentKind::Exporter { deadline } else { half };
            node.component().shutdown(own_deadline).instrument(node.span.clone()).await;
            status.report(ComponentStatus::Stopped);
        }
        for (_, extension) in extensions.iter().rev() {
            Arc::clone(extension).shutdown(deadline).await;
        }
    }
}

impl Node {
    fn label(&self) -> String {
        node(self.kind, &self.id)
    }

    fn component(&self) -> &dyn Component {
        match &self.component {
            NodeComponent::Consuming(component) => &**component,
            NodeComponent::Receiver(component) => &**component,
        }
    }
}
