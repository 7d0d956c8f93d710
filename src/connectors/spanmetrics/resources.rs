//! The resources whose spans are measured, and which of them are kept.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use lru::LruCache;
use parking_lot::Mutex;

use super::dimensions::{Measure, PerMeasure};
use crate::metric_streams::{StreamId, StreamMap};

/// A resource that metrics are grouped by.
#[derive(Debug)]
pub struct Resource {
    /// The fingerprint of what tells it from other resources.
    pub id: StreamId,
    /// The encoded `Resource`, as first seen.
    pub encoded: Vec<u8>,
    /// How many series it has, not counting those for overflow.
    series_counts: PerMeasure<AtomicUsize>,
    /// When its last span came, in nanoseconds since 1970.
    last_seen_unix_nano: AtomicU64,
}

/// Every resource, at most so many. One that is pushed out by others is handed on once more before it is
/// forgotten, and lives on if it comes back before that.
#[derive(Debug)]
pub struct Resources {
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    by_recency: LruCache<StreamId, Arc<Resource>>,
    pushed_out: StreamMap<Arc<Resource>>,
}

impl Resource {
    /// Makes room for one more series of a measure; false where `limit` does not allow it.
    pub fn take_place(&self, measure: Measure, limit: Option<usize>) -> bool {
        let count = self.series_counts.of(measure);
        let Some(limit) = limit else {
            count.fetch_add(1, Ordering::Relaxed);
            return true;
        };
        count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| (count < limit).then_some(count + 1))
            .is_ok()
    }

    /// A series is gone.
    pub fn give_place_back(&self, measure: Measure) {
        self.series_counts.of(measure).fetch_sub(1, Ordering::Relaxed);
    }
}

impl Resources {
    /// An empty list that keeps `most` resources.
    pub fn new(most: NonZeroUsize) -> Self {
        let kept = Kept { by_recency: LruCache::new(most), pushed_out: StreamMap::default() };
        Self { kept: Mutex::new(kept) }
    }

    /// The resource `id`, of which a span came at `now_unix_nano`; `encode` says what it looks like where it
    /// is new.
    pub fn seen(&self, id: StreamId, now_unix_nano: u64, encode: impl FnOnce() -> Vec<u8>) -> Arc<Resource> {
        let mut kept = self.kept.lock();
        if let Some(resource) = kept.by_recency.get(&id) {
            resource.last_seen_unix_nano.store(now_unix_nano, Ordering::Relaxed);
            return Arc::clone(resource);
        }
        let resource = kept.pushed_out.remove(&id).unwrap_or_else(|| {
            Arc::new(Resource {
                id,
                encoded: encode(),
                series_counts: PerMeasure::default(),
                last_seen_unix_nano: AtomicU64::new(0),
            })
        });
        resource.last_seen_unix_nano.store(now_unix_nano, Ordering::Relaxed);
        if let Some((other_id, other)) = kept.by_recency.push(id, Arc::clone(&resource)) {
            kept.pushed_out.insert(other_id, other);
        }
        resource
    }

    /// Forgets the resources that were pushed out, and those not seen for `expiration`, and returns them.
    pub fn retire(&self, now_unix_nano: u64, expiration: Option<Duration>) -> StreamMap<Arc<Resource>> {
        let mut kept = self.kept.lock();
        let mut retired = std::mem::take(&mut kept.pushed_out);
        let Some(expiration) = expiration else {
            return retired;
        };
        // The least recent stand at the end.
        while let Some((_, resource)) = kept.by_recency.peek_lru()
            && is_expired(resource.last_seen_unix_nano.load(Ordering::Relaxed), now_unix_nano, expiration)
            && let Some((id, resource)) = kept.by_recency.pop_lru()
        {
            retired.insert(id, resource);
        }
        retired
    }

    /// Forgets all.
    pub fn clear(&self) {
        let mut kept = self.kept.lock();
        kept.by_recency.clear();
        kept.pushed_out.clear();
    }
}

/// True where so much time has passed since a span was seen.
pub fn is_expired(last_seen_unix_nano: u64, now_unix_nano: u64, expiration: Duration) -> bool {
    u128::from(now_unix_nano.saturating_sub(last_seen_unix_nano)) >= expiration.as_nanos()
}
