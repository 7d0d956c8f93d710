//! From the command line's sources to a checked [`Configuration`]: resolve, decode, check, all errors at once.

mod components;
mod elsewhere;
mod references;
mod service;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::components::decode_components;
use self::service::decode_service;
use super::expand::expand;
use super::merge::{merge, setting};
use super::report::bare_step;
use super::sources::{Sources, Uri};
use super::{
    ConfigError, ConfigErrors, Configuration, Decoding, LoadOptions, Location, Node, NodeValue,
    unknown_key_hint,
};
use crate::components::{CONNECTORS, EXPORTERS, EXTENSIONS, PROCESSORS, RECEIVERS};

/// The keys of the document.
const TOP_LEVEL_KEYS: [&str; 6] =
    ["receivers", "processors", "exporters", "connectors", "extensions", "service"];

/// Reads, merges, expands, decodes and checks a configuration. Nothing is built.
///
/// Blocks while files and URLs are read.
pub fn load(options: &LoadOptions) -> Result<Configuration, ConfigErrors> {
    load_from(options, &Sources::Process)
}

/// As [`load`], reading from `sources`.
pub fn load_from(options: &LoadOptions, sources: &Sources) -> Result<Configuration, ConfigErrors> {
    let resolved = resolve(options, sources)?;
    let mut configuration = decode_document(&resolved.document, resolved.expansion_errors)?;
    configuration.warnings.splice(0..0, resolved.warnings);
    configuration.warnings.extend(ignored_gates(&options.feature_gates));
    Ok(configuration)
}

/// The merged and expanded document, not yet decoded.
pub struct Resolved {
    /// The document; null where the sources hold nothing.
    pub document: Node,
    /// What could not be expanded: such values are still references.
    pub expansion_errors: Vec<ConfigError>,
    /// Sentences for the log.
    pub warnings: Vec<String>,
}

/// Reads and merges the sources and settings of `options`, and expands the references in the result.
pub fn resolve(options: &LoadOptions, sources: &Sources) -> Result<Resolved, ConfigErrors> {
    if options.sources.is_empty() {
        return Err(ConfigErrors::from_message("at least one config flag must be provided"));
    }
    let documents = options.sources.iter().map(|flag| read_document(flag, sources));
    let settings = options.settings.iter().map(|text| setting(text));
    let mut merged: Option<Node> = None;
    let mut errors = Vec::new();
    for layer in documents.chain(settings) {
        match (layer, &mut merged) {
            (Ok(layer), Some(merged)) if !layer.is_null() => merge(merged, layer),
            (Ok(layer), None) => merged = Some(layer),
            (Ok(_), Some(_)) => {}
            (Err(error), _) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(ConfigErrors(errors));
    }
    Ok(resolve_document(merged.unwrap_or_else(|| Node::anonymous(NodeValue::Null)), sources))
}

/// Expands the references in a document that was read elsewhere, such as a part of another file.
pub fn resolve_document(mut document: Node, sources: &Sources) -> Resolved {
    let expanded = expand(&mut document, sources);
    Resolved { document, expansion_errors: expanded.errors, warnings: expanded.warnings }
}

/// One source: a mapping, or nothing.
fn read_document(flag: &str, sources: &Sources) -> Result<Node, ConfigError> {
    let uri = Uri::of_flag(flag).map_err(ConfigError::unplaced)?;
    let retrieved = sources.retrieve(&uri).map_err(ConfigError::unplaced)?;
    let document = retrieved.as_document(&Arc::from(uri.label()))?;
    match document.value {
        NodeValue::Null | NodeValue::Map(_) => Ok(document),
        _ => Err(ConfigError {
            path: Vec::new(),
            field: None,
            message: format!("retrieved value (type={}) cannot be used as a Conf", document.go_type()),
            location: Some(document.location),
            hint: Some("a configuration is a map with the keys receivers, exporters and service".to_owned()),
        }),
    }
}

/// Decodes and checks a resolved document. `errors` are those found so far; what is wrong at the place
/// of one of them is a consequence and not reported again.
pub fn decode_document(document: &Node, errors: Vec<ConfigError>) -> Result<Configuration, ConfigErrors> {
    let mut loading = Loading { errors };
    if is_empty(document) {
        loading.error_at(&document.location, Vec::new(), "empty configuration file", None);
        return Err(loading.into_errors());
    }
    loading.check_top_level_keys(document);
    let receivers = decode_components(document, RECEIVERS, &mut loading);
    let processors = decode_components(document, PROCESSORS, &mut loading);
    let exporters = decode_components(document, EXPORTERS, &mut loading);
    let connectors = decode_components(document, CONNECTORS, &mut loading);
    let extensions = decode_components(document, EXTENSIONS, &mut loading);
    let service = decode_service(document, &mut loading);
    let checked = references::Checked {
        receivers: &receivers,
        processors: &processors,
        exporters: &exporters,
        connectors: &connectors,
        extensions: &extensions,
        service: &service,
    };
    checked.check(document, &mut loading);
    let warnings = service::warnings(document);
    if !loading.errors.is_empty() {
        return Err(loading.into_errors());
    }
    Ok(Configuration {
        receivers: receivers.sections,
        processors: processors.sections,
        exporters: exporters.sections,
        connectors: connectors.sections,
        extensions: extensions.sections,
        service: service.into_section(),
        warnings,
    })
}

fn is_empty(document: &Node) -> bool {
    match &document.value {
        NodeValue::Map(entries) => entries.iter().all(|entry| {
            TOP_LEVEL_KEYS.contains(&entry.key.as_str())
                && match &entry.value.value {
                    NodeValue::Null => true,
                    NodeValue::Map(entries) => entries.is_empty(),
                    _ => false,
                }
        }),
        _ => true,
    }
}

/// The errors found while a document is loaded.
struct Loading {
    errors: Vec<ConfigError>,
}

impl Loading {
    fn check_top_level_keys(&mut self, document: &Node) {
        let NodeValue::Map(entries) = &document.value else {
            return;
        };
        for entry in entries.iter().filter(|entry| !TOP_LEVEL_KEYS.contains(&entry.key.as_str())) {
            let message = format!("'' has invalid keys: {}", entry.key);
            let hint = unknown_key_hint(&entry.key, &TOP_LEVEL_KEYS);
            self.error_at(&entry.key_location, Vec::new(), message, Some(hint));
        }
    }

    fn error_at(
        &mut self,
        location: &Location,
        path: Vec<String>,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let location = Some(location.clone());
        self.errors.push(ConfigError { path, field: None, location, message: message.into(), hint });
    }

    /// Takes over errors about the parts of one section, save those that follow from an earlier error at
    /// the same place.
    fn extend(&mut self, errors: impl IntoIterator<Item = ConfigError>) {
        let earlier = self.errors.len();
        for error in errors {
            let is_consequence =
                self.errors.iter().take(earlier).any(|known| known.location == error.location);
            if !is_consequence {
                self.errors.push(error);
            }
        }
    }

    /// The errors from top to bottom of each source.
    fn into_errors(mut self) -> ConfigErrors {
        let position = |error: &ConfigError| {
            error.location.clone().map(|location| (location.source, location.line, location.column))
        };
        self.errors.sort_by_key(position);
        ConfigErrors(self.errors)
    }
}

/// An error found by a check of what was decoded from `node`, at the place it is about.
pub fn place_error(node: &Node, error: ConfigError) -> ConfigError {
    let location = Some(locate(&node.location, node, &error).clone());
    ConfigError { location, ..error }
}

/// The place that an error found by a check is about: the deepest part of its path that was written.
/// `key_location` is where the key of `section` stands.
fn locate<'a>(key_location: &'a Location, section: &'a Node, error: &ConfigError) -> &'a Location {
    let mut location = key_location;
    let mut node = section;
    for step in &error.path {
        let Some((step_location, value)) = descend(node, bare_step(step)) else {
            return location;
        };
        (location, node) = (step_location, value);
    }
    match error.field.as_deref().and_then(|field| node.entry(field)) {
        Some(entry) if matches!(entry.value.value, NodeValue::Map(_) | NodeValue::List(_)) => {
            &entry.key_location
        }
        Some(entry) => &entry.value.location,
        None => location,
    }
}

fn descend<'a>(node: &'a Node, step: &str) -> Option<(&'a Location, &'a Node)> {
    match &node.value {
        NodeValue::List(items) => {
            let item = items.get(step.parse::<usize>().ok()?)?;
            Some((&item.location, item))
        }
        _ => node.entry(step).map(|entry| (&entry.key_location, &entry.value)),
    }
}

/// Errors of a decoding, with `prefix` before their paths and `sentence` before their messages.
fn decoding_errors(decoding: Decoding, prefix: &[String], sentence: &str) -> Vec<ConfigError> {
    let prefixed = |mut error: ConfigError| {
        error.path.splice(0..0, prefix.iter().cloned());
        error.message.insert_str(0, sentence);
        error
    };
    decoding.into_errors().into_iter().map(prefixed).collect()
}

/// A sentence for every feature gate on the command line: the Collector's gates change nothing here.
fn ignored_gates(flags: &[String]) -> Vec<String> {
    let gates = flags.iter().flat_map(|flag| flag.split(','));
    let names = gates.map(|gate| gate.trim().trim_start_matches(['+', '-'])).filter(|name| !name.is_empty());
    names.map(|name| format!("feature gate {name:?} is not known here and has no effect")).collect()
}
