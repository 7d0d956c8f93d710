//! Who called whom: which spans are ends of a call, what a caller's span names as its peer, and the pairing of a
//! caller's span with the callee's as they come in.
//!
//! A call has a caller's span (client or producer) and callees' spans (server or consumer) whose parent it is; each
//! callee's span is one call. A caller's span that no callee's span comes for is one call too, if it names a peer. A
//! callee's span without its caller's is none.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};
use std::sync::Arc;

use super::filter::matching::{STATUS_ERROR, duration_nano};
use super::requests::minute_of;
use crate::otlp::{AnyValueView, SpanView};

/// One call between two services, or from one to a peer that sends no telemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The service that called.
    pub client: Arc<str>,
    /// The service or peer that was called.
    pub server: Arc<str>,
    /// `service`, `database`, `messaging` or `external`: what the server is.
    pub server_kind: &'static str,
    /// The beginning of the minute in which the deciding span began: the callee's, or else the caller's.
    pub minute_unix_nano: u64,
    /// True where that span has the status error.
    pub is_failed: bool,
    /// How long that span took.
    pub duration_nano: u64,
}

/// What both ends of a call have in common: the trace, and the id of the caller's span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallId([u8; 16], [u8; 8]);

/// What a span says of a call.
#[derive(Debug, Clone)]
pub struct CallEnd {
    /// Which end it is.
    pub side: CallSide,
    /// The call; none where the ids are missing or of a wrong length.
    pub id: Option<CallId>,
    service: Arc<str>,
    minute_unix_nano: u64,
    is_failed: bool,
    duration_nano: u64,
}

/// Which end of a call a span is.
#[derive(Debug, Clone)]
pub enum CallSide {
    /// The caller, with the peer it names.
    Caller(Option<Peer>),
    /// The callee.
    Callee,
}

/// Who is called, as the caller's span says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    name: Arc<str>,
    kind: &'static str,
}

impl CallEnd {
    /// What a span of `service` says of a call; none where it is an end of none.
    pub fn of(service: &Arc<str>, span: &SpanView<'_>) -> Option<Self> {
        let (side, caller_span_id) = match span.kind {
            3 | 4 => (CallSide::Caller(peer_of(span)), span.span_id),
            2 | 5 if is_id(span.parent_span_id) => (CallSide::Callee, span.parent_span_id),
            _ => return None,
        };
        Some(Self {
            side,
            id: CallId::of(span.trace_id, caller_span_id),
            service: Arc::clone(service),
            minute_unix_nano: minute_of(span.start_time_unix_nano),
            is_failed: span.status.code == STATUS_ERROR,
            duration_nano: duration_nano(span),
        })
    }

    /// The call of this caller to a callee that told of it.
    pub fn call_to(&self, callee: &Self) -> Call {
        Call {
            client: Arc::clone(&self.service),
            server: Arc::clone(&callee.service),
            server_kind: "service",
            minute_unix_nano: callee.minute_unix_nano,
            is_failed: callee.is_failed,
            duration_nano: callee.duration_nano,
        }
    }

    /// The call of this caller to the peer it names; none where it is not a caller or names none.
    pub fn call_to_peer(&self) -> Option<Call> {
        let CallSide::Caller(Some(peer)) = &self.side else {
            return None;
        };
        Some(Call {
            client: Arc::clone(&self.service),
            server: Arc::clone(&peer.name),
            server_kind: peer.kind,
            minute_unix_nano: self.minute_unix_nano,
            is_failed: self.is_failed,
            duration_nano: self.duration_nano,
        })
    }
}

impl CallId {
    fn of(trace_id: &[u8], caller_span_id: &[u8]) -> Option<Self> {
        if !is_id(trace_id) || !is_id(caller_span_id) {
            return None;
        }
        Some(Self(trace_id.try_into().ok()?, caller_span_id.try_into().ok()?))
    }
}

/// True where there is an id: some write zeros for none.
pub fn is_id(id: &[u8]) -> bool {
    id.iter().any(|byte| *byte != 0)
}

/// Ends of calls that wait for the other end, in the order in which they came. What waits is bounded by the number of
/// calls; whoever feeds it may also give up on what has waited too long.
#[derive(Debug)]
pub struct CallPairing {
    waiting: HashMap<CallId, Waiting>,
    /// When the first end of each came, the earliest first, in whatever unit the feeder counts.
    arrivals: VecDeque<(u64, CallId)>,
    max_waiting: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    /// The first that came with this id.
    caller: Option<CallEnd>,
    /// Callees that came before their caller.
    callees: Vec<CallEnd>,
    has_callee: bool,
}

impl CallPairing {
    /// A pairing in which at most `max_waiting` calls wait.
    pub fn new(max_waiting: usize) -> Self {
        Self { waiting: HashMap::new(), arrivals: VecDeque::new(), max_waiting }
    }

    /// Takes a span's end of a call that came `now`, and hands what is certain of calls to `found`.
    pub fn take(&mut self, end: CallEnd, now: u64, found: &mut dyn FnMut(Call)) {
        let Some(id) = end.id else {
            end.call_to_peer().into_iter().for_each(found);
            return;
        };
        let waiting = match self.waiting.entry(id) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                self.arrivals.push_back((now, id));
                entry.insert(Waiting::default())
            }
        };
        match (&end.side, &waiting.caller) {
            (CallSide::Callee, Some(caller)) => {
                found(caller.call_to(&end));
                waiting.has_callee = true;
            }
            (CallSide::Callee, None) => waiting.callees.push(end),
            (CallSide::Caller(_), Some(_)) => {}
            (CallSide::Caller(_), None) => {
                waiting.has_callee = !waiting.callees.is_empty();
                waiting.callees.drain(..).for_each(|callee| found(end.call_to(&callee)));
                waiting.caller = Some(end);
            }
        }
        while self.waiting.len() > self.max_waiting {
            self.give_up_first(found);
        }
    }

    /// Gives up on what came before `before`: the calls to peers among it are certain then.
    pub fn give_up_before(&mut self, before: u64, found: &mut dyn FnMut(Call)) {
        while self.arrivals.front().is_some_and(|(arrival, _)| *arrival < before) {
            self.give_up_first(found);
        }
    }

    /// What would be certain if nothing more came: the calls to peers among what waits.
    pub fn calls_to_peers(&self) -> impl Iterator<Item = Call> {
        self.waiting.values().filter_map(Waiting::call_to_peer)
    }

    fn give_up_first(&mut self, found: &mut dyn FnMut(Call)) {
        let Some((_, id)) = self.arrivals.pop_front() else {
            return;
        };
        let waited = self.waiting.remove(&id);
        waited.iter().filter_map(Waiting::call_to_peer).for_each(found);
    }
}

impl Waiting {
    fn call_to_peer(&self) -> Option<Call> {
        if self.has_callee {
            return None;
        }
        self.caller.as_ref()?.call_to_peer()
    }
}

/// Who is called, as attributes of the semantic conventions, present and past, say: a database and a broker by their
/// system (and the database's namespace), everything else by its address; `peer.service` names any of them.
fn peer_of(span: &SpanView<'_>) -> Option<Peer> {
    let (mut named, mut database, mut namespace, mut broker, mut address) = (None, None, None, None, None);
    for attribute in span.attributes {
        let place = match attribute.key.as_bytes() {
            b"peer.service" => &mut named,
            b"db.system.name" | b"db.system" => &mut database,
            b"db.namespace" | b"db.name" => &mut namespace,
            b"messaging.system" => &mut broker,
            b"server.address" | b"net.peer.name" => &mut address,
            _ => continue,
        };
        if place.is_none() && !matches!(attribute.value(), AnyValueView::Empty) {
            *place = Some(attribute.value());
        }
    }
    let (kind, system) = match (database, broker) {
        (Some(database), _) => ("database", Some(database)),
        (None, Some(broker)) => ("messaging", Some(broker)),
        (None, None) => ("external", address),
    };
    let mut name = named.or(system)?.to_text();
    if let (None, Some(_), Some(namespace)) = (named, database, namespace) {
        name.push('/');
        namespace.append_text(&mut name);
    }
    (!name.is_empty()).then(|| Peer { name: name.into(), kind })
}

#[cfg(test)]
mod tests;
