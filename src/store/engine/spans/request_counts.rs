//! Requests of a block by service or operation and minute, counted while the block is made and kept beside it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::otlp::wire::{put_varint, read_length_delimited, read_varint};
use crate::otlp::{ResourceView, SpanView};
use crate::store::engine::block::compression::{Packer, unpack};
use crate::store::engine::block::interner::Interner;
use crate::store::filter::matching::{STATUS_ERROR, duration_nano, service_of};
use crate::store::requests::{is_request, minute_of};
use crate::store::{DurationBuckets, MinuteOfRequests};

/// Counts requests.
#[derive(Default)]
pub struct RequestCounter {
    services: Interner,
    /// By service; the version that came last.
    versions: Vec<String>,
    /// The service of each group.
    group_services: Vec<u32>,
    /// Operation and minute as bytes, numbered.
    keys: Interner,
    counts: Vec<OperationMinute>,
    /// The key met last and its number: neighbours are often of one operation.
    recent: Option<(OperationKey, usize)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct OperationKey {
    minute_unix_nano: u64,
    service: u32,
    name: u32,
    kind: i32,
}

struct OperationMinute {
    key: OperationKey,
    requests: u64,
    errors: u64,
    durations: DurationBuckets,
}

impl RequestCounter {
    /// Says what stands behind the number of a group.
    pub fn set_group(&mut self, group: u32, resource: &ResourceView<'_>) {
        let service = self.services.intern(service_of(resource).to_text().as_bytes());
        if service as usize == self.versions.len() {
            self.versions.push(String::new());
        }
        if let Some(version) = resource.attributes.get("service.version")
            && let Some(known) = self.versions.get_mut(service as usize)
        {
            *known = version.to_text();
        }
        let group = group as usize;
        if group >= self.group_services.len() {
            self.group_services.resize(group + 1, 0);
        }
        if let Some(place) = self.group_services.get_mut(group) {
            *place = service;
        }
    }

    /// Counts a span that is a request: its group and the number of its name.
    #[inline]
    pub fn count(&mut self, group: u32, name: u32, span: &SpanView<'_>) {
        if !is_request(span) {
            return;
        }
        let key = OperationKey {
            minute_unix_nano: minute_of(span.start_time_unix_nano),
            service: self.group_services.get(group as usize).copied().unwrap_or(0),
            name,
            kind: span.kind,
        };
        let number = match self.recent {
            Some((recent, number)) if recent == key => number,
            _ => self.number(key),
        };
        self.recent = Some((key, number));
        if let Some(counts) = self.counts.get_mut(number) {
            counts.requests += 1;
            counts.errors += u64::from(span.status.code == STATUS_ERROR);
            counts.durations.add(duration_nano(span));
        }
    }

    /// Packs what was counted, by service and by operation; `names` are those of the spans.
    pub fn pack(&self, packer: &mut Packer, names: &Interner) -> (Vec<u8>, Vec<u8>) {
        let mut by_service: BTreeMap<(u32, u64), MinuteOfRequests> = BTreeMap::new();
        let mut operations = Vec::new();
        for counts in &self.counts {
            let minute = by_service.entry((counts.key.service, counts.key.minute_unix_nano)).or_default();
            minute.requests += counts.requests;
            minute.errors += counts.errors;
            minute.durations.merge(&counts.durations);
            put_string(&mut operations, self.services.get(counts.key.service));
            put_string(&mut operations, names.get(counts.key.name));
            put_varint(&mut operations, u64::from(counts.key.kind.cast_unsigned()));
            put_varint(&mut operations, counts.key.minute_unix_nano);
            put_counts(&mut operations, counts.requests, counts.errors, &counts.durations);
        }
        let mut services = Vec::new();
        put_varint(&mut services, self.services.len() as u64);
        for (name, version) in self.services.iter().zip(&self.versions) {
            put_string(&mut services, name);
            put_string(&mut services, version.as_bytes());
        }
        for ((service, minute_unix_nano), minute) in &by_service {
            put_varint(&mut services, u64::from(*service));
            put_varint(&mut services, *minute_unix_nano);
            put_counts(&mut services, minute.requests, minute.errors, &minute.durations);
        }
        (packer.pack(0, &services), packer.pack(0, &operations))
    }

    fn number(&mut self, key: OperationKey) -> usize {
        let mut bytes = [0; 20];
        let (minute, rest) = bytes.split_at_mut(8);
        minute.copy_from_slice(&key.minute_unix_nano.to_le_bytes());
        for (place, word) in rest.chunks_exact_mut(4).zip([key.service, key.name, key.kind.cast_unsigned()]) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        let number = self.keys.intern(&bytes) as usize;
        if number == self.counts.len() {
            let durations = DurationBuckets::default();
            self.counts.push(OperationMinute { key, requests: 0, errors: 0, durations });
        }
        number
    }
}

/// Requests of an operation in a minute, as they are packed.
pub struct PackedOperation<'a> {
    /// The service.
    pub service: &'a [u8],
    /// The name.
    pub name: &'a [u8],
    /// The `SpanKind`.
    pub kind: i32,
    /// Where the minute begins.
    pub minute_unix_nano: u64,
    /// How many, and how long they took.
    pub counts: PackedCounts<'a>,
}

/// A service and its version.
pub type ServiceVersion<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Requests of a service in a minute, as they are packed.
pub struct PackedService<'a> {
    /// The place of the service among those of the block.
    pub service: usize,
    /// Where the minute begins.
    pub minute_unix_nano: u64,
    /// How many, and how long they took.
    pub counts: PackedCounts<'a>,
}

/// Counts that are only read where they are wanted: requests, errors and durations.
pub struct PackedCounts<'a>(&'a [u8]);

/// What [`services_of`] and [`operations_of`] read, from what is kept of a block; none where that is damaged.
pub fn unpacked(packed: &[u8]) -> Option<Cow<'_, [u8]>> {
    unpack(packed.get(1..).unwrap_or_default())
}

/// The services of a block, each with its version, and their requests.
pub fn services_of<'a>(body: &'a [u8]) -> (Vec<ServiceVersion<'a>>, impl Iterator<Item = PackedService<'a>>) {
    let mut rest = body;
    let mut services = Vec::new();
    for _ in 0..take_number(&mut rest).unwrap_or(0) {
        let (Some(name), Some(version)) = (take_bytes(&mut rest), take_bytes(&mut rest)) else { break };
        services.push((String::from_utf8_lossy(name), String::from_utf8_lossy(version)));
    }
    let requests = std::iter::from_fn(move || {
        Some(PackedService {
            service: usize::try_from(take_number(&mut rest)?).ok()?,
            minute_unix_nano: take_number(&mut rest)?,
            counts: PackedCounts::take(&mut rest)?,
        })
    });
    (services, requests)
}

/// The requests of the operations of a block.
pub fn operations_of<'a>(body: &'a [u8]) -> impl Iterator<Item = PackedOperation<'a>> {
    let mut rest = body;
    std::iter::from_fn(move || {
        Some(PackedOperation {
            service: take_bytes(&mut rest)?,
            name: take_bytes(&mut rest)?,
            kind: u32::try_from(take_number(&mut rest)?).unwrap_or(0).cast_signed(),
            minute_unix_nano: take_number(&mut rest)?,
            counts: PackedCounts::take(&mut rest)?,
        })
    })
}

impl<'a> PackedCounts<'a> {
    /// Takes counts from the beginning of `rest`.
    pub fn take(rest: &mut &'a [u8]) -> Option<Self> {
        let all = *rest;
        for _ in 0..5 {
            take_number(rest)?;
        }
        let mut numbers = take_number(rest)?.checked_mul(2)?;
        while numbers > 0 {
            let (byte, behind) = rest.split_first()?;
            numbers -= u64::from(*byte < 0x80);
            *rest = behind;
        }
        all.get(..all.len() - rest.len()).map(Self)
    }

    /// Adds them to what was counted before.
    pub fn add_to(&self, requests: &mut u64, errors: &mut u64, durations: &mut DurationBuckets) {
        let mut rest = self.0;
        let mut next = || take_number(&mut rest).unwrap_or(0);
        *requests += next();
        *errors += next();
        let (low, high) = (next(), next());
        durations.sum_nano += u128::from(high) << 64 | u128::from(low);
        durations.max_nano = durations.max_nano.max(next());
        let buckets = next();
        durations.merge_counts((0..buckets).map(|_| (u16::try_from(next()).unwrap_or(u16::MAX), next())));
    }
}

/// Appends counts; [`PackedCounts`] reads them.
pub fn put_counts(out: &mut Vec<u8>, requests: u64, errors: u64, durations: &DurationBuckets) {
    put_varint(out, requests);
    put_varint(out, errors);
    let sum = durations.sum_nano;
    #[expect(clippy::cast_possible_truncation, reason = "both halves are written")]
    let halves = [sum as u64, (sum >> 64) as u64];
    halves
        .into_iter()
        .chain([durations.max_nano, durations.counts.len() as u64])
        .for_each(|n| put_varint(out, n));
    for (bucket, count) in &durations.counts {
        put_varint(out, u64::from(*bucket));
        put_varint(out, *count);
    }
}

/// Appends a text behind its length.
pub fn put_string(out: &mut Vec<u8>, string: &[u8]) {
    put_varint(out, string.len() as u64);
    out.extend_from_slice(string);
}

/// Reads what [`put_string`] wrote.
pub fn take_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (string, behind) = read_length_delimited(rest).ok()?;
    *rest = behind;
    Some(string)
}

/// Reads a number.
pub fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let (number, behind) = read_varint(rest).ok()?;
    *rest = behind;
    Some(number)
}
