//! Decoding the part `service`: extensions, pipelines and own telemetry.

use std::collections::BTreeMap;

use super::{Loading, decoding_errors, locate};
use crate::config::telemetry::TelemetrySection;
use crate::config::{
    Checking, ConfigError, ConfigValue, Decoding, Entry, Location, Node, NodeValue, PipelineSection,
    ServiceSection, unknown_key_hint,
};
use crate::pipeline::{ComponentId, PipelineId};

/// The keys of `service`.
const SERVICE_KEYS: [&str; 3] = ["telemetry", "extensions", "pipelines"];

/// The keys of a pipeline.
const PIPELINE_KEYS: [&str; 3] = ["receivers", "processors", "exporters"];

/// A component named in a list, and where.
pub(super) struct Reference {
    pub(super) id: ComponentId,
    pub(super) location: Location,
}

/// A pipeline with the positions of its references.
pub(super) struct DecodedPipeline {
    pub(super) location: Location,
    pub(super) receivers: Vec<Reference>,
    pub(super) processors: Vec<Reference>,
    pub(super) exporters: Vec<Reference>,
}

/// The part `service` with the positions of its references.
pub(super) struct DecodedService {
    pub(super) extensions: Vec<Reference>,
    pub(super) pipelines: BTreeMap<PipelineId, DecodedPipeline>,
    telemetry: TelemetrySection,
}

/// Decodes `service` and checks own telemetry. References are checked elsewhere.
pub(super) fn decode_service(document: &Node, loading: &mut Loading) -> DecodedService {
    let mut service = DecodedService {
        extensions: Vec::new(),
        pipelines: BTreeMap::new(),
        telemetry: TelemetrySection::default(),
    };
    let Some(entry) = document.entry("service") else {
        return service;
    };
    let mut decoding = Decoding::default();
    decoding.within("service", |decoding| {
        for entry in entries_of(&entry.value, &SERVICE_KEYS, decoding) {
            decoding.within(entry.key.clone(), |decoding| match entry.key.as_str() {
                "telemetry" => service.telemetry.update(&entry.value, decoding),
                "extensions" => service.extensions = references(&entry.value, decoding),
                _ => service.pipelines = pipelines(&entry.value, decoding),
            });
        }
    });
    loading.extend(decoding_errors(decoding, &[], ""));
    loading.extend(check_telemetry(&service.telemetry, entry));
    service
}

fn check_telemetry(telemetry: &TelemetrySection, service: &Entry) -> Vec<ConfigError> {
    let mut checking = Checking::default();
    checking.within("telemetry", |checking| telemetry.check(checking));
    let placed = |mut error: ConfigError| {
        error.location = Some(locate(&service.key_location, &service.value, &error).clone());
        error.path.insert(0, "service".to_owned());
        error
    };
    checking.into_errors().into_iter().map(placed).collect()
}

/// Sentences about keys that are taken and have no effect.
pub(super) fn warnings(document: &Node) -> Vec<String> {
    let metrics = document.get("service").and_then(|service| service.get("telemetry")?.get("metrics"));
    let address = metrics.and_then(|metrics| metrics.entry("address"));
    let sentence = |entry: &Entry| {
        format!(
            "service::telemetry::metrics::address at {} is ignored; write service::telemetry::metrics::readers",
            entry.key_location
        )
    };
    address.map(sentence).into_iter().collect()
}

/// The entries of a map, those with unknown keys reported and left out.
fn entries_of<'a>(node: &'a Node, known: &[&str], decoding: &mut Decoding) -> Vec<&'a Entry> {
    let entries = match &node.value {
        NodeValue::Null => return Vec::new(),
        NodeValue::Map(entries) => entries,
        _ => {
            let message = format!("'{}' expected a map, got '{}'", decoding.dotted_path(), node.go_type());
            decoding.error(&node.location, message, Some(format!("valid keys: {}", known.join(", "))));
            return Vec::new();
        }
    };
    let is_known = |entry: &&Entry| known.contains(&entry.key.as_str());
    for entry in entries.iter().filter(|entry| !is_known(entry)) {
        let message = format!("'{}' has invalid keys: {}", decoding.dotted_path(), entry.key);
        decoding.error(&entry.key_location, message, Some(unknown_key_hint(&entry.key, known)));
    }
    entries.iter().filter(is_known).collect()
}

fn pipelines(node: &Node, decoding: &mut Decoding) -> BTreeMap<PipelineId, DecodedPipeline> {
    let mut pipelines: BTreeMap<PipelineId, DecodedPipeline> = BTreeMap::new();
    let entries = match &node.value {
        NodeValue::Null => return pipelines,
        NodeValue::Map(entries) => entries,
        _ => {
            let message = format!("'{}' expected a map, got '{}'", decoding.dotted_path(), node.go_type());
            decoding.error(&node.location, message, Some("write one key for each pipeline".to_owned()));
            return pipelines;
        }
    };
    for entry in entries {
        let id = match PipelineId::parse(&entry.key) {
            Ok(id) => id,
            Err(message) => {
                let hint = Some("write traces, metrics or logs, or one of them and /name".to_owned());
                decoding.error(&entry.key_location, message, hint);
                continue;
            }
        };
        if let Some(earlier) = pipelines.get(&id) {
            let message = format!("duplicate name {:?} after unmarshaling {id}", entry.key);
            let hint = Some(format!("first written at {}", earlier.location));
            decoding.error(&entry.key_location, message, hint);
            continue;
        }
        let pipeline = decoding.within(format!("[{id}]"), |decoding| pipeline(entry, decoding));
        pipelines.insert(id, pipeline);
    }
    pipelines
}

fn pipeline(entry: &Entry, decoding: &mut Decoding) -> DecodedPipeline {
    let mut pipeline = DecodedPipeline {
        location: entry.key_location.clone(),
        receivers: Vec::new(),
        processors: Vec::new(),
        exporters: Vec::new(),
    };
    for entry in entries_of(&entry.value, &PIPELINE_KEYS, decoding) {
        let listed = decoding.within(entry.key.clone(), |decoding| references(&entry.value, decoding));
        match entry.key.as_str() {
            "receivers" => pipeline.receivers = listed,
            "processors" => pipeline.processors = listed,
            _ => pipeline.exporters = listed,
        }
    }
    pipeline
}

/// A list of ids; a single text stands for a list, split at commas.
fn references(node: &Node, decoding: &mut Decoding) -> Vec<Reference> {
    let mut references = Vec::new();
    match &node.value {
        NodeValue::Null => {}
        NodeValue::String(text) if text.is_empty() => {}
        NodeValue::String(text) => {
            for id in text.split(',') {
                references.extend(reference(id, &node.location, decoding));
            }
        }
        NodeValue::List(items) => {
            for (index, item) in items.iter().enumerate() {
                references.extend(decoding.within(format!("[{index}]"), |decoding| match &item.value {
                    NodeValue::String(text) => reference(text, &item.location, decoding),
                    _ => {
                        decoding.wrong_type(item, "string", Some("write the id of a component".to_owned()));
                        None
                    }
                }));
            }
        }
        _ => decoding.wrong_type(node, "slice", Some("write a list of ids".to_owned())),
    }
    references
}

fn reference(text: &str, location: &Location, decoding: &mut Decoding) -> Option<Reference> {
    match ComponentId::parse(text) {
        Ok(id) => Some(Reference { id, location: location.clone() }),
        Err(message) => {
            decoding.error(location, message, Some("write type or type/name".to_owned()));
            None
        }
    }
}

impl DecodedService {
    /// The part as the rest of the program sees it.
    pub(super) fn into_section(self) -> ServiceSection {
        let ids = |references: Vec<Reference>| references.into_iter().map(|reference| reference.id).collect();
        let pipeline = |pipeline: DecodedPipeline| PipelineSection {
            receivers: ids(pipeline.receivers),
            processors: ids(pipeline.processors),
            exporters: ids(pipeline.exporters),
            location: pipeline.location,
        };
        ServiceSection {
            extensions: ids(self.extensions),
            pipelines: self.pipelines.into_iter().map(|(id, decoded)| (id, pipeline(decoded))).collect(),
            telemetry: self.telemetry,
        }
    }
}
