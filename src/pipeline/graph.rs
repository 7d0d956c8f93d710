//! The graph: which components a configuration needs, how they are connected, and in which order they
//! are built, started and stopped.
//!
//! One exporter per signal and id, one processor per pipeline and id, one connector per pair of signals
//! and id, one receiver per id. A pipeline is built from its end: exporters first, then the pipelines
//! that its connectors feed, then its processors from the last to the first. So the order of building is
//! the order of starting, and its reverse the order of stopping.

mod connections;
mod describe;
mod edge;
mod fan_out;
mod lifecycle;
mod metering;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::runtime::Handle;
use tracing::Span;

use self::connections::Connections;
use self::describe::{describe, node, processor_node};
use self::edge::{Edges, Target};
pub use self::lifecycle::RunningGraph;
use self::metering::Metering;
use super::factory::Consuming;
use super::status::StatusBoard;
use super::{
    BuildError, Clock, Component, ComponentId, ComponentKind, Consumer, Extension, InFlightBytes, Outputs,
    PipelineId, ServiceDescription, Settings, Workers,
};
use crate::config::{Configuration, PipelineSection};
use crate::otlp::Signal;
use crate::telemetry::{Telemetry, component_span};

/// What every component of a process shares.
#[derive(Clone)]
pub struct Environment {
    /// Where instruments are.
    pub telemetry: Telemetry,
    /// The threads of the data path.
    pub workers: Workers,
    /// The runtime beside them.
    pub control: Handle,
    /// What time it is.
    pub clock: Clock,
    /// How each component is.
    pub status: StatusBoard,
    /// The bytes the process holds.
    pub in_flight: InFlightBytes,
}

/// Built components in the order they start; nothing runs yet.
pub struct Graph {
    extensions: Vec<NamedExtension>,
    nodes: Vec<Node>,
    status: StatusBoard,
    description: Arc<ServiceDescription>,
}

/// An extension and its id.
type NamedExtension = (ComponentId, Arc<dyn Extension>);

/// One component of the graph.
struct Node {
    kind: ComponentKind,
    id: ComponentId,
    component: NodeComponent,
    /// What names it on log lines.
    span: Span,
}

enum NodeComponent {
    Consuming(Consuming),
    Receiver(Box<dyn Component>),
}

/// Builds everything the pipelines of `configuration` need; binds and spawns nothing.
///
/// # Errors
///
/// A sentence for a cycle, a connector that leads nowhere, or a component that cannot be created.
pub fn build(configuration: &Configuration, environment: &Environment) -> Result<Graph, BuildError> {
    let connections = Connections::of(configuration)?;
    connections.refuse_cycles(configuration)?;
    let mut builder = Builder {
        configuration,
        environment,
        connections,
        nodes: Vec::new(),
        exporters: BTreeMap::new(),
        connectors: BTreeMap::new(),
        entries: BTreeMap::new(),
        edges: Edges::default(),
    };
    for pipeline in configuration.service.pipelines.keys() {
        builder.entry(pipeline)?;
    }
    builder.create_receivers()?;
    let (nodes, edges) = (builder.nodes, builder.edges.into_descriptions());
    let extensions = create_extensions(configuration, environment)?;
    let description = Arc::new(describe(configuration, edges, environment.status.clone()));
    Ok(Graph { extensions, nodes, status: environment.status.clone(), description })
}

struct Builder<'a> {
    configuration: &'a Configuration,
    environment: &'a Environment,
    connections: Connections,
    nodes: Vec<Node>,
    exporters: BTreeMap<(Signal, ComponentId), Arc<dyn Consumer>>,
    connectors: BTreeMap<(Signal, ComponentId), Arc<dyn Consumer>>,
    entries: BTreeMap<PipelineId, Vec<Target>>,
    edges: Edges,
}

impl Builder<'_> {
    /// The consumers at the start of a pipeline; builds the pipeline where it is not there yet.
    fn entry(&mut self, pipeline: &PipelineId) -> Result<Vec<Target>, BuildError> {
        if let Some(entry) = self.entries.get(pipeline) {
            return Ok(entry.clone());
        }
        let configuration = self.configuration;
        let Some(section) = configuration.service.pipelines.get(pipeline) else {
            return Err(BuildError(format!("pipeline \"{pipeline}\" is not configured")));
        };
        let mut targets = self.exits(pipeline, section)?;
        for id in section.processors.iter().rev() {
            let node = processor_node(id, pipeline);
            let next = self.edges.between(&node, targets, pipeline.signal);
            let consumer = self.processor(pipeline, id, next)?;
            targets = vec![Target { node, consumer }];
        }
        self.entries.insert(pipeline.clone(), targets.clone());
        Ok(targets)
    }

    /// The exporters and connectors at the end of a pipeline.
    fn exits(&mut self, pipeline: &PipelineId, section: &PipelineSection) -> Result<Vec<Target>, BuildError> {
        let mut exits = Vec::new();
        for id in &section.exporters {
            let is_connector = self.configuration.connectors.contains_key(id);
            let (kind, consumer) = if is_connector {
                (ComponentKind::Connector, self.connector(id, pipeline.signal)?)
            } else {
                (ComponentKind::Exporter, self.exporter(id, pipeline.signal)?)
            };
            exits.push(Target { node: node(kind, id), consumer });
        }
        Ok(exits)
    }

    fn exporter(&mut self, id: &ComponentId, signal: Signal) -> Result<Arc<dyn Consumer>, BuildError> {
        let key = (signal, id.clone());
        if let Some(exporter) = self.exporters.get(&key) {
            return Ok(Arc::clone(exporter));
        }
        let Some(section) = self.configuration.exporters.get(id) else {
            return Err(not_configured("exporter", id));
        };
        if !section.factory.info.serves(signal) {
            return Err(not_served(ComponentKind::Exporter, id, signal));
        }
        let settings = self.settings(ComponentKind::Exporter, id, Some(signal), None);
        let metering = Metering::of_exporter(&settings, signal);
        let span = component_span(&settings, ComponentKind::Exporter.name());
        let exporter = section
            .factory
            .create(Arc::clone(&section.section), settings)
            .map_err(|error| not_created(ComponentKind::Exporter, id, signal, &error))?;
        let consumer = metering.metered(Arc::clone(&exporter) as Arc<dyn Consumer>);
        self.add(ComponentKind::Exporter, id, exporter, span);
        self.exporters.insert(key, Arc::clone(&consumer));
        Ok(consumer)
    }

    fn connector(&mut self, id: &ComponentId, taken: Signal) -> Result<Arc<dyn Consumer>, BuildError> {
        let key = (taken, id.clone());
        if let Some(connector) = self.connectors.get(&key) {
            return Ok(Arc::clone(connector));
        }
        let Some(section) = self.configuration.connectors.get(id) else {
            return Err(not_configured("connector", id));
        };
        let settings = self.settings(ComponentKind::Connector, id, Some(taken), None);
        let mut outputs = Outputs::default();
        for produced in self.connections.produced_by(id, taken) {
            let mut entries = Vec::new();
            for pipeline in self.connections.pipelines_fed_by(id, produced) {
                entries.extend(self.entry(&pipeline)?);
            }
            let next = self.edges.between(&node(ComponentKind::Connector, id), entries, produced);
            let metering = Metering::of_connector_output(&settings, produced);
            outputs.set(produced, metering.metered(next));
        }
        let metering = Metering::of_connector(&settings, taken);
        let span = component_span(&settings, ComponentKind::Connector.name());
        let connector = section
            .factory
            .create(Arc::clone(&section.section), settings, outputs)
            .map_err(|error| not_created(ComponentKind::Connector, id, taken, &error))?;
        let consumer = metering.metered(Arc::clone(&connector) as Arc<dyn Consumer>);
        self.add(ComponentKind::Connector, id, connector, span);
        self.connectors.insert(key, Arc::clone(&consumer));
        Ok(consumer)
    }

    fn processor(
        &mut self,
        pipeline: &PipelineId,
        id: &ComponentId,
        next: Arc<dyn Consumer>,
    ) -> Result<Arc<dyn Consumer>, BuildError> {
        let Some(section) = self.configuration.processors.get(id) else {
            return Err(not_configured("processor", id));
        };
        if !section.factory.info.serves(pipeline.signal) {
            return Err(not_served(ComponentKind::Processor, id, pipeline.signal));
        }
        let settings = self.settings(ComponentKind::Processor, id, Some(pipeline.signal), Some(pipeline));
        let next = Metering::of_processor_output(&settings, pipeline.signal).metered(next);
        let metering = Metering::of_processor(&settings, pipeline.signal);
        let span = component_span(&settings, ComponentKind::Processor.name());
        let processor = section
            .factory
            .create(Arc::clone(&section.section), settings, next)
            .map_err(|error| not_created(ComponentKind::Processor, id, pipeline.signal, &error))?;
        let consumer = metering.metered(Arc::clone(&processor) as Arc<dyn Consumer>);
        self.add(ComponentKind::Processor, id, processor, span);
        Ok(consumer)
    }

    fn create_receivers(&mut self) -> Result<(), BuildError> {
        for (id, pipelines) in self.connections.receivers(self.configuration) {
            let Some(section) = self.configuration.receivers.get(&id) else {
                return Err(not_configured("receiver", &id));
            };
            let settings = self.settings(ComponentKind::Receiver, &id, None, None);
            let span = component_span(&settings, ComponentKind::Receiver.name());
            let mut outputs = Outputs::default();
            for signal in Signal::ALL {
                let fed = pipelines.iter().filter(|pipeline| pipeline.signal == signal);
                let entries: Vec<_> =
                    fed.filter_map(|pipeline| self.entries.get(pipeline)).flatten().cloned().collect();
                if entries.is_empty() {
                    continue;
                }
                if !section.factory.info.serves(signal) {
                    return Err(not_served(ComponentKind::Receiver, &id, signal));
                }
                let next = self.edges.between(&node(ComponentKind::Receiver, &id), entries, signal);
                outputs.set(signal, Metering::of_receiver(&settings, signal).metered(next));
            }
            let receiver = section
                .factory
                .create(Arc::clone(&section.section), settings, outputs)
                .map_err(|error| BuildError(format!("failed to create \"{id}\" receiver: {error}")))?;
            let component = NodeComponent::Receiver(receiver);
            self.nodes.push(Node { kind: ComponentKind::Receiver, id, component, span });
        }
        Ok(())
    }

    fn add(&mut self, kind: ComponentKind, id: &ComponentId, component: Consuming, span: Span) {
        let component = NodeComponent::Consuming(component);
        self.nodes.push(Node { kind, id: id.clone(), component, span });
    }

    fn settings(
        &self,
        kind: ComponentKind,
        id: &ComponentId,
        signal: Option<Signal>,
        pipeline: Option<&PipelineId>,
    ) -> Settings {
        settings(self.environment, kind, id, signal, pipeline)
    }
}

fn create_extensions(
    configuration: &Configuration,
    environment: &Environment,
) -> Result<Vec<NamedExtension>, BuildError> {
    let mut extensions = Vec::new();
    for id in &configuration.service.extensions {
        let Some(section) = configuration.extensions.get(id) else {
            return Err(not_configured("extension", id));
        };
        let settings = settings(environment, ComponentKind::Extension, id, None, None);
        let extension = section
            .factory
            .create(Arc::clone(&section.section), settings)
            .map_err(|error| BuildError(format!("failed to create extension \"{id}\": {error}")))?;
        extensions.push((id.clone(), extension));
    }
    Ok(extensions)
}

fn settings(
    environment: &Environment,
    kind: ComponentKind,
    id: &ComponentId,
    signal: Option<Signal>,
    pipeline: Option<&PipelineId>,
) -> Settings {
    Settings {
        id: id.clone(),
        signal,
        pipeline: pipeline.cloned(),
        telemetry: environment.telemetry.clone(),
        workers: environment.workers.clone(),
        control: environment.control.clone(),
        clock: environment.clock,
        status: environment.status.reporter(&node(kind, id)),
        in_flight: environment.in_flight.clone(),
    }
}

fn not_configured(kind: &str, id: &ComponentId) -> BuildError {
    BuildError(format!("references {kind} \"{id}\" which is not configured"))
}

fn not_served(kind: ComponentKind, id: &ComponentId, signal: Signal) -> BuildError {
    let error = BuildError("telemetry type is not supported".to_owned());
    not_created(kind, id, signal, &error)
}

fn not_created(kind: ComponentKind, id: &ComponentId, signal: Signal, error: &BuildError) -> BuildError {
    BuildError(format!("failed to create \"{id}\" {} for data type \"{signal}\": {error}", kind.name()))
}
