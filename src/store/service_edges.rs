//! Who called whom: which spans are ends of a call, what a caller's span names as its peer, and the pairing of a
//! caller's span with the callee's as they come in.
//!
//! A call has a caller's span (client or producer) and callees' spans (server or consumer) whose parent it is; each
//! callee's span is one call. A caller's span that no callee's span comes for is one call too, if it names a peer. A
//! callee's span without its caller's is none.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;

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

/// The attributes that tell of the peer, each with what it tells: a name, a database, its namespace, a broker or an address.
const PEER_KEYS: [(&[u8], usize); 8] = [
    (b"peer.service", 0),
    (b"db.system.name", 1),
    (b"db.system", 1),
    (b"db.namespace", 2),
    (b"db.name", 2),
    (b"messaging.system", 3),
    (b"server.address", 4),
    (b"net.peer.name", 4),
];

/// What both ends of a call have in common: the trace, and the id of the caller's span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallId {
    trace_id: [u64; 2],
    caller_span_id: u64,
}

/// What a span says of a call.
#[derive(Debug, Clone)]
pub struct CallEnd {
    /// Which end it is.
    pub side: CallSide,
    /// The call; none where the ids are missing or of a wrong length.
    pub id: Option<CallId>,
    teller: Teller,
}

/// The service a span is of, and how it went there.
#[derive(Debug, Clone)]
struct Teller {
    service: Arc<str>,
    minute_unix_nano: u64,
    is_failed: bool,
    duration_nano: u64,
}

/// Which end of a call a span is.
#[derive(Debug, Clone)]
pub enum CallSide {
    /// The caller, with the peer it names.
    Caller(Option<Arc<Peer>>),
    /// The callee.
    Callee,
}

/// Who is called, as the caller's span says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    name: Arc<str>,
    kind: &'static str,
}

impl Peer {
    /// True for the keys of attributes that tell of the peer.
    pub fn is_told_by(key: &[u8]) -> bool {
        PEER_KEYS.iter().any(|(known, _)| *known == key)
    }

    /// Who is called, as attributes of the semantic conventions, present and past, say: a database and a broker by their
    /// system (and the database's namespace), everything else by its address; `peer.service` names any of them.
    pub fn of<'a>(attributes: impl Iterator<Item = (&'a [u8], AnyValueView<'a>)>) -> Option<Self> {
        let mut told: [Option<AnyValueView<'a>>; 5] = [None; 5];
        for (key, value) in attributes {
            let told_by = PEER_KEYS.iter().find(|(known, _)| *known == key);
            if let Some((_, place)) = told_by
                && let Some(told) = told.get_mut(*place)
                && told.is_none()
                && !matches!(value, AnyValueView::Empty)
            {
                *told = Some(value);
            }
        }
        let [named, database, namespace, broker, address] = told;
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
        (!name.is_empty()).then(|| Self { name: name.into(), kind })
    }
}

impl CallEnd {
    /// What a span of `service` says of a call; none where it is an end of none. `peer` is what [`Peer::of`] finds among
    /// its attributes, asked for where it is needed.
    pub fn of(
        service: &Arc<str>,
        span: &SpanView<'_>,
        peer: impl FnOnce() -> Option<Arc<Peer>>,
    ) -> Option<Self> {
        let (side, caller_span_id) = match span.kind {
            3 | 4 => (CallSide::Caller(peer()), span.span_id),
            2 | 5 if is_id(span.parent_span_id) => (CallSide::Callee, span.parent_span_id),
            _ => return None,
        };
        let teller = Teller {
            service: Arc::clone(service),
            minute_unix_nano: minute_of(span.start_time_unix_nano),
            is_failed: span.status.code == STATUS_ERROR,
            duration_nano: duration_nano(span),
        };
        Some(Self { side, id: CallId::of(span.trace_id, caller_span_id), teller })
    }

    /// The call of this caller to a callee that told of it.
    pub fn call_to(&self, callee: &Self) -> Call {
        self.teller.call_to(&callee.teller)
    }

    /// The call of this caller to the peer it names; none where it is not a caller or names none.
    pub fn call_to_peer(&self) -> Option<Call> {
        let CallSide::Caller(Some(peer)) = &self.side else {
            return None;
        };
        Some(self.teller.call_to_peer(peer))
    }
}

impl Teller {
    fn call_to(&self, callee: &Self) -> Call {
        Call {
            client: Arc::clone(&self.service),
            server: Arc::clone(&callee.service),
            server_kind: "service",
            minute_unix_nano: callee.minute_unix_nano,
            is_failed: callee.is_failed,
            duration_nano: callee.duration_nano,
        }
    }

    fn call_to_peer(&self, peer: &Peer) -> Call {
        Call {
            client: Arc::clone(&self.service),
            server: Arc::clone(&peer.name),
            server_kind: peer.kind,
            minute_unix_nano: self.minute_unix_nano,
            is_failed: self.is_failed,
            duration_nano: self.duration_nano,
        }
    }
}

impl CallId {
    fn of(trace_id: &[u8], caller_span_id: &[u8]) -> Option<Self> {
        let number = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_le_bytes);
        let (low, high) = trace_id.split_at_checked(8)?;
        let id = Self { trace_id: [number(low)?, number(high)?], caller_span_id: number(caller_span_id)? };
        (is_id(trace_id) && id.caller_span_id != 0).then_some(id)
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
    /// What waits, by when its first end came.
    waiting: VecDeque<Waiting>,
    /// Where in `waiting` each call is, counted from the first that ever waited. Calls are known by their hashes, which
    /// nobody outside can foresee: the less there is of each, the more of all stays in the processor's cache.
    places: HashMap<u64, u64, RandomState>,
    hashing: RandomState,
    /// How many have been given up.
    given_up: u64,
    max_waiting: usize,
}

#[derive(Debug)]
struct Waiting {
    /// The call's.
    hash: u64,
    /// When its first end came, in whatever unit the feeder counts.
    arrival: u64,
    /// The first that came, with the peer it names.
    caller: Option<(Teller, Option<Arc<Peer>>)>,
    /// Callees that came before their caller.
    callees: Vec<Teller>,
    has_callee: bool,
}

impl CallPairing {
    /// A pairing in which at most `max_waiting` calls wait.
    pub fn new(max_waiting: usize) -> Self {
        let hashing = RandomState::default();
        Self { waiting: VecDeque::new(), places: HashMap::default(), hashing, given_up: 0, max_waiting }
    }

    /// Takes a span's end of a call that came `now`, and hands what is certain of calls to `found`.
    pub fn take(&mut self, end: &CallEnd, now: u64, found: &mut dyn FnMut(Call)) {
        let Some(id) = end.id else {
            end.call_to_peer().into_iter().for_each(found);
            return;
        };
        let hash = self.hashing.hash_one(id);
        let next = self.given_up + self.waiting.len() as u64;
        let place = *self.places.entry(hash).or_insert(next);
        if place == next {
            self.waiting.push_back(Waiting {
                hash,
                arrival: now,
                caller: None,
                callees: Vec::new(),
                has_callee: false,
            });
        }
        let at = usize::try_from(place - self.given_up).unwrap_or(usize::MAX);
        let Some(waiting) = self.waiting.get_mut(at) else { return };
        match (&end.side, &waiting.caller) {
            (CallSide::Callee, Some((caller, _))) => {
                found(caller.call_to(&end.teller));
                waiting.has_callee = true;
            }
            (CallSide::Callee, None) => waiting.callees.push(end.teller.clone()),
            (CallSide::Caller(_), Some(_)) => {}
            (CallSide::Caller(peer), None) => {
                waiting.has_callee = !waiting.callees.is_empty();
                waiting.callees.drain(..).for_each(|callee| found(end.teller.call_to(&callee)));
                waiting.caller = Some((end.teller.clone(), peer.clone()));
            }
        }
        while self.waiting.len() > self.max_waiting {
            self.give_up_first(found);
        }
    }

    /// Gives up on what came before `before`: the calls to peers among it are certain then.
    pub fn give_up_before(&mut self, before: u64, found: &mut dyn FnMut(Call)) {
        while self.waiting.front().is_some_and(|waiting| waiting.arrival < before) {
            self.give_up_first(found);
        }
    }

    /// What would be certain if nothing more came: the calls to peers among what waits.
    pub fn calls_to_peers(&self) -> impl Iterator<Item = Call> {
        self.waiting.iter().filter_map(Waiting::call_to_peer)
    }

    fn give_up_first(&mut self, found: &mut dyn FnMut(Call)) {
        let Some(waited) = self.waiting.pop_front() else {
            return;
        };
        self.given_up += 1;
        self.places.remove(&waited.hash);
        waited.call_to_peer().into_iter().for_each(found);
    }
}

impl Waiting {
    fn call_to_peer(&self) -> Option<Call> {
        if self.has_callee {
            return None;
        }
        let (caller, peer) = self.caller.as_ref()?;
        Some(caller.call_to_peer(peer.as_ref()?))
    }
}

#[cfg(test)]
mod tests;
