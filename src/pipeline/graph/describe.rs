//! The description of a graph: from the configuration and the edges that were built.

use std::collections::BTreeSet;

use crate::config::{ComponentSections, Configuration, Location, Secrets, redact_urls};
use crate::pipeline::description::{
    ComponentDescription, EdgeDescription, PipelineDescription, ServiceDescription,
};
use crate::pipeline::factory::Factory;
use crate::pipeline::status::StatusBoard;
use crate::pipeline::{ComponentId, ComponentKind, PipelineId};

/// The name of a component in the graph.
pub fn node(kind: ComponentKind, id: &ComponentId) -> String {
    format!("{}:{id}", kind.name())
}

/// The name of a processor in the graph: each pipeline has its own.
pub fn processor_node(id: &ComponentId, pipeline: &PipelineId) -> String {
    format!("{}@{pipeline}", node(ComponentKind::Processor, id))
}

/// Describes what `configuration` runs, without its secrets and the credentials in its URLs.
pub fn describe(
    configuration: &Configuration,
    edges: Vec<EdgeDescription>,
    status: StatusBoard,
) -> ServiceDescription {
    let service = &configuration.service;
    let mut components = Vec::new();
    let mut pipelines = Vec::new();
    let used = Used::of(configuration);
    add_components(&mut components, &configuration.receivers, &used.receivers);
    for (pipeline, section) in &service.pipelines {
        for id in &section.processors {
            let described = component(&configuration.processors, id).into_iter();
            components.extend(described.map(|described| ComponentDescription {
                node: processor_node(id, pipeline),
                pipeline: Some(pipeline.clone()),
                ..described
            }));
        }
        pipelines.push(PipelineDescription { id: pipeline.clone(), nodes: nodes(configuration, pipeline) });
    }
    add_components(&mut components, &configuration.connectors, &used.connectors);
    add_components(&mut components, &configuration.exporters, &used.exporters);
    add_components(&mut components, &configuration.extensions, &service.extensions.iter().collect());
    let sources: BTreeSet<String> =
        components.iter().map(|component| component.location.source.to_string()).collect();
    // A tree with texts as keys cannot fail to be written.
    let yaml =
        serde_yaml::to_string(&redact_urls(configuration.to_yaml(Secrets::Redacted))).unwrap_or_default();
    ServiceDescription { components, pipelines, edges, sources: sources.into_iter().collect(), yaml, status }
}

/// The components that pipelines name.
struct Used<'a> {
    receivers: BTreeSet<&'a ComponentId>,
    connectors: BTreeSet<&'a ComponentId>,
    exporters: BTreeSet<&'a ComponentId>,
}

impl<'a> Used<'a> {
    fn of(configuration: &'a Configuration) -> Self {
        let pipelines = configuration.service.pipelines.values();
        let is_connector = |id: &&ComponentId| configuration.connectors.contains_key(*id);
        let receivers = pipelines.clone().flat_map(|section| &section.receivers);
        let ends = pipelines.flat_map(|section| &section.exporters);
        Self {
            receivers: receivers.filter(|id| !is_connector(id)).collect(),
            connectors: ends.clone().filter(is_connector).collect(),
            exporters: ends.filter(|id| !is_connector(id)).collect(),
        }
    }
}

fn nodes(configuration: &Configuration, pipeline: &PipelineId) -> Vec<String> {
    let Some(section) = configuration.service.pipelines.get(pipeline) else { return Vec::new() };
    let end = |kind: ComponentKind, id: &ComponentId| {
        let is_connector = configuration.connectors.contains_key(id);
        node(if is_connector { ComponentKind::Connector } else { kind }, id)
    };
    let receivers = section.receivers.iter().map(|id| end(ComponentKind::Receiver, id));
    let processors = section.processors.iter().map(|id| processor_node(id, pipeline));
    let exporters = section.exporters.iter().map(|id| end(ComponentKind::Exporter, id));
    receivers.chain(processors).chain(exporters).collect()
}

fn add_components<F: Factory>(
    components: &mut Vec<ComponentDescription>,
    sections: &ComponentSections<F>,
    ids: &BTreeSet<&ComponentId>,
) {
    components.extend(ids.iter().filter_map(|id| component(sections, id)));
}

fn component<F: Factory>(sections: &ComponentSections<F>, id: &ComponentId) -> Option<ComponentDescription> {
    let section = sections.get(id)?;
    let info = section.factory.info();
    Some(ComponentDescription {
        node: node(F::KIND, id),
        kind: F::KIND,
        id: id.clone(),
        pipeline: None,
        type_name: info.type_name,
        location: Location::clone(&section.location),
        section: redact_urls(section.section.section_to_yaml(Secrets::Redacted)),
        documentation: (info.docs)().text.trim(),
    })
}
