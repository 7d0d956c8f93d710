//! Decoding the sections of one kind of component.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::elsewhere::unknown_type_hint;
use super::{Loading, decoding_errors, locate};
use crate::config::{
    AnySection, Checking, ComponentSection, ComponentSections, ConfigError, Decoding, Entry, Location, Node,
    NodeValue,
};
use crate::pipeline::ComponentId;
use crate::pipeline::factory::Factory;

/// The components of one kind.
pub(super) struct Decoded<F: Factory> {
    /// Those whose type is known, decoded as far as that was possible.
    pub(super) sections: ComponentSections<F>,
    /// Every id that is defined and where, whatever is wrong with its section.
    pub(super) defined: BTreeMap<ComponentId, Location>,
}

/// Decodes and checks every component of the kind that `factories` create.
pub(super) fn decode_components<F: Factory>(
    document: &Node,
    factories: &'static [F],
    loading: &mut Loading,
) -> Decoded<F> {
    let mut decoded = Decoded { sections: BTreeMap::new(), defined: BTreeMap::new() };
    let kind = F::KIND.section_name();
    let entries = match document.get(kind) {
        None | Some(Node { value: NodeValue::Null, .. }) => return decoded,
        Some(Node { value: NodeValue::Map(entries), .. }) => entries,
        Some(other) => {
            let message = format!("'{kind}' expected a map, got '{}'", other.go_type());
            let hint = "write one key for each component".to_owned();
            loading.error_at(&other.location, vec![kind.to_owned()], message, Some(hint));
            return decoded;
        }
    };
    for entry in entries {
        decode_component(entry, factories, &mut decoded, loading);
    }
    decoded
}

fn decode_component<F: Factory>(
    entry: &Entry,
    factories: &'static [F],
    decoded: &mut Decoded<F>,
    loading: &mut Loading,
) {
    let kind = F::KIND.section_name();
    let id = match ComponentId::parse(&entry.key) {
        Ok(id) => id,
        Err(message) => {
            let hint = Some("write type or type/name".to_owned());
            return loading.error_at(&entry.key_location, vec![kind.to_owned()], message, hint);
        }
    };
    let path = vec![kind.to_owned(), id.to_string()];
    if let Some(earlier) = decoded.defined.get(&id) {
        let message = format!("duplicate name {:?} after unmarshaling {id}", entry.key);
        let hint = Some(format!("first written at {earlier}"));
        return loading.error_at(&entry.key_location, path, message, hint);
    }
    decoded.defined.insert(id.clone(), entry.key_location.clone());
    let Some(factory) = factories.iter().find(|factory| factory.info().is_called(&id.type_name)) else {
        let (message, hint) = unknown_type(&id, factories);
        return loading.error_at(&entry.key_location, path, message, hint);
    };
    let mut decoding = Decoding::default();
    let section = (factory.info().decode)(&entry.value, &mut decoding);
    let sentence = format!("error reading configuration for \"{id}\": ");
    loading.extend(decoding_errors(decoding, &path, &sentence));
    loading.extend(check_section(&*section, entry, &path));
    let location = entry.key_location.clone();
    let node = entry.value.clone();
    decoded.sections.insert(id, ComponentSection { factory, section: Arc::clone(&section), location, node });
}

/// What the section says is wrong with itself, with positions.
fn check_section(section: &dyn AnySection, entry: &Entry, path: &[String]) -> Vec<ConfigError> {
    let mut checking = Checking::default();
    section.check_section(&mut checking);
    let placed = |mut error: ConfigError| {
        error.location = Some(locate(&entry.key_location, &entry.value, &error).clone());
        error.path.splice(0..0, path.iter().cloned());
        error
    };
    checking.into_errors().into_iter().map(placed).collect()
}

fn unknown_type<F: Factory>(id: &ComponentId, factories: &'static [F]) -> (String, Option<String>) {
    if F::KIND.section_name() == "exporters" && id.type_name == "logging" {
        let message = "the logging exporter has been deprecated, use the debug exporter instead";
        return (message.to_owned(), None);
    }
    let mut known: Vec<&str> = Vec::new();
    for factory in factories {
        known.push(factory.info().type_name);
        known.extend(factory.info().aliases);
    }
    known.sort_unstable();
    let message =
        format!("unknown type: {:?} for id: \"{id}\" (valid values: [{}])", id.type_name, known.join(" "));
    (message, unknown_type_hint(F::KIND, &id.type_name, &known))
}
