//! The field `metrics` of a scraper: which of its metrics are reported, and with which attributes.

use std::marker::PhantomData;

use super::metric_table::{Behaviour, MetricDescription, MetricTable};
use crate::config::{
    Checking, ConfigValue, Decoding, FieldDocs, Node, NodeValue, Secrets, SectionDocs, TypeDocs,
    unknown_key_hint,
};
use crate::config_section;

/// The settings of all metrics of a scraper, by name.
#[derive(Debug, Clone)]
pub struct MetricSelection<T> {
    /// In the order of [`MetricTable::METRICS`].
    settings: Vec<MetricSetting>,
    table: PhantomData<T>,
}

config_section! {
    /// How a metric with attributes is reported.
    pub struct MetricSetting {
        /// Whether it is reported.
        pub enabled: bool = false,
        /// The attributes its points keep; those that then are alike are combined.
        pub attributes: Vec<String> = Vec::new(),
        /// How points are combined: `sum`, `avg`, `min` or `max`.
        pub aggregation_strategy: String = String::new(),
    }
}

config_section! {
    /// How a metric without attributes is reported.
    pub struct MetricSwitch {
        /// Whether it is reported.
        pub enabled: bool = false,
    }
}

/// How points that lost the attributes that told them apart become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregation {
    Sum,
    Average,
    Min,
    Max,
}

impl Aggregation {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "sum" => Self::Sum,
            "avg" => Self::Average,
            "min" => Self::Min,
            "max" => Self::Max,
            _ => return None,
        })
    }
}

impl MetricSetting {
    fn default_of(metric: &MetricDescription) -> Self {
        let strategy = if metric.behaviour == Behaviour::Gauge { "avg" } else { "sum" };
        Self {
            enabled: metric.is_on_by_default,
            attributes: metric.default_attributes().map(str::to_owned).collect(),
            aggregation_strategy: strategy.to_owned(),
        }
    }

    pub(super) fn aggregation(&self) -> Aggregation {
        Aggregation::of(&self.aggregation_strategy).unwrap_or(Aggregation::Sum)
    }

    fn check_against(&self, metric: &MetricDescription, checking: &mut Checking) {
        for key in self.attributes.iter().filter(|key| !metric.attributes.contains(&key.as_str())) {
            let valid = metric.attributes.join(", ");
            let message = format!(
                "metric {} doesn't have an attribute {key}, valid attributes: [{valid}]",
                metric.name
            );
            checking.error_at("attributes", message);
        }
        if Aggregation::of(&self.aggregation_strategy).is_none() {
            let message = format!(
                "invalid aggregation strategy {:?}, valid strategies: [sum, avg, min, max]",
                self.aggregation_strategy
            );
            checking.error_at("aggregation_strategy", message);
        }
    }
}

impl<T: MetricTable> MetricSelection<T> {
    /// Each metric and how it is reported.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static MetricDescription, &MetricSetting)> {
        T::METRICS.iter().zip(&self.settings)
    }
}

impl<T: MetricTable> Default for MetricSelection<T> {
    fn default() -> Self {
        Self { settings: T::METRICS.iter().map(MetricSetting::default_of).collect(), table: PhantomData }
    }
}

impl<T: MetricTable> ConfigValue for MetricSelection<T> {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        let names: Vec<&str> = T::METRICS.iter().map(|metric| metric.name).collect();
        update_named(&names, &mut self.settings, node, decoding, |place, setting, node, decoding| {
            if T::METRICS.get(place).is_some_and(|metric| !metric.attributes.is_empty()) {
                return setting.update(node, decoding);
            }
            let mut switch = MetricSwitch { enabled: setting.enabled };
            switch.update(node, decoding);
            setting.enabled = switch.enabled;
        });
    }

    fn check(&self, checking: &mut Checking) {
        for (metric, setting) in self.iter() {
            checking.within(metric.name, |checking| setting.check_against(metric, checking));
        }
    }

    fn to_yaml(&self, secrets: Secrets) -> serde_yaml::Value {
        let setting_of = |(metric, setting): (&MetricDescription, &MetricSetting)| {
            let yaml = match metric.attributes.is_empty() {
                true => MetricSwitch { enabled: setting.enabled }.to_yaml(secrets),
                false => setting.to_yaml(secrets),
            };
            (metric.name.into(), yaml)
        };
        serde_yaml::Value::Mapping(self.iter().map(setting_of).collect())
    }

    fn type_docs() -> TypeDocs {
        let field = |metric: &'static MetricDescription| {
            let attributes = match &metric.default_attributes().collect::<Vec<_>>()[..] {
                [] => String::new(),
                keys => format!(", by `{}`", keys.join("`, `")),
            };
            let opt_in = match metric.opt_in_attributes {
                [] => String::new(),
                keys => format!(" (with `attributes` also by `{}`)", keys.join("`, `")),
            };
            let text = format!(
                "{} A {} in `{}`{attributes}{opt_in}.",
                metric.description,
                metric.behaviour.words(),
                metric.unit
            );
            FieldDocs {
                name: metric.name,
                text: text.into(),
                kind: TypeDocs::Scalar("metric"),
                default: if metric.is_on_by_default { "on" } else { "off" }.into(),
            }
        };
        TypeDocs::Section(SectionDocs {
            text: "Which metrics are reported.",
            fields: T::METRICS.iter().map(field).collect(),
        })
    }
}

/// Decodes settings by names that are no Rust names: `update` takes the place of a name, its setting and what
/// is written of it. Unknown names are refused.
pub(super) fn update_named<S>(
    names: &[&str],
    settings: &mut [S],
    node: &Node,
    decoding: &mut Decoding,
    update: impl Fn(usize, &mut S, &Node, &mut Decoding),
) {
    let NodeValue::Map(entries) = &node.value else {
        if !node.is_null() {
            decoding.wrong_type(node, "map", Some("write names with settings".to_owned()));
        }
        return;
    };
    for entry in entries {
        let place = names.iter().position(|name| *name == entry.key);
        let Some((place, setting)) = place.and_then(|place| Some((place, settings.get_mut(place)?))) else {
            let message = format!("'{}' has invalid keys: {}", decoding.dotted_path(), entry.key);
            decoding.error(&entry.key_location, message, Some(unknown_key_hint(&entry.key, names)));
            continue;
        };
        decoding.within(entry.key.clone(), |decoding| update(place, setting, &entry.value, decoding));
    }
}
