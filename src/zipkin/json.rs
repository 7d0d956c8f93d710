//! Zipkin's spans as JSON: ids in hexadecimal, addresses as text, times in microseconds.

mod read;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Annotation, Endpoint, Kind, Span};
use crate::otlp::hexadecimal;

pub use self::read::{InvalidSpan, SpanDocument, id_of_text, parse_spans, trace_id_of_text};

/// Spans as the JSON array that `/api/v2/spans` takes. Names are in lower case, as Zipkin keeps them.
pub fn write_spans(spans: &[Span]) -> Vec<u8> {
    let documents: Vec<SpanJson<'_>> = spans.iter().map(SpanJson).collect();
    // Writing to memory cannot fail, and all keys are texts.
    serde_json::to_vec(&documents).unwrap_or_default()
}

struct SpanJson<'a>(&'a Span);

impl Serialize for SpanJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let span = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("traceId", &trace_id_text(&span.trace_id))?;
        map.serialize_entry("id", &hexadecimal(&span.id))?;
        if !span.parent_id.is_empty() {
            map.serialize_entry("parentId", &hexadecimal(&span.parent_id))?;
        }
        if !span.name.is_empty() {
            map.serialize_entry("name", &span.name.to_lowercase())?;
        }
        if let Some(kind) = kind_text(span.kind()) {
            map.serialize_entry("kind", kind)?;
        }
        if span.timestamp != 0 {
            map.serialize_entry("timestamp", &span.timestamp)?;
        }
        if span.duration != 0 {
            map.serialize_entry("duration", &span.duration)?;
        }
        for (key, flag) in [("debug", span.debug), ("shared", span.shared)] {
            if flag {
                map.serialize_entry(key, &true)?;
            }
        }
        for (key, endpoint) in
            [("localEndpoint", &span.local_endpoint), ("remoteEndpoint", &span.remote_endpoint)]
        {
            if let Some(endpoint) = endpoint.as_ref().filter(|endpoint| !endpoint.says_nothing()) {
                map.serialize_entry(key, &EndpointJson(endpoint))?;
            }
        }
        if !span.annotations.is_empty() {
            let annotations: Vec<_> = span.annotations.iter().map(AnnotationJson).collect();
            map.serialize_entry("annotations", &annotations)?;
        }
        if !span.tags.is_empty() {
            map.serialize_entry("tags", &span.tags)?;
        }
        map.end()
    }
}

struct EndpointJson<'a>(&'a Endpoint);

impl Serialize for EndpointJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let endpoint = self.0;
        let mut map = serializer.serialize_map(None)?;
        if !endpoint.service_name.is_empty() {
            map.serialize_entry("serviceName", &endpoint.service_name.to_lowercase())?;
        }
        if let Some(address) = endpoint.ipv4_address() {
            map.serialize_entry("ipv4", &address)?;
        }
        if let Some(address) = endpoint.ipv6_address() {
            map.serialize_entry("ipv6", &address)?;
        }
        if endpoint.port != 0 {
            map.serialize_entry("port", &endpoint.port)?;
        }
        map.end()
    }
}

struct AnnotationJson<'a>(&'a Annotation);

impl Serialize for AnnotationJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("timestamp", &self.0.timestamp)?;
        map.serialize_entry("value", &self.0.value)?;
        map.end()
    }
}

/// 16 characters where the first 8 bytes are zeros, else 32.
fn trace_id_text(id: &[u8]) -> String {
    match id.split_at_checked(8) {
        Some((high, low)) if high.iter().all(|byte| *byte == 0) => hexadecimal(low),
        _ => hexadecimal(id),
    }
}

const fn kind_text(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::SpanKindUnspecified => None,
        Kind::Client => Some("CLIENT"),
        Kind::Server => Some("SERVER"),
        Kind::Producer => Some("PRODUCER"),
        Kind::Consumer => Some("CONSUMER"),
    }
}
