//! Reading spans of JSON.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;

use crate::zipkin::{Annotation, Endpoint, Kind, Span};

/// A body that is no list of spans.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSpan {
    /// It is no JSON, or JSON of other types.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// An id is no number in hexadecimal, or too long.
    #[error("invalid {field} {text:?}: an id is a number in hexadecimal of at most {most} digits")]
    Id {
        /// Where it stands.
        field: &'static str,
        /// What stands there.
        text: String,
        /// How many digits it may have.
        most: usize,
    },
    /// A span has no trace id.
    #[error("valid traceId required")]
    NoTraceId,
    /// A span has no id.
    #[error("valid span id required")]
    NoId,
    /// An annotation has no time.
    #[error("valid annotation timestamp required")]
    NoAnnotationTime,
    /// An address is none.
    #[error("invalid IP address: {0}")]
    Address(String),
}

/// A span as it stands in JSON of the second version.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SpanDocument {
    trace_id: Option<String>,
    id: Option<String>,
    parent_id: Option<String>,
    name: Option<String>,
    kind: Option<String>,
    timestamp: Option<u64>,
    duration: Option<u64>,
    debug: Option<bool>,
    shared: Option<bool>,
    local_endpoint: Option<EndpointDocument>,
    remote_endpoint: Option<EndpointDocument>,
    annotations: Option<Vec<AnnotationDocument>>,
    tags: Option<BTreeMap<String, String>>,
}

/// An endpoint as it stands in JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointDocument {
    service_name: Option<String>,
    ipv4: Option<String>,
    ipv6: Option<String>,
    port: Option<u16>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AnnotationDocument {
    timestamp: u64,
    value: Option<String>,
}

/// Reads the array that `/api/v2/spans` takes.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn parse_spans(body: &[u8]) -> Result<Vec<Span>, InvalidSpan> {
    let documents: Vec<Option<SpanDocument>> = serde_json::from_slice(body)?;
    documents.into_iter().flatten().map(Span::try_from).collect()
}

impl TryFrom<SpanDocument> for Span {
    type Error = InvalidSpan;

    fn try_from(document: SpanDocument) -> Result<Self, InvalidSpan> {
        let id = id_of_text("id", document.id.as_deref().unwrap_or_default())?.ok_or(InvalidSpan::NoId)?;
        let parent_id = id_of_text("parentId", document.parent_id.as_deref().unwrap_or_default())?;
        let kind = document.kind.and_then(|kind| Kind::from_str_name(&kind)).unwrap_or_default();
        Ok(Self {
            trace_id: trace_id_of_text(document.trace_id.as_deref().unwrap_or_default())?,
            parent_id: parent_id.unwrap_or_default(),
            id,
            kind: kind.into(),
            name: document.name.unwrap_or_default(),
            timestamp: document.timestamp.unwrap_or_default(),
            duration: document.duration.unwrap_or_default(),
            local_endpoint: document.local_endpoint.map(Endpoint::try_from).transpose()?,
            remote_endpoint: document.remote_endpoint.map(Endpoint::try_from).transpose()?,
            annotations: annotations_of(document.annotations.unwrap_or_default())?,
            tags: document.tags.unwrap_or_default(),
            debug: document.debug.unwrap_or_default(),
            shared: document.shared.unwrap_or_default(),
        })
    }
}

impl TryFrom<EndpointDocument> for Endpoint {
    type Error = InvalidSpan;

    fn try_from(document: EndpointDocument) -> Result<Self, InvalidSpan> {
        let mut endpoint = Self {
            service_name: document.service_name.unwrap_or_default(),
            port: document.port.unwrap_or_default().into(),
            ..Self::default()
        };
        for text in [document.ipv4, document.ipv6].into_iter().flatten().filter(|text| !text.is_empty()) {
            let address: IpAddr = text.parse().map_err(|_| InvalidSpan::Address(text))?;
            endpoint.set_address(address);
        }
        Ok(endpoint)
    }
}

fn annotations_of(documents: Vec<AnnotationDocument>) -> Result<Vec<Annotation>, InvalidSpan> {
    let annotation = |document: AnnotationDocument| {
        let value = document.value.unwrap_or_default();
        (document.timestamp > 0)
            .then_some(Annotation { timestamp: document.timestamp, value })
            .ok_or(InvalidSpan::NoAnnotationTime)
    };
    documents.into_iter().map(annotation).collect()
}

/// The 16 bytes of a trace id, filled up with zeros at the start.
///
/// # Errors
///
/// It is empty, no hexadecimal number or too long.
pub fn trace_id_of_text(text: &str) -> Result<Vec<u8>, InvalidSpan> {
    if text.is_empty() {
        return Err(InvalidSpan::NoTraceId);
    }
    number_of_text("traceId", text, 32).map(|number| number.to_be_bytes().to_vec())
}

/// The 8 bytes of a span id; none for zero or no text.
///
/// # Errors
///
/// It is no hexadecimal number or too long.
pub fn id_of_text(field: &'static str, text: &str) -> Result<Option<Vec<u8>>, InvalidSpan> {
    if text.is_empty() {
        return Ok(None);
    }
    let number = number_of_text(field, text, 16)? as u64;
    Ok((number != 0).then(|| number.to_be_bytes().to_vec()))
}

fn number_of_text(field: &'static str, text: &str, most: usize) -> Result<u128, InvalidSpan> {
    let is_number = text.len() <= most && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = if is_number { u128::from_str_radix(text, 16).ok() } else { None };
    number.ok_or_else(|| InvalidSpan::Id { field, text: text.to_owned(), most })
}
