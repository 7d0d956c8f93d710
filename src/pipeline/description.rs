//! What a service consists of while it runs: its components as configured, its pipelines, and the edges between them.

use std::sync::Arc;

use super::status::StatusBoard;
use super::tap::Tap;
use super::{ComponentId, ComponentKind, PipelineId};
use crate::config::Location;
use crate::otlp::Signal;

/// A service, for those who show it. Secrets are redacted.
#[derive(Debug, Default)]
pub struct ServiceDescription {
    /// Every component that runs, processors once for each of their pipelines.
    pub components: Vec<ComponentDescription>,
    /// The pipelines, by id.
    pub pipelines: Vec<PipelineDescription>,
    /// What leads from where to where.
    pub edges: Vec<EdgeDescription>,
    /// The files and URIs the configuration was read from, those that say something about a component.
    pub sources: Vec<String>,
    /// The whole configuration with its defaults, as YAML.
    pub yaml: String,
    /// How each component is, by [`ComponentDescription::status_key`].
    pub status: StatusBoard,
}

/// A component that runs.
#[derive(Debug, Clone)]
pub struct ComponentDescription {
    /// Its name in the graph: `kind:id`, and for processors `processor:id@pipeline`.
    pub node: String,
    /// Its kind.
    pub kind: ComponentKind,
    /// Its id as the user wrote it.
    pub id: ComponentId,
    /// Its pipeline, for processors.
    pub pipeline: Option<PipelineId>,
    /// The type, as the registry has it.
    pub type_name: &'static str,
    /// Where it was written.
    pub location: Location,
    /// Its section with its defaults.
    pub section: serde_yaml::Value,
    /// What it does.
    pub documentation: &'static str,
}

/// A pipeline.
#[derive(Debug, Clone)]
pub struct PipelineDescription {
    /// Its id.
    pub id: PipelineId,
    /// The names of its components in the graph: what feeds it, what the data passes, where it ends.
    pub nodes: Vec<String>,
}

/// A way that telemetry goes.
#[derive(Debug, Clone)]
pub struct EdgeDescription {
    /// `from>to>signal`.
    pub id: String,
    /// The name of the component it leaves.
    pub from: String,
    /// The name of the component it enters.
    pub to: String,
    /// What goes there.
    pub signal: Signal,
    /// Where it can be looked at.
    pub tap: Arc<Tap>,
}

impl ComponentDescription {
    /// Its key on the board of states; processors of several pipelines share one.
    pub fn status_key(&self) -> String {
        format!("{}:{}", self.kind.name(), self.id)
    }
}
