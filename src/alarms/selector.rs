//! Which data points belong to a metric of a rule.

use super::MetricConfig;
use crate::config::{InvalidRegexp, Pattern};
use crate::otlp::{AnyValueView, KeyValueView, List};

/// Attributes on the wire.
pub type Attributes<'a> = List<'a, KeyValueView<'a>>;

/// Which data points belong to a metric of a rule.
#[derive(Debug)]
pub struct MetricSelector {
    /// The name of the metric.
    pub name: String,
    namespace: Option<Pattern>,
    dimensions: Vec<(String, Pattern)>,
}

impl MetricSelector {
    /// Compiles the patterns.
    ///
    /// # Errors
    ///
    /// Where one is not a regular expression.
    pub fn new(config: &MetricConfig) -> Result<Self, InvalidRegexp> {
        let has_namespace = !config.namespace.is_empty();
        let dimension = |(key, value): (&String, &crate::config::ScalarText)| {
            Ok((key.clone(), Pattern::parse(&value.0)?))
        };
        Ok(Self {
            name: config.name.clone(),
            namespace: has_namespace.then(|| Pattern::parse(&config.namespace)).transpose()?,
            dimensions: config.dimensions.iter().map(dimension).collect::<Result<_, _>>()?,
        })
    }

    /// True where a resource with these attributes may have sent it.
    pub fn takes_resource(&self, resource: Attributes<'_>) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| namespace.matches(namespace_of(resource).as_bytes()))
    }

    /// True for a data point of such a resource.
    pub fn takes_point(&self, point: Attributes<'_>, resource: Attributes<'_>) -> bool {
        self.dimensions.iter().all(|(key, pattern)| {
            dimension(key, point, resource).is_some_and(|value| pattern.matches(value.to_text().as_bytes()))
        })
    }
}

/// The attribute of a data point, or else of its resource.
pub fn dimension<'a>(key: &str, point: Attributes<'a>, resource: Attributes<'a>) -> Option<AnyValueView<'a>> {
    point.get(key).or_else(|| resource.get(key))
}

/// `service.namespace/service.name`, or as much as there is of it.
fn namespace_of(resource: Attributes<'_>) -> String {
    let text = |key: &str| resource.get(key).map(AnyValueView::to_text);
    match (text("service.namespace"), text("service.name")) {
        (Some(namespace), Some(name)) => format!("{namespace}/{name}"),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => String::new(),
    }
}
