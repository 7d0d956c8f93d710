//! Spans of Zipkin's first version in JSON: everything is an annotation there.
//!
//! See <https://zipkin.io/zipkin-api/zipkin-api.yaml>.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use serde::Deserialize;

use super::attributes::{TagTypes, put, put_text};
use crate::zipkin::json::{InvalidSpan, id_of_text, trace_id_of_text};
use crate::zipkin::names;

/// The service of spans that do not say theirs.
const UNKNOWN_SERVICE: &str = "unknown-service";

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SpanDocument {
    trace_id: String,
    name: Option<String>,
    parent_id: Option<String>,
    id: String,
    timestamp: Option<i64>,
    duration: Option<i64>,
    annotations: Option<Vec<AnnotationDocument>>,
    binary_annotations: Option<Vec<BinaryAnnotationDocument>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AnnotationDocument {
    timestamp: i64,
    value: String,
    endpoint: Option<EndpointDocument>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BinaryAnnotationDocument {
    key: String,
    value: serde_json::Value,
    endpoint: Option<EndpointDocument>,
}

#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct EndpointDocument {
    service_name: String,
    ipv4: String,
    ipv6: String,
    port: i32,
}

/// Reads the array that `/api/v1/spans` takes. Spans without any time get that of `now_unix_nano`.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn parse(body: &[u8], tag_types: TagTypes, now_unix_nano: u64) -> Result<Vec<ResourceSpans>, String> {
    let documents: Vec<SpanDocument> =
        serde_json::from_slice(body).map_err(|error| format!("zipkinv1: {error}"))?;
    let mut groups: Vec<(EndpointDocument, Vec<Span>)> = Vec::new();
    for document in documents {
        let (span, endpoint) =
            span_of(document, tag_types, now_unix_nano).map_err(|error| error.to_string())?;
        match groups.iter_mut().find(|(known, _)| *known == endpoint) {
            Some((_, spans)) => spans.push(span),
            None => groups.push((endpoint, vec![span])),
        }
    }
    Ok(groups.into_iter().map(resource_spans_of).collect())
}

fn resource_spans_of((endpoint, spans): (EndpointDocument, Vec<Span>)) -> ResourceSpans {
    let mut attributes = Vec::new();
    put_text(&mut attributes, "service.name", endpoint.service_name);
    for (key, text) in [("ipv4", endpoint.ipv4), ("ipv6", endpoint.ipv6)] {
        if !text.is_empty() {
            put_text(&mut attributes, key, text);
        }
    }
    if endpoint.port != 0 {
        put_text(&mut attributes, "port", endpoint.port.to_string());
    }
    let resource = Some(Resource { attributes, ..Resource::default() });
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }
}

fn span_of(
    document: SpanDocument,
    tag_types: TagTypes,
    now_unix_nano: u64,
) -> Result<(Span, EndpointDocument), InvalidSpan> {
    let mut span = Span {
        trace_id: trace_id_of_text(&document.trace_id)?,
        span_id: id_of_text("id", &document.id)?.ok_or(InvalidSpan::NoId)?,
        parent_span_id: id_of_text("parentId", &document.parent_id.unwrap_or_default())?.unwrap_or_default(),
        name: document.name.unwrap_or_default(),
        ..Span::default()
    };
    let mut endpoint = read_annotations(&mut span, document.annotations.unwrap_or_default());
    let service =
        read_binary_annotations(&mut span, document.binary_annotations.unwrap_or_default(), tag_types);
    if endpoint.service_name == UNKNOWN_SERVICE && !service.is_empty() {
        endpoint.service_name = service;
    }
    if let Some(timestamp) = document.timestamp.filter(|timestamp| *timestamp != 0) {
        span.start_time_unix_nano = nanoseconds(timestamp);
        span.end_time_unix_nano =
            nanoseconds(timestamp.saturating_add(document.duration.unwrap_or_default()));
    }
    if span.start_time_unix_nano == 0 {
        (span.start_time_unix_nano, span.end_time_unix_nano) = (now_unix_nano, now_unix_nano);
        put(&mut span.attributes, names::START_TIME_ABSENT, Value::BoolValue(true));
    }
    Ok((span, endpoint))
}

/// Kind, times and events of a span, and where it was.
fn read_annotations(span: &mut Span, annotations: Vec<AnnotationDocument>) -> EndpointDocument {
    let mut endpoint = None;
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for annotation in annotations.into_iter().filter(|annotation| !annotation.value.is_empty()) {
        let kind = match annotation.value.as_str() {
            "cs" | "cr" => 3,
            "ss" | "sr" => 2,
            "ms" => 4,
            "mr" => 5,
            _ => 0,
        };
        let time = nanoseconds(annotation.timestamp);
        if annotation.timestamp < first {
            (first, span.start_time_unix_nano) = (annotation.timestamp, time);
        }
        if annotation.timestamp > last {
            (last, span.end_time_unix_nano) = (annotation.timestamp, time);
        }
        if kind == 0 {
            let name = annotation.value;
            span.events.push(Event { time_unix_nano: time, name, ..Event::default() });
            continue;
        }
        if span.kind == 0 {
            span.kind = kind;
        }
        endpoint = endpoint.or(annotation.endpoint.filter(|endpoint| !endpoint.service_name.is_empty()));
    }
    let unknown =
        || EndpointDocument { service_name: UNKNOWN_SERVICE.to_owned(), ..EndpointDocument::default() };
    endpoint.unwrap_or_else(unknown)
}

/// Attributes and status of a span, and the name of its service where one tells it.
fn read_binary_annotations(
    span: &mut Span,
    annotations: Vec<BinaryAnnotationDocument>,
    tag_types: TagTypes,
) -> String {
    let (mut service, mut component) = (String::new(), String::new());
    let mut status = Status::default();
    for annotation in annotations {
        let text = match annotation.value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        if let Some(endpoint) = annotation.endpoint.filter(|endpoint| !endpoint.service_name.is_empty()) {
            service = endpoint.service_name;
        }
        match annotation.key.as_str() {
            "lc" => {
                component.clone_from(&text);
                put(&mut span.attributes, "component", tag_types.value_of(text));
            }
            names::ERROR => {
                status.code = 2;
                if text != "true" {
                    put_attribute(&mut span.attributes, &annotation.key, text, tag_types);
                }
            }
            names::STATUS_CODE if text == "STATUS_CODE_OK" => status.code = 1,
            names::STATUS_CODE if text == "STATUS_CODE_ERROR" => status.code = 2,
            names::STATUS_DESCRIPTION => status.message = text,
            key => put_attribute(&mut span.attributes, key, text, tag_types),
        }
    }
    span.status = (status != Status::default()).then_some(status);
    if service.is_empty() { component } else { service }
}

fn put_attribute(attributes: &mut Vec<KeyValue>, key: &str, text: String, tag_types: TagTypes) {
    put(attributes, key, tag_types.value_of(text));
}

fn nanoseconds(microseconds: i64) -> u64 {
    u64::try_from(microseconds).unwrap_or_default().saturating_mul(1000)
}
