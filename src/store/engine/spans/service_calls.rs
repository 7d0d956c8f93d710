//! The calls between services: found in the blocks of a cut and written with it, or found for a question before that.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::request_counts::{PackedCounts, put_counts, put_string, take_bytes, take_number};
use crate::otlp::wire::put_varint;
use crate::store::engine::block::compression::{Packer, unpack};
use crate::store::service_edges::{Call, CallEnd, CallPairing};
use crate::store::{DurationBuckets, ServiceEdge, TimeRange};

/// How long one end of a call waits for the other, by arrival.
const WAIT_NANO: u64 = 60_000_000_000;

/// How many calls wait at most.
const MOST_WAITING: usize = 1 << 16;

/// What servers are, by the number they are written with.
const SERVER_KINDS: [&str; 4] = ["service", "database", "messaging", "external"];

/// Calls that are not written yet, and those of which one end waits.
#[derive(Debug)]
pub struct ServiceCalls {
    pairing: CallPairing,
    found: CallCounts,
    /// The newest batch whose calls are among these.
    taken_through: u64,
    /// The newest cut with which calls were written.
    written_with: u64,
    is_written: bool,
}

/// The ends of calls among the spans of a batch, or of that part of it that is in one block.
#[derive(Debug)]
pub struct CallsOfBatch {
    /// The batch's number.
    pub sequence: u64,
    /// When it came.
    pub arrived_unix_nano: u64,
    /// The ends in the order of the spans.
    pub ends: Vec<CallEnd>,
}

/// Calls by minute and by who called whom.
#[derive(Debug, Clone, Default)]
pub struct CallCounts(BTreeMap<CallKey, CallCount>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct CallKey {
    minute_unix_nano: u64,
    client: Arc<str>,
    server: Arc<str>,
    server_kind: &'static str,
}

#[derive(Debug, Clone, Default)]
struct CallCount {
    requests: u64,
    errors: u64,
    durations: DurationBuckets,
}

impl Default for ServiceCalls {
    fn default() -> Self {
        Self {
            pairing: CallPairing::new(MOST_WAITING),
            found: CallCounts::default(),
            taken_through: 0,
            written_with: 0,
            is_written: false,
        }
    }
}

impl ServiceCalls {
    /// Takes the ends of calls of blocks, those of batches that were not taken before.
    pub fn take<'a>(&mut self, calls: impl Iterator<Item = &'a CallsOfBatch>) {
        let mut new: Vec<&CallsOfBatch> = calls.filter(|calls| calls.sequence > self.taken_through).collect();
        new.sort_by_key(|calls| calls.sequence);
        let found = &mut self.found;
        for CallsOfBatch { sequence, arrived_unix_nano, ends } in new {
            self.taken_through = *sequence;
            self.pairing
                .give_up_before(arrived_unix_nano.saturating_sub(WAIT_NANO), &mut |call| found.add(call));
            for end in ends {
                self.pairing.take(end, *arrived_unix_nano, &mut |call| found.add(call));
            }
        }
    }

    /// A cut begins.
    pub const fn begin(&mut self) {
        self.is_written = false;
    }

    /// The calls to write with the cut that began; none the second time.
    pub fn pack_once(&mut self) -> Option<Vec<u8>> {
        if std::mem::replace(&mut self.is_written, true) || self.found.0.is_empty() {
            return None;
        }
        Some(self.found.pack())
    }

    /// What was to be written is.
    pub fn written(&mut self, cut: u64) {
        self.found = CallCounts::default();
        self.written_with = cut;
    }

    /// The calls not written with a cut, those of callers that still wait for an answer from a callee too.
    pub fn unwritten(&self) -> CallCounts {
        let mut counts = self.found.clone();
        self.pairing.calls_to_peers().for_each(|call| counts.add(call));
        counts
    }

    /// The cut with which all others are written.
    pub const fn written_with(&self) -> u64 {
        self.written_with
    }
}

impl CallCounts {
    fn add(&mut self, call: Call) {
        let Call { client, server, server_kind, minute_unix_nano, is_failed, duration_nano } = call;
        let count = self.0.entry(CallKey { minute_unix_nano, client, server, server_kind }).or_default();
        count.requests += 1;
        count.errors += u64::from(is_failed);
        count.durations.add(duration_nano);
    }

    fn pack(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (key, count) in &self.0 {
            put_varint(&mut body, key.minute_unix_nano);
            put_string(&mut body, key.client.as_bytes());
            put_string(&mut body, key.server.as_bytes());
            put_varint(&mut body, kind_number(key.server_kind) as u64);
            put_counts(&mut body, count.requests, count.errors, &count.durations);
        }
        Packer::default().pack(0, &body)
    }
}

/// Calls of a range of time by who called whom.
#[derive(Debug)]
pub struct CallEdges {
    minutes: TimeRange,
    /// By client, server and the place of its kind.
    clients: BTreeMap<String, BTreeMap<String, [CallCount; SERVER_KINDS.len()]>>,
}

impl CallEdges {
    /// None yet, of the minutes that begin in `minutes`.
    pub const fn new(minutes: TimeRange) -> Self {
        Self { minutes, clients: BTreeMap::new() }
    }

    /// Adds calls.
    pub fn add(&mut self, calls: &CallCounts) {
        let minutes = self.minutes;
        for (key, calls) in calls.0.iter().filter(|(key, _)| minutes.contains(key.minute_unix_nano)) {
            if let Some(count) = self.count(&key.client, &key.server, kind_number(key.server_kind)) {
                count.requests += calls.requests;
                count.errors += calls.errors;
                count.durations.merge(&calls.durations);
            }
        }
    }

    /// Adds calls as they were written; none where those are damaged.
    pub fn add_packed(&mut self, packed: &[u8]) -> Option<()> {
        let body = unpack(packed.get(1..)?)?;
        let mut rest: &[u8] = &body;
        let mut take = || -> Option<(u64, [&[u8]; 2], u64, PackedCounts<'_>)> {
            let minute_unix_nano = take_number(&mut rest)?;
            let names = [take_bytes(&mut rest)?, take_bytes(&mut rest)?];
            Some((minute_unix_nano, names, take_number(&mut rest)?, PackedCounts::take(&mut rest)?))
        };
        while let Some((minute_unix_nano, names, kind, counts)) = take() {
            if !self.minutes.contains(minute_unix_nano) {
                continue;
            }
            let [client, server] = names.map(String::from_utf8_lossy);
            let kind = usize::try_from(kind).unwrap_or(usize::MAX);
            if let Some(CallCount { requests, errors, durations }) = self.count(&client, &server, kind) {
                counts.add_to(requests, errors, durations);
            }
        }
        Some(())
    }

    /// The edges, by client, server and kind.
    pub fn into_edges(self) -> Vec<ServiceEdge> {
        let mut edges = Vec::new();
        for (client, servers) in self.clients {
            for (server, kinds) in servers {
                let mut kinds: Vec<_> = SERVER_KINDS.into_iter().zip(kinds).collect();
                kinds.sort_unstable_by_key(|(kind, _)| *kind);
                for (server_kind, CallCount { requests, errors, durations }) in kinds {
                    if requests > 0 {
                        let (client, server) = (client.clone(), server.clone());
                        edges.push(ServiceEdge { client, server, server_kind, requests, errors, durations });
                    }
                }
            }
        }
        edges
    }

    fn count(&mut self, client: &str, server: &str, kind: usize) -> Option<&mut CallCount> {
        // Nearly always there: no key is made to look.
        if !self.clients.contains_key(client) {
            self.clients.insert(client.to_owned(), BTreeMap::new());
        }
        let servers = self.clients.get_mut(client)?;
        if !servers.contains_key(server) {
            servers.insert(server.to_owned(), Default::default());
        }
        servers.get_mut(server)?.get_mut(kind)
    }
}

fn kind_number(server_kind: &str) -> usize {
    SERVER_KINDS.iter().position(|kind| *kind == server_kind).unwrap_or(0)
}
