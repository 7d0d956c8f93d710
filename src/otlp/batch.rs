//! The unit that flows: a list of serialized OTLP request bodies of one signal.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

use super::Signal;

/// Telemetry of one signal as a list of request bodies.
///
/// Each part is a valid `Export{Trace,Metrics,Logs}ServiceRequest` body: it was validated when it
/// entered (or was encoded by us), so readers may iterate over it without failing. Because the
/// request is one repeated field, the concatenation of the parts is itself a valid body; merging
/// appends parts and cloning counts references.
#[derive(Debug, Clone)]
pub struct Batch {
    signal: Signal,
    parts: Vec<Bytes>,
    items: usize,
    bytes: usize,
    client: Option<Arc<ClientInfo>>,
}

/// Who sent a batch, kept only where a receiver was told to (`include_metadata`) or authenticated it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientInfo {
    /// The peer's address, where the transport has one.
    pub address: Option<SocketAddr>,
    /// Request headers by lower-case name, in the order received.
    pub metadata: BTreeMap<String, Vec<String>>,
    /// What an authenticator said of the client.
    pub auth: BTreeMap<String, String>,
}

impl Batch {
    /// A batch without parts.
    pub const fn empty(signal: Signal) -> Self {
        Self { signal, parts: Vec::new(), items: 0, bytes: 0, client: None }
    }

    /// A batch of one request body that holds `items` spans, data points or log records.
    ///
    /// The caller vouches that `body` is valid and that the count is right; bodies from outside come
    /// through validation, which yields the count.
    pub fn from_valid_part(signal: Signal, body: Bytes, items: usize) -> Self {
        let bytes = body.len();
        Self { signal, parts: vec![body], items, bytes, client: None }
    }

    /// The same batch with the client it came from.
    #[must_use]
    pub fn with_client(mut self, client: Option<Arc<ClientInfo>>) -> Self {
        self.client = client;
        self
    }

    /// The signal of every part.
    pub const fn signal(&self) -> Signal {
        self.signal
    }

    /// The request bodies in order.
    pub fn parts(&self) -> &[Bytes] {
        &self.parts
    }

    /// The request bodies in order, owned.
    pub fn into_parts(self) -> Vec<Bytes> {
        self.parts
    }

    /// How many spans, data points or log records the batch holds.
    pub const fn items(&self) -> usize {
        self.items
    }

    /// The sum of the parts' lengths: the length of the merged request body.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// True when there is no item to deliver.
    pub const fn is_empty(&self) -> bool {
        self.items == 0
    }

    /// Who sent it, if a receiver kept that.
    pub fn client(&self) -> Option<&Arc<ClientInfo>> {
        self.client.as_ref()
    }

    /// Appends `other`'s parts. Costs a move per part, whatever their size. The client is kept only
    /// where both came from the same one.
    pub fn merge(&mut self, other: Self) {
        debug_assert_eq!(self.signal, other.signal);
        if self.parts.is_empty() {
            *self = other;
            return;
        }
        if self.client != other.client {
            self.client = None;
        }
        self.items += other.items;
        self.bytes += other.bytes;
        self.parts.extend(other.parts);
    }
}
