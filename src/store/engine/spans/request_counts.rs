//! Requests of a block by service or operation and minute, counted while the block is made and kept beside it.

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

/// Requests of an operation in a minute.
pub struct OperationMinuteRead {
    /// The service.
    pub service: String,
    /// The name.
    pub name: String,
    /// The `SpanKind`.
    pub kind: i32,
    /// The minute.
    pub minute: MinuteOfRequests,
}

/// What a block says of its services.
#[derive(Debug, Default)]
pub struct ServicesRead {
    /// Each service with its version.
    pub services: Vec<(String, String)>,
    /// The minutes with requests, each with the place of its service in that list.
    pub minutes: Vec<(usize, MinuteOfRequests)>,
}

/// The services of a block.
pub fn read_services(packed: &[u8]) -> ServicesRead {
    let body = unpack(packed.get(1..).unwrap_or_default());
    let mut rest: &[u8] = &body;
    let mut read = ServicesRead::default();
    let Some(count) = take_number(&mut rest) else { return read };
    for _ in 0..count {
        let (Some(name), Some(version)) = (take_string(&mut rest), take_string(&mut rest)) else { break };
        read.services.push((name, version));
    }
    while let Some(service) = take_number(&mut rest) {
        let Some(minute) = take_minute(&mut rest) else { break };
        read.minutes.push((usize::try_from(service).unwrap_or(usize::MAX), minute));
    }
    read
}

/// The operations of a block by minute.
pub fn read_operations(packed: &[u8]) -> Vec<OperationMinuteRead> {
    let body = unpack(packed.get(1..).unwrap_or_default());
    let mut rest: &[u8] = &body;
    let mut operations = Vec::new();
    while let (Some(service), Some(name)) = (take_string(&mut rest), take_string(&mut rest)) {
        let Some(kind) = take_number(&mut rest) else { break };
        let Some(minute) = take_minute(&mut rest) else { break };
        let kind = u32::try_from(kind).unwrap_or(0).cast_signed();
        operations.push(OperationMinuteRead { service, name, kind, minute });
    }
    operations
}

/// Appends counts; [`take_counts`] reads them.
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

/// Reads counts: requests, errors and durations.
pub fn take_counts(rest: &mut &[u8]) -> Option<(u64, u64, DurationBuckets)> {
    let (requests, errors) = (take_number(rest)?, take_number(rest)?);
    let (low, high) = (take_number(rest)?, take_number(rest)?);
    let max_nano = take_number(rest)?;
    let mut counts = Vec::new();
    for _ in 0..take_number(rest)? {
        counts.push((u16::try_from(take_number(rest)?).ok()?, take_number(rest)?));
    }
    let sum_nano = u128::from(high) << 64 | u128::from(low);
    Some((requests, errors, DurationBuckets { counts, sum_nano, max_nano }))
}

/// Appends a text behind its length.
pub fn put_string(out: &mut Vec<u8>, string: &[u8]) {
    put_varint(out, string.len() as u64);
    out.extend_from_slice(string);
}

/// Reads a text behind its length, its broken parts replaced.
pub fn take_string(rest: &mut &[u8]) -> Option<String> {
    let (string, behind) = read_length_delimited(rest).ok()?;
    *rest = behind;
    Some(String::from_utf8_lossy(string).into_owned())
}

/// Reads a number.
pub fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let (number, behind) = read_varint(rest).ok()?;
    *rest = behind;
    Some(number)
}

fn take_minute(rest: &mut &[u8]) -> Option<MinuteOfRequests> {
    let unix_nano = take_number(rest)?;
    let (requests, errors, durations) = take_counts(rest)?;
    Some(MinuteOfRequests { unix_nano, requests, errors, durations })
}
