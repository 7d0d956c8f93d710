//! The name of the file in which a component's space is.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::components::{CONNECTORS, EXPORTERS, EXTENSIONS, PROCESSORS, RECEIVERS};
use crate::otlp::hexadecimal;
use crate::pipeline::factory::Factory;
use crate::pipeline::{ComponentKind, StorageOwner};

/// What tells the files from those of the Collector, whose format is another, in the same directory.
const SUFFIX: &str = ".weir";

/// The longest name before it is hashed, in bytes: file systems take 255, and names of scratch files and
/// copies are longer than this one.
const LONGEST_NAME: usize = 200;

/// The name of the file of `owner`. Both spellings of a type mean the same file.
pub fn file_name(owner: &StorageOwner) -> String {
    let name = name_with_type(owner, canonical_type(owner));
    if name.len() <= LONGEST_NAME {
        return name + SUFFIX;
    }
    let hash = Sha256::digest(name.as_bytes());
    hexadecimal(&hash) + SUFFIX
}

/// The name under which the Collector keeps the same component's space.
pub fn collector_file_name(owner: &StorageOwner) -> String {
    let type_name = &owner.id.type_name;
    // Its log receivers look for their file without regard to underscores in their type.
    if owner.kind == ComponentKind::Receiver {
        return name_with_type(owner, &type_name.replace('_', ""));
    }
    name_with_type(owner, type_name)
}

fn name_with_type(owner: &StorageOwner, type_name: &str) -> String {
    let mut name = format!("{}_{type_name}_{}", owner.kind.name(), owner.id.name);
    if !owner.name.is_empty() {
        name.push('_');
        name.push_str(&owner.name);
    }
    sanitized(&name)
}

fn canonical_type(owner: &StorageOwner) -> &str {
    let written = &owner.id.type_name;
    match owner.kind {
        ComponentKind::Receiver => type_called(RECEIVERS, written),
        ComponentKind::Processor => type_called(PROCESSORS, written),
        ComponentKind::Connector => type_called(CONNECTORS, written),
        ComponentKind::Exporter => type_called(EXPORTERS, written),
        ComponentKind::Extension => type_called(EXTENSIONS, written),
    }
}

fn type_called<'a>(factories: &'static [impl Factory], written: &'a str) -> &'a str {
    let factory = factories.iter().find(|factory| factory.info().is_called(written));
    factory.map_or(written, |factory| factory.info().type_name)
}

/// Letters, digits, dots, hyphens and underscores stay; anything else is a tilde and its code point, the
/// tilde too, so that two names never become one.
fn sanitized(name: &str) -> String {
    let mut sanitized = String::with_capacity(name.len());
    for character in name.chars() {
        if character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_') {
            sanitized.push(character);
        } else {
            // Writing to a string does not fail.
            let _ = write!(sanitized, "~{:04X}", u32::from(character));
        }
    }
    sanitized
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::ComponentId;

    fn owner(kind: ComponentKind, id: &str, name: &str) -> StorageOwner {
        StorageOwner { kind, id: ComponentId::parse(id).unwrap(), name: name.to_owned() }
    }

    #[test]
    fn names_are_those_of_the_collector_with_a_suffix() {
        let queue = owner(ComponentKind::Exporter, "otlp_http/äb:c", "traces");
        assert_eq!(file_name(&queue), "exporter_otlp_http_~00E4b~003Ac_traces.weir");
        let receiver = owner(ComponentKind::Receiver, "file_log", "");
        assert_eq!(collector_file_name(&receiver), "receiver_filelog_");
        let exporter = owner(ComponentKind::Exporter, "otlp/a", "logs");
        assert_eq!(collector_file_name(&exporter), "exporter_otlp_a_logs");
    }

    #[test]
    fn both_spellings_of_a_type_mean_one_file() {
        let (old, new) = (
            owner(ComponentKind::Exporter, "otlphttp", "logs"),
            owner(ComponentKind::Exporter, "otlp_http", "logs"),
        );
        assert_eq!(file_name(&old), file_name(&new));
    }

    #[test]
    fn long_names_become_hashes_that_differ() {
        let name = "x".repeat(300);
        let (logs, traces) = (
            file_name(&owner(ComponentKind::Exporter, &format!("otlp/{name}"), "logs")),
            file_name(&owner(ComponentKind::Exporter, &format!("otlp/{name}"), "traces")),
        );
        assert_eq!((logs.len(), logs == traces), (64 + SUFFIX.len(), false));
    }
}
