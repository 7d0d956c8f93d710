//! Checks between the parts of a document: what pipelines name must be there and fit.

use std::collections::{BTreeMap, BTreeSet};

use super::Loading;
use super::components::Decoded;
use super::service::{DecodedPipeline, DecodedService, Reference};
use crate::config::{ComponentSections, Location, Node, NodeValue, nearest};
use crate::pipeline::factory::Factory;
use crate::pipeline::{
    ComponentId, ComponentKind, ConnectorFactory, ExporterFactory, ExtensionFactory, PipelineId,
    ProcessorFactory, ReceiverFactory,
};

/// The decoded parts of a document.
pub(super) struct Checked<'a> {
    pub(super) receivers: &'a Decoded<ReceiverFactory>,
    pub(super) processors: &'a Decoded<ProcessorFactory>,
    pub(super) exporters: &'a Decoded<ExporterFactory>,
    pub(super) connectors: &'a Decoded<ConnectorFactory>,
    pub(super) extensions: &'a Decoded<ExtensionFactory>,
    pub(super) service: &'a DecodedService,
}

/// The ids of one kind and where they are defined.
type Defined = BTreeMap<ComponentId, Location>;

impl Checked<'_> {
    /// Notes everything that does not fit together.
    pub(super) fn check(&self, document: &Node, loading: &mut Loading) {
        if !is_written(document.get("receivers")) {
            missing(document, "receivers", "no receiver configuration specified in config", loading);
        }
        if !is_written(document.get("exporters")) {
            missing(document, "exporters", "no exporter configuration specified in config", loading);
        }
        self.check_ambiguous_ids(loading);
        let extensions = &self.service.extensions;
        check_references(extensions, "extension", &[&self.extensions.defined], &["extensions"], loading);
        self.check_pipelines(document, loading);
    }

    /// In a pipeline an id must say by itself whether it is a connector.
    fn check_ambiguous_ids(&self, loading: &mut Loading) {
        for (id, location) in &self.connectors.defined {
            for (defined, kind) in
                [(&self.exporters.defined, "exporter"), (&self.receivers.defined, "receiver")]
            {
                if !defined.contains_key(id) {
                    continue;
                }
                let message = format!(
                    "ambiguous ID: Found both \"{id}\" {kind} and \"{id}\" connector. Change one of the \
                     components' IDs to eliminate ambiguity (e.g. rename \"{id}\" connector to \"{id}/connector\")"
                );
                loading.error_at(location, vec!["connectors".to_owned(), id.to_string()], message, None);
            }
        }
    }

    fn check_pipelines(&self, document: &Node, loading: &mut Loading) {
        if self.service.pipelines.is_empty() && !has_pipelines(document) {
            let service = document.entry("service");
            let pipelines = service.and_then(|service| service.value.entry("pipelines"));
            let location =
                pipelines.or(service).map_or(&document.location, |entry| &entry.key_location).clone();
            let path = vec!["service".to_owned(), "pipelines".to_owned()];
            loading.error_at(&location, path, "service must have at least one pipeline", None);
        }
        for (id, pipeline) in &self.service.pipelines {
            self.check_pipeline(id, pipeline, document, loading);
        }
    }

    fn check_pipeline(
        &self,
        id: &PipelineId,
        pipeline: &DecodedPipeline,
        document: &Node,
        loading: &mut Loading,
    ) {
        let name = id.to_string();
        let path = ["pipelines", name.as_str()];
        for (list, key, kind) in
            [(&pipeline.receivers, "receivers", "receiver"), (&pipeline.exporters, "exporters", "exporter")]
        {
            if list.is_empty() && !is_listed(document, id, key) {
                let message = format!("must have at least one {kind}");
                loading.error_at(&pipeline.location, service_path(&path), message, None);
            }
        }
        let connectors = &self.connectors.defined;
        check_references(
            &pipeline.receivers,
            "receiver",
            &[&self.receivers.defined, connectors],
            &path,
            loading,
        );
        check_references(&pipeline.processors, "processor", &[&self.processors.defined], &path, loading);
        check_references(
            &pipeline.exporters,
            "exporter",
            &[&self.exporters.defined, connectors],
            &path,
            loading,
        );
        check_repetition(&pipeline.processors, &path, loading);
        check_signal(&pipeline.receivers, &self.receivers.sections, id, loading);
        check_signal(&pipeline.processors, &self.processors.sections, id, loading);
        check_signal(&pipeline.exporters, &self.exporters.sections, id, loading);
    }
}

/// True where something is written under `service.pipelines`, right or wrong.
fn has_pipelines(document: &Node) -> bool {
    match document.get("service") {
        Some(service @ Node { value: NodeValue::Map(_), .. }) => is_written(service.get("pipelines")),
        service => is_written(service),
    }
}

/// True where the pipeline has something under `key`, right or wrong.
fn is_listed(document: &Node, id: &PipelineId, key: &str) -> bool {
    let pipelines = document.get("service").and_then(|service| service.get("pipelines"));
    let Some(Node { value: NodeValue::Map(entries), .. }) = pipelines else {
        return false;
    };
    let pipeline = entries.iter().find(|entry| PipelineId::parse(&entry.key).as_ref() == Ok(id));
    is_written(pipeline.and_then(|pipeline| pipeline.value.get(key)))
}

fn is_written(node: Option<&Node>) -> bool {
    node.is_some_and(|node| match &node.value {
        NodeValue::Null => false,
        NodeValue::Map(entries) => !entries.is_empty(),
        NodeValue::List(items) => !items.is_empty(),
        NodeValue::String(text) => !text.is_empty(),
        _ => true,
    })
}

fn missing(document: &Node, key: &str, message: &str, loading: &mut Loading) {
    let location = document.entry(key).map_or(&document.location, |entry| &entry.key_location);
    loading.error_at(location, Vec::new(), message, None);
}

fn check_references(
    references: &[Reference],
    kind: &str,
    defined: &[&Defined],
    path: &[&str],
    loading: &mut Loading,
) {
    for Reference { id, location } in references {
        if defined.iter().any(|defined| defined.contains_key(id)) {
            continue;
        }
        let known: Vec<String> =
            defined.iter().flat_map(|defined| defined.keys()).map(ToString::to_string).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let message = format!("references {kind} \"{id}\" which is not configured");
        loading.error_at(
            location,
            service_path(path),
            message,
            Some(reference_hint(&id.to_string(), &known)),
        );
    }
}

fn reference_hint(found: &str, known: &[&str]) -> String {
    let configured = match known {
        [] => "none is configured".to_owned(),
        _ => format!("configured: {}", known.join(", ")),
    };
    match nearest(found, known) {
        Some(word) => format!("did you mean {word:?}? {configured}"),
        None => configured,
    }
}

fn check_repetition(processors: &[Reference], path: &[&str], loading: &mut Loading) {
    let mut seen = BTreeSet::new();
    for Reference { id, location } in processors {
        if !seen.insert(id) {
            let message = format!("references processor \"{id}\" multiple times");
            loading.error_at(location, service_path(path), message, None);
        }
    }
}

fn check_signal<F: Factory>(
    references: &[Reference],
    sections: &ComponentSections<F>,
    pipeline: &PipelineId,
    loading: &mut Loading,
) {
    for Reference { id, location } in references {
        let Some(section) = sections.get(id) else {
            continue;
        };
        if section.factory.info().serves(pipeline.signal) {
            continue;
        }
        let message = unsupported_signal(F::KIND, id, pipeline);
        let path = service_path(&["pipelines", &pipeline.to_string()]);
        loading.error_at(location, path, message, None);
    }
}

fn unsupported_signal(kind: ComponentKind, id: &ComponentId, pipeline: &PipelineId) -> String {
    let (kind, signal) = (kind.name(), pipeline.signal.name());
    match kind {
        "processor" => format!(
            "failed to create \"{id}\" processor, in pipeline \"{pipeline}\": telemetry type is not supported"
        ),
        _ => format!(
            "failed to create \"{id}\" {kind} for data type \"{signal}\": telemetry type is not supported"
        ),
    }
}

fn service_path(steps: &[&str]) -> Vec<String> {
    std::iter::once("service").chain(steps.iter().copied()).map(str::to_owned).collect()
}
