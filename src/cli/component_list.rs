//! The command `components`: every component type, in the Collector's form.

use serde_yaml::{Mapping, Value};

use crate::components::{CONNECTORS, EXPORTERS, EXTENSIONS, PROCESSORS, RECEIVERS};
use crate::otlp::Signal;
use crate::pipeline::factory::{Factory, TypeInfo};
use crate::pipeline::{ComponentKind, Stability};

/// The list as YAML, each kind sorted by name.
pub fn component_list() -> String {
    let mut document = Mapping::new();
    let build_info = mapping([
        ("command", env!("CARGO_PKG_NAME").into()),
        ("description", env!("CARGO_PKG_DESCRIPTION").into()),
        ("version", env!("CARGO_PKG_VERSION").into()),
    ]);
    document.insert("buildinfo".into(), build_info);
    append(&mut document, RECEIVERS);
    append(&mut document, PROCESSORS);
    append(&mut document, EXPORTERS);
    append(&mut document, CONNECTORS);
    append(&mut document, EXTENSIONS);
    let provider = |scheme: &str| mapping([("scheme", scheme.into()), ("module", module())]);
    let providers = ["env", "file", "http", "https", "yaml"].map(provider);
    document.insert("providers".into(), Value::Sequence(providers.into()));
    document.insert("converters".into(), Value::Sequence(Vec::new()));
    // A mapping of texts cannot fail to be written.
    serde_yaml::to_string(&document).unwrap_or_default()
}

fn append<F: Factory>(document: &mut Mapping, factories: &[F]) {
    let mut infos: Vec<&TypeInfo> = factories.iter().map(Factory::info).collect();
    infos.sort_by_key(|info| info.type_name);
    let components = infos.into_iter().map(|info| component(F::KIND, info)).collect();
    document.insert(F::KIND.section_name().into(), Value::Sequence(components));
}

fn component(kind: ComponentKind, info: &TypeInfo) -> Value {
    let mut entries = vec![("name", info.type_name.into()), ("module", module())];
    if !info.aliases.is_empty() {
        let aliases = info.aliases.iter().map(|alias| (*alias).into()).collect();
        entries.push(("aliases", Value::Sequence(aliases)));
    }
    entries.push(("stability", stability(kind, info)));
    mapping(entries)
}

fn stability(kind: ComponentKind, info: &TypeInfo) -> Value {
    if kind == ComponentKind::Extension {
        let settled = info.signals.first().map_or(Stability::Beta, |(_, settled)| *settled);
        return mapping([("extension", settled.name().into())]);
    }
    let pair = |(taken, produced, settled): &(Signal, Signal, Stability)| {
        (format!("{}-to-{}", taken.name(), produced.name()), settled.name().into())
    };
    let one = |(signal, settled): &(Signal, Stability)| (signal.name().to_owned(), settled.name().into());
    let mut signals: Vec<(String, Value)> = match kind {
        ComponentKind::Connector => info.pairs.iter().map(pair).collect(),
        _ => info.signals.iter().map(one).collect(),
    };
    signals.sort_by(|left, right| left.0.cmp(&right.0));
    mapping(signals)
}

fn module() -> Value {
    concat!(env!("CARGO_PKG_NAME"), " v", env!("CARGO_PKG_VERSION")).into()
}

fn mapping<K: Into<Value>>(entries: impl IntoIterator<Item = (K, Value)>) -> Value {
    Value::Mapping(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_listed_with_names_modules_and_stability() {
        let list: Value = serde_yaml::from_str(&component_list()).unwrap();
        let keys: Vec<&str> = list.as_mapping().unwrap().keys().filter_map(Value::as_str).collect();
        assert_eq!(
            keys,
            [
                "buildinfo",
                "receivers",
                "processors",
                "exporters",
                "connectors",
                "extensions",
                "providers",
                "converters"
            ]
        );
        let receivers = list["receivers"].as_sequence().unwrap();
        let nop = receivers.iter().find(|receiver| receiver["name"] == "nop").unwrap();
        assert_eq!(nop["module"], concat!("weir v", env!("CARGO_PKG_VERSION")));
        assert_eq!(
            serde_yaml::to_string(&nop["stability"]).unwrap(),
            "logs: Stable\nmetrics: Stable\ntraces: Stable\n"
        );
    }
}
