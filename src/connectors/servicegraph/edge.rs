//! Edges of the graph, and what one span knows of an edge.

use std::sync::Arc;

use super::ServiceGraphConfig;
use crate::metric_streams::{StreamHasher, StreamId};
use crate::otlp::{AnyValueView, KeyValueView, List, ResourceView, SpanView};

/// `SpanKind`s.
pub(super) const SERVER: i32 = 2;
pub(super) const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

/// The `StatusCode` of what failed.
const STATUS_ERROR: i32 = 2;

/// A request from one service to another, as far as it is known.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    /// The caller; empty while there is none.
    pub(super) client: Arc<str>,
    /// The callee; empty while there is none.
    pub(super) server: Arc<str>,
    /// How long the request took as the caller saw it, in seconds; 0 while unknown.
    pub(super) client_seconds: f64,
    /// How long the request took as the callee saw it, in seconds; 0 while unknown.
    pub(super) server_seconds: f64,
    /// The label `connection_type`.
    pub(super) connection_type: &'static str,
    /// One of the spans has the status error.
    pub(super) is_failed: bool,
    /// The label `virtual_node`: which side has no spans.
    pub(super) virtual_node: &'static str,
    /// What the configured dimensions are, with the number of each one's label.
    pub(super) dimensions: Vec<(usize, String)>,
    /// The callee by the caller's peer attributes, with the place of the attribute in their list.
    peer: Option<(usize, String)>,
    /// The callee's span has no parent.
    is_root: bool,
}

/// Which end of a request a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The caller: a client or producer span.
    Client,
    /// The callee: a server or consumer span.
    Server,
}

/// What one span says of an edge.
#[derive(Debug)]
pub(super) struct Half {
    pub(super) side: Side,
    service: Arc<str>,
    seconds: f64,
    connection_type: &'static str,
    is_failed: bool,
    dimensions: Vec<(usize, String)>,
    peer: Option<(usize, String)>,
    database: Option<String>,
    is_root: bool,
}

/// What is read of spans.
#[derive(Debug)]
pub(super) struct SpanRules {
    hasher: StreamHasher,
    dimensions: Vec<String>,
    peer_attributes: Vec<String>,
    database_name_attributes: Vec<String>,
}

/// What the spans of one resource have in common.
pub(super) struct Service<'a> {
    name: Arc<str>,
    attributes: List<'a, KeyValueView<'a>>,
}

impl Edge {
    /// What the first span says of an edge.
    pub(super) fn of(half: Half) -> Self {
        let mut edge = Self {
            client: Arc::default(),
            server: Arc::default(),
            client_seconds: 0.0,
            server_seconds: 0.0,
            connection_type: "",
            is_failed: false,
            virtual_node: "",
            dimensions: Vec::new(),
            peer: None,
            is_root: half.is_root,
        };
        edge.update(half);
        edge
    }

    /// Adds what another span says; where both speak of one thing, the later one counts.
    pub(super) fn update(&mut self, half: Half) {
        self.connection_type = half.connection_type;
        self.is_failed |= half.is_failed;
        for (label, value) in half.dimensions {
            match self.dimensions.iter_mut().find(|(known, _)| *known == label) {
                Some((_, known)) => *known = value,
                None => self.dimensions.push((label, value)),
            }
        }
        match half.side {
            Side::Server => (self.server, self.server_seconds) = (half.service, half.seconds),
            Side::Client => {
                (self.client, self.client_seconds) = (half.service, half.seconds);
                if let Some((place, peer)) = half.peer
                    && self.peer.as_ref().is_none_or(|(known, _)| place <= *known)
                {
                    self.peer = Some((place, peer));
                }
                if let Some(database) = half.database {
                    self.connection_type = "database";
                    (self.server, self.server_seconds) = (database.into(), half.seconds);
                }
            }
        }
    }

    /// True where both services are known.
    pub(super) fn is_complete(&self) -> bool {
        !self.client.is_empty() && !self.server.is_empty()
    }

    /// True for a root span: somebody called whom no span can tell of.
    pub(super) fn caller_is_unknown(&self) -> bool {
        self.client.is_empty() && self.is_root
    }

    /// True where only the caller is known.
    pub(super) fn callee_is_unknown(&self) -> bool {
        self.server.is_empty()
    }

    /// Takes the caller for a user.
    pub(super) fn assume_user(&mut self) {
        self.client = "user".into();
        (self.connection_type, self.virtual_node) = ("virtual_node", "client");
    }

    /// Takes the callee for what the caller's peer attributes say.
    pub(super) fn assume_peer(&mut self) {
        self.server = self.peer.take().map_or("unknown".into(), |(_, peer)| peer.into());
        (self.connection_type, self.virtual_node) = ("virtual_node", "server");
    }
}

impl SpanRules {
    pub(super) fn new(config: &ServiceGraphConfig) -> Self {
        let database_name_attributes =
            match (&*config.database_name_attributes, &*config.database_name_attribute) {
                ([], "") => vec!["db.name".to_owned()],
                ([], deprecated) => vec![deprecated.to_owned()],
                (attributes, _) => attributes.to_vec(),
            };
        Self {
            hasher: StreamHasher::new(),
            dimensions: config.dimensions.clone(),
            peer_attributes: config.virtual_node_peer_attributes.clone(),
            database_name_attributes,
        }
    }

    /// The service a resource belongs to; none where it does not say, and its spans are left out.
    pub(super) fn service<'a>(&self, resource: &ResourceView<'a>) -> Option<Service<'a>> {
        let name = resource.attributes.get("service.name")?.to_text().into();
        Some(Service { name, attributes: resource.attributes })
    }

    /// What a span says of an edge; none where it is an end of no request.
    pub(super) fn half_of(&self, service: &Service<'_>, span: &SpanView<'_>) -> Option<Half> {
        let (side, connection_type) = match span.kind {
            CLIENT => (Side::Client, ""),
            PRODUCER => (Side::Client, "messaging_system"),
            SERVER => (Side::Server, ""),
            CONSUMER => (Side::Server, "messaging_system"),
            _ => return None,
        };
        let nanoseconds = span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano);
        let mut half = Half {
            side,
            service: Arc::clone(&service.name),
            seconds: nanoseconds as f64 / 1e9,
            connection_type,
            is_failed: span.status.code == STATUS_ERROR,
            dimensions: self.dimensions_of(side, service, span),
            peer: None,
            database: None,
            is_root: side == Side::Server && is_no_id(span.parent_span_id),
        };
        if side == Side::Client {
            let mut peers = self.peer_attributes.iter().enumerate();
            half.peer = peers.find_map(|(place, key)| Some((place, span.attributes.get(key)?.to_text())));
            let mut databases = self.database_name_attributes.iter();
            half.database = databases.find_map(|key| attribute_of(service, span, key));
        }
        Some(half)
    }

    /// What both spans of a request have in common: the trace, and the id of the caller's span.
    pub(super) fn edge_key(&self, span: &SpanView<'_>, side: Side) -> StreamId {
        let caller = match side {
            Side::Client => span.span_id,
            Side::Server => span.parent_span_id,
        };
        let caller = if is_no_id(caller) { &[] } else { caller };
        self.hasher.attribute(span.trace_id, AnyValueView::Bytes(caller))
    }

    fn dimensions_of(&self, side: Side, service: &Service<'_>, span: &SpanView<'_>) -> Vec<(usize, String)> {
        let labels = self.dimensions.iter().enumerate();
        labels
            .filter_map(|(place, key)| {
                let label = place * 2 + usize::from(side == Side::Server);
                Some((label, attribute_of(service, span, key)?))
            })
            .collect()
    }
}

/// The labels of the configured dimensions, in the order in which [`Edge::dimensions`] counts them.
pub(super) fn dimension_labels(config: &ServiceGraphConfig) -> Vec<String> {
    let labels = config.dimensions.iter();
    labels.flat_map(|key| [format!("client_{key}"), format!("server_{key}")]).collect()
}

/// The value of an attribute of the resource, else of the span.
fn attribute_of(service: &Service<'_>, span: &SpanView<'_>, key: &str) -> Option<String> {
    let value = service.attributes.get(key).or_else(|| span.attributes.get(key))?;
    Some(value.to_text())
}

/// True for an absent id, which some write as zeros.
fn is_no_id(id: &[u8]) -> bool {
    id.iter().all(|byte| *byte == 0)
}
