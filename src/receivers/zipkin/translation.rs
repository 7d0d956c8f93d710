//! OTLP's spans of Zipkin's.
//!
//! As in the Collector, spans of one service form one resource. Other than there, what tells of a resource and
//! differs from span to span, or comes without a service, is kept; so are tags and annotations that only look like
//! links and events.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

use super::attributes::{TagTypes, attributes_of_json, is_of_resource, put, put_text};
use crate::zipkin::json::{id_of_text, trace_id_of_text};
use crate::zipkin::{Annotation, Endpoint, Kind, Span as ZipkinSpan, names};

type Tags = BTreeMap<String, String>;

/// The ids of protobuf are bytes that may be of any length.
///
/// # Errors
///
/// What is wrong with the first span that has others.
pub fn check_ids(spans: &[ZipkinSpan]) -> Result<(), String> {
    for span in spans {
        let (trace_id, id, parent_id) = (span.trace_id.len(), span.id.len(), span.parent_id.len());
        if trace_id != 16 {
            return Err(format!("invalid TraceID: has length {trace_id} yet wanted length 16"));
        }
        if id == 0 {
            return Err("expected a non-nil SpanID".to_owned());
        }
        if id != 8 {
            return Err(format!("invalid SpanID: has length {id} yet wanted length 8"));
        }
        if !matches!(parent_id, 0 | 8) {
            return Err(format!("invalid ParentID: has length {parent_id} yet wanted length 8"));
        }
    }
    Ok(())
}

/// The spans by service and scope.
pub fn resource_spans_of(mut spans: Vec<ZipkinSpan>, tag_types: TagTypes) -> Vec<ResourceSpans> {
    spans.sort_by(|left, right| place_of(left).cmp(&place_of(right)));
    let mut groups: Vec<ResourceSpans> = Vec::new();
    let mut last_place: Option<[String; 3]> = None;
    for mut span in spans {
        let place = place_of(&span).map(str::to_owned);
        let mut tags = std::mem::take(&mut span.tags);
        let [service, scope_name, scope_version] = &place;
        let is_same_service = last_place.as_ref().is_some_and(|[last, ..]| last == service);
        if !is_same_service {
            groups.push(ResourceSpans {
                resource: Some(resource_of(service, &tags)),
                ..ResourceSpans::default()
            });
        }
        let Some(group) = groups.last_mut() else { continue };
        if last_place.as_ref() != Some(&place) {
            let (name, version) = (scope_name.clone(), scope_version.clone());
            let scope = Some(InstrumentationScope { name, version, ..InstrumentationScope::default() });
            group.scope_spans.push(ScopeSpans { scope, ..ScopeSpans::default() });
        }
        remove_what_groups_say(&mut tags, group.resource.as_ref());
        if let Some(scope_group) = group.scope_spans.last_mut() {
            scope_group.spans.push(span_of(span, tags, tag_types));
        }
        last_place = Some(place);
    }
    groups
}

/// Service, name and version of the scope.
fn place_of(span: &ZipkinSpan) -> [&str; 3] {
    let service = span.local_endpoint.as_ref().map_or("", |endpoint| endpoint.service_name.as_str());
    let service = if service == names::NO_SERVICE_NAME { "" } else { service };
    let tag =
        |new: &str, old: &str| span.tags.get(new).or_else(|| span.tags.get(old)).map_or("", String::as_str);
    [service, tag(names::SCOPE_NAME, names::LIBRARY_NAME), tag(names::SCOPE_VERSION, names::LIBRARY_VERSION)]
}

fn resource_of(service: &str, tags: &Tags) -> Resource {
    let mut attributes = Vec::new();
    if !service.is_empty() {
        let source = tags.get(names::SERVICE_NAME_SOURCE).filter(|source| !source.is_empty());
        put_text(&mut attributes, source.map_or("service.name", String::as_str), service);
    }
    for (key, value) in tags.iter().filter(|(key, _)| is_of_resource(key)) {
        put_text(&mut attributes, key, value.as_str());
    }
    Resource { attributes, ..Resource::default() }
}

/// Takes out the tags that the span's resource and scope say.
fn remove_what_groups_say(tags: &mut Tags, resource: Option<&Resource>) {
    let attributes = resource.map_or(&[][..], |resource| &resource.attributes);
    for KeyValue { key, value, .. } in attributes {
        let said = match value {
            Some(AnyValue { value: Some(Value::StringValue(said)) }) => Some(said),
            _ => None,
        };
        if tags.get(key) == said {
            tags.remove(key);
        }
    }
    for key in [
        names::SERVICE_NAME_SOURCE,
        names::LIBRARY_NAME,
        names::LIBRARY_VERSION,
        names::SCOPE_NAME,
        names::SCOPE_VERSION,
    ] {
        tags.remove(key);
    }
}

fn span_of(span: ZipkinSpan, mut tags: Tags, tag_types: TagTypes) -> Span {
    let kind = kind_of(span.kind(), &mut tags);
    let trace_state = tags.remove(names::TRACE_STATE).unwrap_or_default();
    let status = status_of(&mut tags);
    let links = links_of(&mut tags);
    let mut attributes = Vec::with_capacity(tags.len() + 4);
    for (key, text) in tags {
        put(&mut attributes, &key, tag_types.value_of(text));
    }
    put_endpoints(&mut attributes, span.local_endpoint.as_ref(), span.remote_endpoint.as_ref());
    if span.timestamp == 0 {
        put(&mut attributes, names::START_TIME_ABSENT, Value::BoolValue(true));
    }
    let has_parent = span.parent_id != span.id && span.parent_id.iter().any(|byte| *byte != 0);
    let start = nanoseconds(span.timestamp);
    Span {
        trace_id: span.trace_id,
        span_id: span.id,
        trace_state,
        parent_span_id: if has_parent { span.parent_id } else { Vec::new() },
        name: span.name,
        kind,
        start_time_unix_nano: start,
        end_time_unix_nano: start.saturating_add(nanoseconds(span.duration)),
        attributes,
        events: span.annotations.into_iter().map(event_of).collect(),
        links,
        status,
        ..Span::default()
    }
}

const fn nanoseconds(microseconds: u64) -> u64 {
    microseconds.saturating_mul(1000)
}

/// OTLP's number of the kind.
fn kind_of(kind: Kind, tags: &mut Tags) -> i32 {
    match kind {
        Kind::Server => 2,
        Kind::Client => 3,
        Kind::Producer => 4,
        Kind::Consumer => 5,
        Kind::SpanKindUnspecified => match tags.remove(names::SPAN_KIND).as_deref() {
            Some("internal") => 1,
            _ => 0,
        },
    }
}

fn status_of(tags: &mut Tags) -> Option<Status> {
    let mut status = Status::default();
    if let Some(code) = tags.remove(names::STATUS_CODE) {
        status.code = match code.as_str() {
            "STATUS_CODE_OK" | "Ok" => 1,
            "STATUS_CODE_ERROR" | "Error" => 2,
            _ => 0,
        };
        status.message = tags.remove(names::STATUS_DESCRIPTION).unwrap_or_default();
    }
    if let Some(error) = tags.get(names::ERROR) {
        status.code = 2;
        if error == "true" {
            tags.remove(names::ERROR);
        }
    }
    (status != Status::default()).then_some(status)
}

/// The Collector reads no more links than this.
const MOST_LINKS: usize = 128;

fn links_of(tags: &mut Tags) -> Vec<Link> {
    let mut links = Vec::new();
    for index in 0..MOST_LINKS {
        let key = format!("{}{index}", names::LINK_PREFIX);
        let Some(link) = tags.get(&key).and_then(|text| link_of(text)) else {
            return links;
        };
        tags.remove(&key);
        links.push(link);
    }
    links
}

/// A link of `trace id|span id|trace state|attributes|dropped attributes`.
fn link_of(text: &str) -> Option<Link> {
    let (rest, dropped) = text.rsplit_once('|')?;
    let mut parts = rest.splitn(4, '|');
    let (trace_id, span_id, trace_state, attributes) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some(Link {
        trace_id: if trace_id.is_empty() { Vec::new() } else { trace_id_of_text(trace_id).ok()? },
        span_id: id_of_text("span id", span_id).ok()?.unwrap_or_default(),
        trace_state: trace_state.to_owned(),
        attributes: attributes_of_json(serde_json::from_str(attributes).ok()?),
        dropped_attributes_count: dropped.parse().ok()?,
        ..Link::default()
    })
}

/// An event of a name, or of `name|attributes|dropped attributes`.
fn event_of(annotation: Annotation) -> Event {
    let time_unix_nano = nanoseconds(annotation.timestamp);
    let with_more = || {
        let (rest, dropped) = annotation.value.rsplit_once('|')?;
        let (name, attributes) = rest.split_once('|')?;
        Some(Event {
            time_unix_nano,
            name: name.to_owned(),
            attributes: attributes_of_json(serde_json::from_str(attributes).ok()?),
            dropped_attributes_count: dropped.parse().ok()?,
        })
    };
    with_more().unwrap_or_else(|| Event {
        time_unix_nano,
        name: annotation.value.clone(),
        ..Event::default()
    })
}

fn put_endpoints(attributes: &mut Vec<KeyValue>, local: Option<&Endpoint>, remote: Option<&Endpoint>) {
    if let Some(local) = local {
        put_address(attributes, local, "network.local.address", "net.host.port");
    }
    if let Some(remote) = remote {
        if !remote.service_name.is_empty() {
            put_text(attributes, "service.peer.name", remote.service_name.as_str());
        }
        put_address(attributes, remote, "network.peer.address", "net.peer.port");
    }
}

fn put_address(attributes: &mut Vec<KeyValue>, endpoint: &Endpoint, address: &str, port: &str) {
    if let Some(ipv4) = endpoint.ipv4_address() {
        put_text(attributes, address, ipv4.to_string());
    }
    if let Some(ipv6) = endpoint.ipv6_address() {
        put_text(attributes, address, ipv6.to_string());
    }
    if endpoint.port > 0 {
        put(attributes, port, Value::IntValue(endpoint.port.into()));
    }
}
