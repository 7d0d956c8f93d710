//! Attributes of tags: which belong to the resource, and of what type their values are.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};

/// Whether tags that look like numbers or truth values become such.
#[derive(Debug, Clone, Copy)]
pub struct TagTypes {
    /// Whether they do.
    pub are_parsed: bool,
}

impl TagTypes {
    /// The value that a tag's text means.
    pub fn value_of(self, text: String) -> Value {
        if !self.are_parsed {
            return Value::StringValue(text);
        }
        let number = text.strip_prefix('-').unwrap_or(&text);
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let parsed = match (text.as_str(), number.split_once('.')) {
            ("true", _) => Some(Value::BoolValue(true)),
            ("false", _) => Some(Value::BoolValue(false)),
            (_, Some((whole, fraction))) if is_digits(whole) && is_digits(fraction) => {
                text.parse().ok().map(Value::DoubleValue)
            }
            (_, None) if is_digits(number) => text.parse().ok().map(Value::IntValue),
            _ => None,
        };
        parsed.unwrap_or(Value::StringValue(text))
    }
}

/// Sets an attribute; one that is there gets the new value.
pub fn put(attributes: &mut Vec<KeyValue>, key: &str, value: Value) {
    let value = Some(AnyValue { value: Some(value) });
    match attributes.iter_mut().find(|attribute| attribute.key == key) {
        Some(attribute) => attribute.value = value,
        None => attributes.push(KeyValue { key: key.to_owned(), value, ..KeyValue::default() }),
    }
}

/// Sets an attribute of text.
pub fn put_text(attributes: &mut Vec<KeyValue>, key: &str, text: impl Into<String>) {
    put(attributes, key, Value::StringValue(text.into()));
}

/// The attributes of a JSON object; whole numbers are such.
pub fn attributes_of_json(object: serde_json::Map<String, serde_json::Value>) -> Vec<KeyValue> {
    let attribute = |(key, value)| KeyValue { key, value: Some(value_of_json(value)), ..KeyValue::default() };
    object.into_iter().map(attribute).collect()
}

fn value_of_json(json: serde_json::Value) -> AnyValue {
    let value = match json {
        serde_json::Value::Null => None,
        serde_json::Value::Bool(flag) => Some(Value::BoolValue(flag)),
        serde_json::Value::Number(number) => Some(match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Value::IntValue(number),
            (None, number) => Value::DoubleValue(number.unwrap_or_default()),
        }),
        serde_json::Value::String(text) => Some(Value::StringValue(text)),
        serde_json::Value::Array(items) => {
            let values = items.into_iter().map(value_of_json).collect();
            Some(Value::ArrayValue(ArrayValue { values }))
        }
        serde_json::Value::Object(object) => {
            Some(Value::KvlistValue(KeyValueList { values: attributes_of_json(object) }))
        }
    };
    AnyValue { value }
}

/// Whether a tag tells of the resource and not of the span.
pub fn is_of_resource(key: &str) -> bool {
    OF_RESOURCES.contains(&key)
}

/// The resource attributes that semantic conventions have had, and those that OpenCensus had.
const OF_RESOURCES: &[&str] = &[
    "cloud.provider",
    "cloud.account.id",
    "cloud.region",
    "cloud.availability_zone",
    "cloud.platform",
    "cloud.resource_id",
    "aws.ecs.container.arn",
    "aws.ecs.cluster.arn",
    "aws.ecs.launchtype",
    "aws.ecs.task.arn",
    "aws.ecs.task.family",
    "aws.ecs.task.revision",
    "aws.eks.cluster.arn",
    "aws.log.group.names",
    "aws.log.group.arns",
    "aws.log.stream.names",
    "aws.log.stream.arns",
    "container.name",
    "container.id",
    "container.runtime",
    "container.image.name",
    "container.image.tag",
    "deployment.environment",
    "device.id",
    "device.model.identifier",
    "device.model.name",
    "device.manufacturer",
    "faas.name",
    "faas.id",
    "faas.version",
    "faas.instance",
    "faas.max_memory",
    "host.id",
    "host.name",
    "host.type",
    "host.arch",
    "host.image.name",
    "host.image.id",
    "host.image.version",
    "k8s.cluster.name",
    "k8s.node.name",
    "k8s.node.uid",
    "k8s.namespace.name",
    "k8s.pod.uid",
    "k8s.pod.name",
    "k8s.container.name",
    "k8s.container.restart_count",
    "k8s.replicaset.uid",
    "k8s.replicaset.name",
    "k8s.deployment.uid",
    "k8s.deployment.name",
    "k8s.statefulset.uid",
    "k8s.statefulset.name",
    "k8s.daemonset.uid",
    "k8s.daemonset.name",
    "k8s.job.uid",
    "k8s.job.name",
    "k8s.cronjob.uid",
    "k8s.cronjob.name",
    "os.type",
    "os.description",
    "os.name",
    "os.version",
    "process.pid",
    "process.executable.name",
    "process.executable.path",
    "process.command",
    "process.command_line",
    "process.command_args",
    "process.owner",
    "process.runtime.name",
    "process.runtime.version",
    "process.runtime.description",
    "service.name",
    "service.namespace",
    "service.instance.id",
    "service.version",
    "telemetry.sdk.name",
    "telemetry.sdk.language",
    "telemetry.sdk.version",
    "telemetry.auto.version",
    "webengine.name",
    "webengine.version",
    "webengine.description",
    "opencensus.starttime",
    "opencensus.exporterversion",
    "opencensus.resourcetype",
];
