//! The calls between services: found as spans are kept, written with the next cut.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::request_counts::{put_counts, put_string, take_counts, take_number, take_string};
use crate::otlp::wire::put_varint;
use crate::store::engine::block::compression::{Packer, unpack};
use crate::store::engine::signal_format::Appended;
use crate::store::filter::matching::service_of;
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
    /// The newest cut with which calls were written.
    written_with: u64,
    is_written: bool,
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
            written_with: 0,
            is_written: false,
        }
    }
}

impl ServiceCalls {
    /// Takes the ends of calls among the spans of batches.
    pub fn take(&mut self, appended: &[Appended]) {
        let found = &mut self.found;
        for Appended { arrived_unix_nano, batch, .. } in appended {
            self.pairing
                .give_up_before(arrived_unix_nano.saturating_sub(WAIT_NANO), &mut |call| found.add(call));
            for resource_group in batch.resource_groups() {
                let service: Arc<str> = service_of(&resource_group.resource).to_text().into();
                for span in resource_group.scope_groups.iter().flat_map(|scope_group| scope_group.spans()) {
                    if let Some(end) = CallEnd::of(&service, &span) {
                        self.pairing.take(end, *arrived_unix_nano, &mut |call| found.add(call));
                    }
                }
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

    /// The calls not written with a cut, those of callers that still wait for an answer from a callee too; and the cut
    /// with which all others are.
    pub fn unwritten(&self) -> (CallCounts, u64) {
        let mut counts = self.found.clone();
        self.pairing.calls_to_peers().for_each(|call| counts.add(call));
        (counts, self.written_with)
    }
}

impl CallCounts {
    /// Adds what [`pack`](Self::pack) wrote.
    pub fn add_packed(&mut self, packed: &[u8]) {
        let body = unpack(packed.get(1..).unwrap_or_default());
        let mut rest: &[u8] = &body;
        while let Some((key, count)) = take_entry(&mut rest) {
            self.0.entry(key).or_default().merge(&count);
        }
    }

    /// The calls of the minutes that begin in `minutes`, by who called whom.
    pub fn edges(&self, minutes: TimeRange) -> Vec<ServiceEdge> {
        let mut edges: BTreeMap<(&str, &str, &'static str), CallCount> = BTreeMap::new();
        for (key, count) in self.0.iter().filter(|(key, _)| minutes.contains(key.minute_unix_nano)) {
            edges.entry((&key.client, &key.server, key.server_kind)).or_default().merge(count);
        }
        let edge =
            |((client, server, server_kind), count): ((&str, &str, &'static str), CallCount)| ServiceEdge {
                client: client.to_owned(),
                server: server.to_owned(),
                server_kind,
                requests: count.requests,
                errors: count.errors,
                durations: count.durations,
            };
        edges.into_iter().map(edge).collect()
    }

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
            let kind = SERVER_KINDS.iter().position(|kind| *kind == key.server_kind).unwrap_or(0);
            put_varint(&mut body, kind as u64);
            put_counts(&mut body, count.requests, count.errors, &count.durations);
        }
        Packer::default().pack(0, &body)
    }
}

impl CallCount {
    fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.durations.merge(&other.durations);
    }
}

fn take_entry(rest: &mut &[u8]) -> Option<(CallKey, CallCount)> {
    let minute_unix_nano = take_number(rest)?;
    let (client, server) = (take_string(rest)?.into(), take_string(rest)?.into());
    let server_kind = SERVER_KINDS.get(usize::try_from(take_number(rest)?).ok()?)?;
    let (requests, errors, durations) = take_counts(rest)?;
    Some((
        CallKey { minute_unix_nano, client, server, server_kind },
        CallCount { requests, errors, durations },
    ))
}
