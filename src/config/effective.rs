//! The configuration as it is understood, written out again.

use serde_yaml::{Mapping, Value};

use super::{ComponentSections, ConfigValue, Configuration, Secrets, ServiceSection};
use crate::pipeline::ComponentId;
use crate::pipeline::factory::Factory;

impl Configuration {
    /// The configuration as it would be written with every default.
    pub fn to_yaml(&self, secrets: Secrets) -> Value {
        let mut document = Mapping::new();
        append(&mut document, &self.receivers, secrets);
        append(&mut document, &self.processors, secrets);
        append(&mut document, &self.exporters, secrets);
        append(&mut document, &self.connectors, secrets);
        append(&mut document, &self.extensions, secrets);
        document.insert("service".into(), service(&self.service, secrets));
        Value::Mapping(document)
    }
}

fn append<F: Factory>(document: &mut Mapping, sections: &ComponentSections<F>, secrets: Secrets) {
    if sections.is_empty() {
        return;
    }
    let entries =
        sections.iter().map(|(id, section)| (text(id), section.section.section_to_yaml(secrets))).collect();
    document.insert(F::KIND.section_name().into(), Value::Mapping(entries));
}

fn service(service: &ServiceSection, secrets: Secrets) -> Value {
    let mut pipelines = Mapping::new();
    for (id, pipeline) in &service.pipelines {
        let mut entries = Mapping::new();
        for (key, listed) in [
            ("receivers", &pipeline.receivers),
            ("processors", &pipeline.processors),
            ("exporters", &pipeline.exporters),
        ] {
            entries.insert(key.into(), ids(listed));
        }
        pipelines.insert(text(id), Value::Mapping(entries));
    }
    let mut entries = Mapping::new();
    entries.insert("telemetry".into(), service.telemetry.to_yaml(secrets));
    entries.insert("extensions".into(), ids(&service.extensions));
    entries.insert("pipelines".into(), Value::Mapping(pipelines));
    Value::Mapping(entries)
}

fn ids(listed: &[ComponentId]) -> Value {
    Value::Sequence(listed.iter().map(text).collect())
}

fn text(id: &impl ToString) -> Value {
    Value::String(id.to_string())
}
