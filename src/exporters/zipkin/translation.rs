//! Zipkin's spans of OTLP's.
//!
//! See <https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/>.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::otlp::export_response::ExportResponse;
use crate::otlp::{AnyValueView, Batch, EventView, KeyValueView, LinkView, List, SpanView, StatusView};
use crate::zipkin::{Annotation, Endpoint, Kind, Span, names};

type Tags = BTreeMap<String, String>;

/// How spans are translated.
#[derive(Debug)]
pub struct Translation {
    /// The service of spans whose resource names none.
    pub default_service_name: String,
}

/// Where the service's name is, the first choice first.
const SERVICE_NAMES: [&str; 4] =
    ["service.name", "faas.name", "k8s.deployment.name", "process.executable.name"];

impl Translation {
    /// The spans of a batch, and how many of them cannot be sent and why.
    pub fn spans_of(&self, batch: &Batch) -> (Vec<Span>, ExportResponse) {
        let mut spans = Vec::with_capacity(batch.items());
        let mut not_sent = ExportResponse::default();
        for group in batch.resource_groups() {
            let mut tags = Tags::new();
            put_attributes(&mut tags, group.resource.attributes);
            rename_cloud_resource(&mut tags);
            let service_name = self.take_service_name(&mut tags);
            for scope_group in group.scope_groups.iter() {
                // As in the Collector the tags of a scope stay for the scopes behind it.
                put_attributes(&mut tags, scope_group.scope.attributes);
                put_unless_empty(&mut tags, names::LIBRARY_NAME, &scope_group.scope.name.to_str());
                put_unless_empty(&mut tags, names::LIBRARY_VERSION, &scope_group.scope.version.to_str());
                for span in scope_group.spans() {
                    match translate(span, &service_name, tags.clone()) {
                        Ok(span) => spans.push(span),
                        Err(reason) => {
                            not_sent.rejected += 1;
                            reason.clone_into(&mut not_sent.error_message);
                        }
                    }
                }
            }
        }
        (spans, not_sent)
    }

    fn take_service_name(&self, tags: &mut Tags) -> String {
        for key in SERVICE_NAMES {
            let Some(name) = tags.remove(key) else { continue };
            if key != "service.name" {
                tags.insert(names::SERVICE_NAME_SOURCE.to_owned(), key.to_owned());
            }
            return name;
        }
        self.default_service_name.clone()
    }
}

/// What Zipkin's users know as `faas.id` has been called `cloud.resource_id` since.
fn rename_cloud_resource(tags: &mut Tags) {
    if let Some(id) = tags.remove("cloud.resource_id") {
        tags.entry("faas.id".to_owned()).or_insert(id);
    }
}

fn translate(span: SpanView<'_>, service_name: &str, mut tags: Tags) -> Result<Span, &'static str> {
    if is_no_id(span.trace_id, 16) {
        return Err("TraceID is invalid");
    }
    if is_no_id(span.span_id, 8) {
        return Err("SpanID is invalid");
    }
    put_attributes(&mut tags, span.attributes);
    if let Some(code) = tags.get("http.response.status_code").cloned() {
        tags.entry("http.status_code".to_owned()).or_insert(code);
    }
    put_unless_empty(&mut tags, names::TRACE_STATE, &span.trace_state.to_str());
    let kind = match span.kind {
        2 => Kind::Server,
        3 => Kind::Client,
        4 => Kind::Producer,
        5 => Kind::Consumer,
        _ => Kind::SpanKindUnspecified,
    };
    if span.kind == 1 {
        tags.insert(names::SPAN_KIND.to_owned(), "internal".to_owned());
    }
    let local_endpoint = take_local_endpoint(&mut tags, service_name);
    let remote_endpoint = take_remote_endpoint(&mut tags);
    put_status(&mut tags, span.status);
    for (index, link) in span.links.iter().enumerate() {
        tags.insert(format!("{}{index}", names::LINK_PREFIX), link_text(link));
    }
    // Zipkin knows spans without a time; they come with the time zero.
    let has_start = span.start_time_unix_nano >= 1_000_000_000;
    Ok(Span {
        trace_id: span.trace_id.to_vec(),
        parent_id: if is_no_id(span.parent_span_id, 8) { Vec::new() } else { span.parent_span_id.to_vec() },
        id: span.span_id.to_vec(),
        kind: kind.into(),
        name: span.name.to_str().into_owned(),
        timestamp: if has_start { microseconds(span.start_time_unix_nano) } else { 0 },
        duration: duration_of(span),
        local_endpoint,
        remote_endpoint,
        annotations: span.events.iter().map(annotation_of).collect(),
        tags,
        debug: false,
        shared: false,
    })
}

fn is_no_id(id: &[u8], length: usize) -> bool {
    id.len() != length || id.iter().all(|byte| *byte == 0)
}

const fn microseconds(nanoseconds: u64) -> u64 {
    nanoseconds.saturating_add(500) / 1000
}

/// At least a microsecond for what took any time at all.
fn duration_of(span: SpanView<'_>) -> u64 {
    match span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano) {
        0 => 0,
        nanoseconds => microseconds(nanoseconds).max(1),
    }
}

fn put_attributes(tags: &mut Tags, attributes: List<'_, KeyValueView<'_>>) {
    for attribute in attributes.iter() {
        tags.insert(attribute.key.to_str().into_owned(), attribute.value().to_text());
    }
}

fn put_unless_empty(tags: &mut Tags, key: &str, value: &str) {
    if !value.is_empty() {
        tags.insert(key.to_owned(), value.to_owned());
    }
}

fn put_status(tags: &mut Tags, status: StatusView<'_>) {
    // Zipkin takes any span with this tag for failed, whatever it says.
    tags.remove(names::ERROR);
    let code = match status.code {
        1 => "STATUS_CODE_OK",
        2 => "STATUS_CODE_ERROR",
        _ => return,
    };
    if status.code == 2 {
        tags.insert(names::ERROR.to_owned(), "true".to_owned());
    }
    tags.insert(names::STATUS_CODE.to_owned(), code.to_owned());
    put_unless_empty(tags, names::STATUS_DESCRIPTION, &status.message.to_str());
}

fn take_local_endpoint(tags: &mut Tags, service_name: &str) -> Option<Endpoint> {
    let address = take_address(tags, "network.local.address");
    let port = take_port(tags, "net.host.port");
    endpoint(service_name.to_owned(), address, port)
}

fn take_remote_endpoint(tags: &mut Tags) -> Option<Endpoint> {
    let service_name = tags.remove("service.peer.name").or_else(|| tags.remove("peer.service"));
    let address = take_address(tags, "network.peer.address");
    let port = take_port(tags, "net.peer.port");
    endpoint(service_name.unwrap_or_default(), address, port)
}

fn endpoint(service_name: String, address: Option<IpAddr>, port: i32) -> Option<Endpoint> {
    if service_name.is_empty() && address.is_none() {
        return None;
    }
    let mut endpoint = Endpoint { service_name, port, ..Endpoint::default() };
    if let Some(address) = address {
        endpoint.set_address(address);
    }
    Some(endpoint)
}

fn take_address(tags: &mut Tags, key: &str) -> Option<IpAddr> {
    tags.remove(key)?.parse().ok()
}

fn take_port(tags: &mut Tags, key: &str) -> i32 {
    tags.remove(key).and_then(|port| port.parse::<u16>().ok()).map_or(0, i32::from)
}

/// The name alone, or where there is more `name|attributes|dropped attributes`.
fn annotation_of(event: EventView<'_>) -> Annotation {
    let mut value = event.name.to_str().into_owned();
    if !event.attributes.is_empty() || event.dropped_attributes_count > 0 {
        value = format!("{value}|{}|{}", json_of(event.attributes), event.dropped_attributes_count);
    }
    Annotation { timestamp: microseconds(event.time_unix_nano), value }
}

/// `trace id|span id|trace state|attributes|dropped attributes`.
fn link_text(link: LinkView<'_>) -> String {
    let hexadecimal = |id: &[u8], length: usize| {
        if is_no_id(id, length) {
            String::new()
        } else {
            id.iter().map(|byte| format!("{byte:02x}")).collect()
        }
    };
    format!(
        "{}|{}|{}|{}|{}",
        hexadecimal(link.trace_id, 16),
        hexadecimal(link.span_id, 8),
        link.trace_state.to_str(),
        json_of(link.attributes),
        link.dropped_attributes_count
    )
}

fn json_of(attributes: List<'_, KeyValueView<'_>>) -> String {
    if attributes.is_empty() {
        return "{}".to_owned();
    }
    AnyValueView::KeyValueList(attributes).to_text()
}
