//! The typed top-level document: every component's section, the service, and what to load it from.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::telemetry::TelemetrySection;
use super::{AnySection, ConfigError, Location, Node};
use crate::pipeline::{
    ComponentId, ConnectorFactory, ExporterFactory, ExtensionFactory, PipelineId, ProcessorFactory,
    ReceiverFactory,
};

/// A configuration that was read, decoded and checked without an error.
pub struct Configuration {
    /// The receivers that are defined, used or not.
    pub receivers: ComponentSections<ReceiverFactory>,
    /// The processors that are defined.
    pub processors: ComponentSections<ProcessorFactory>,
    /// The exporters that are defined.
    pub exporters: ComponentSections<ExporterFactory>,
    /// The connectors that are defined.
    pub connectors: ComponentSections<ConnectorFactory>,
    /// The extensions that are defined.
    pub extensions: ComponentSections<ExtensionFactory>,
    /// What runs, and how.
    pub service: ServiceSection,
    /// Sentences for the log, once there is one: unset variables, keys without effect.
    pub warnings: Vec<String>,
}

/// The sections of one kind of component.
pub type ComponentSections<Factory> = BTreeMap<ComponentId, ComponentSection<Factory>>;

/// One component as it was written.
pub struct ComponentSection<Factory: 'static> {
    /// The type, as the registry has it.
    pub factory: &'static Factory,
    /// The decoded section; only the factory knows its type.
    pub section: Arc<dyn AnySection>,
    /// Where the id was written.
    pub location: Location,
    /// What the section was decoded from.
    pub node: Node,
}

/// The part `service`.
#[derive(Debug, Clone)]
pub struct ServiceSection {
    /// The extensions that run, in the order written.
    pub extensions: Vec<ComponentId>,
    /// The pipelines.
    pub pipelines: BTreeMap<PipelineId, PipelineSection>,
    /// Weir's own telemetry.
    pub telemetry: TelemetrySection,
}

/// One pipeline.
#[derive(Debug, Clone)]
pub struct PipelineSection {
    /// What feeds it: receivers, and connectors as their output.
    pub receivers: Vec<ComponentId>,
    /// What the data passes, in this order.
    pub processors: Vec<ComponentId>,
    /// Where it ends: exporters, and connectors as their input.
    pub exporters: Vec<ComponentId>,
    /// Where the id was written.
    pub location: Location,
}

/// Where a configuration comes from: what the command line says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// The URIs given with `--config`, merged in this order.
    pub sources: Vec<String>,
    /// The settings given with `--set`, `key.path=value`, merged after the sources.
    pub settings: Vec<String>,
    /// The gates given with `--feature-gates`.
    pub feature_gates: Vec<String>,
}

/// Everything that is wrong with a configuration. Shown as one sentence a line.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl ConfigErrors {
    /// One error that is not about a place in a configuration.
    pub fn from_message(message: impl Into<String>) -> Self {
        Self(vec![ConfigError::unplaced(message)])
    }
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{error}")?;
        }
        Ok(())
    }
}
