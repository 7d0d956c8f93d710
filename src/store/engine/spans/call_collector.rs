//! The ends of calls among the spans of a block, noted while it is made.

use std::sync::Arc;

use super::service_calls::CallsOfBatch;
use crate::otlp::{AnyValueView, SpanView, View};
use crate::store::engine::block::interner::Interner;
use crate::store::engine::block::rows::RowsBuilder;
use crate::store::engine::record_blocks::RecordPlace;
use crate::store::filter::matching::service_of;
use crate::store::service_edges::{CallEnd, Peer};

/// Notes the ends of calls.
#[derive(Default)]
pub struct CallCollector {
    calls: Vec<CallsOfBatch>,
    /// The service of the spans being added.
    service: Arc<str>,
    peers: Peers,
}

impl CallCollector {
    /// Says what the spans added next stand under.
    pub fn set_group(&mut self, place: &RecordPlace<'_>) {
        let service = service_of(&place.resource_group.resource).to_text();
        if *self.service != *service {
            self.service = service.into();
        }
        let sequence = place.appended.sequence;
        if self.calls.last().is_none_or(|last| last.sequence != sequence) {
            let arrived_unix_nano = place.appended.arrived_unix_nano;
            self.calls.push(CallsOfBatch { sequence, arrived_unix_nano, ends: Vec::new() });
        }
    }

    /// Notes a span, whose attributes are those of the row in the making.
    #[inline]
    pub fn note(&mut self, span: &SpanView<'_>, rows: &RowsBuilder) {
        let end = CallEnd::of(&self.service, span, || self.peers.peer(rows));
        if let (Some(end), Some(calls)) = (end, self.calls.last_mut()) {
            calls.ends.push(end);
        }
    }

    /// What was noted.
    pub fn finish(self) -> Vec<CallsOfBatch> {
        self.calls
    }
}

/// The peers that spans name, each found once: many spans have the same attributes to tell of them.
#[derive(Default)]
struct Peers {
    /// By the number of a key: whether its attributes tell of peers.
    is_told_by: Vec<bool>,
    /// The numbers of keys and values that tell of a peer, as bytes, numbered.
    tellings: Interner,
    peers: Vec<Option<Arc<Peer>>>,
    /// Room for one of them.
    telling: Vec<u8>,
}

impl Peers {
    fn peer(&mut self, rows: &RowsBuilder) -> Option<Arc<Peer>> {
        let known = self.is_told_by.len();
        self.is_told_by.extend(rows.keys().skip(known).map(Peer::is_told_by));
        self.telling.clear();
        for (key, value) in rows.row() {
            if self.is_told_by.get(*key as usize) == Some(&true) {
                self.telling.extend_from_slice(&key.to_le_bytes());
                self.telling.extend_from_slice(&value.to_le_bytes());
            }
        }
        let number = self.tellings.intern(&self.telling) as usize;
        if number == self.peers.len() {
            let attributes = rows.row_attributes().map(|(key, value)| (key, AnyValueView::parse(value)));
            self.peers.push(Peer::of(attributes).map(Arc::new));
        }
        self.peers.get(number)?.clone()
    }
}
