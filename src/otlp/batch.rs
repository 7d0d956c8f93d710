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
    /// The first `parts_taken` are empty: their bytes went out with a split. Removing each would move
    /// all others every time.
    parts: Vec<Bytes>,
    parts_taken: usize,
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
        Self { signal, parts: Vec::new(), parts_taken: 0, items: 0, bytes: 0, client: None }
    }

    /// A batch of one request body that holds `items` spans, data points or log records.
    ///
    /// The caller vouches that `body` is valid and that the count is right; bodies from outside come
    /// through validation, which yields the count.
    pub fn from_valid_part(signal: Signal, body: Bytes, items: usize) -> Self {
        let bytes = body.len();
        Self { signal, parts: vec![body], parts_taken: 0, items, bytes, client: None }
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
        self.parts.get(self.parts_taken..).unwrap_or_default()
    }

    /// The request bodies in order, owned.
    pub fn into_parts(mut self) -> Vec<Bytes> {
        self.parts.drain(..self.parts_taken);
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

    /// Takes everything out and leaves an empty batch of the same signal.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let signal = self.signal;
        std::mem::replace(self, Self::empty(signal))
    }

    /// Appends `other`'s parts. Costs a move per part, whatever their size. The client is kept only
    /// where both came from the same one.
    pub fn merge(&mut self, other: Self) {
        debug_assert_eq!(self.signal, other.signal);
        if self.parts().is_empty() {
            *self = other;
            return;
        }
        if self.client != other.client {
            self.client = None;
        }
        self.items += other.items;
        self.bytes += other.bytes;
        self.parts.extend(other.into_parts());
    }

    /// Takes the first `part_count` parts, which hold `items` items, out into a batch of their own from
    /// the same client.
    pub(super) fn take_front(&mut self, part_count: usize, items: usize) -> Self {
        let end = (self.parts_taken + part_count).min(self.parts.len());
        let taken = self.parts.get_mut(self.parts_taken..end).unwrap_or_default();
        let parts: Vec<Bytes> = taken.iter_mut().map(std::mem::take).collect();
        self.parts_taken = end;
        if self.parts_taken > self.parts.len() / 2 {
            self.parts.drain(..self.parts_taken);
            self.parts_taken = 0;
        }
        let front = Self::of_parts(self.signal, parts, items).with_client(self.client.clone());
        self.items -= front.items;
        self.bytes -= front.bytes;
        front
    }

    /// Puts `pieces`, which hold the same items, in the place of the part at `index`.
    pub(super) fn replace_part(&mut self, index: usize, pieces: impl IntoIterator<Item = Bytes>) {
        let at = self.parts_taken + index;
        self.parts.splice(at..=at, pieces);
        self.bytes = self.parts.iter().map(Bytes::len).sum();
    }

    /// A batch of request bodies that hold `items` items together.
    pub(super) fn of_parts(signal: Signal, parts: Vec<Bytes>, items: usize) -> Self {
        let bytes = parts.iter().map(Bytes::len).sum();
        Self { signal, parts, parts_taken: 0, items, bytes, client: None }
    }
}
