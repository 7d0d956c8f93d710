//! One side of an exponential histogram: a run of buckets.

use std::collections::VecDeque;

use super::{COARSEST_SCALE, FINEST_SCALE};
use crate::otlp::BucketsView;

/// The most buckets a run is kept for: a point whose indices lie further apart is made coarser.
const STEPS_AT_MOST: i32 = FINEST_SCALE - COARSEST_SCALE;

/// Counts of neighbouring buckets.
#[derive(Debug, Clone, Default)]
pub struct ExponentialBuckets {
    /// The index of the first bucket.
    offset: i32,
    counts: VecDeque<u64>,
}

/// Equal where the same buckets hold the same counts, whatever empty buckets are stored around them.
impl PartialEq for ExponentialBuckets {
    fn eq(&self, other: &Self) -> bool {
        self.filled().eq(other.filled())
    }
}

impl ExponentialBuckets {
    /// The buckets of a data point.
    pub fn of(view: BucketsView<'_>) -> Self {
        Self { offset: view.offset, counts: view.bucket_counts().collect() }
    }

    #[cfg(test)]
    pub(crate) fn with_counts(offset: i32, counts: &[u64]) -> Self {
        Self { offset, counts: counts.iter().copied().collect() }
    }

    /// The index of the first bucket in [`counts`](Self::counts).
    pub const fn offset(&self) -> i32 {
        self.offset
    }

    /// The counts from the bucket at [`offset`](Self::offset) up.
    pub const fn counts(&self) -> &VecDeque<u64> {
        &self.counts
    }

    /// The indices of the first and the last bucket.
    pub(super) fn span(&self) -> Option<(i32, i32)> {
        let last = i32::try_from(self.counts.len()).ok()?.checked_sub(1)?;
        (last >= 0).then(|| (self.offset, self.offset.saturating_add(last)))
    }

    /// How often the scale must be halved until these buckets and those from `other.0` to `other.1` are
    /// at most `max_size` together.
    pub(super) fn steps_until_fits(&self, other: Option<(i32, i32)>, max_size: usize) -> i32 {
        let (low, high) = match (self.span(), other) {
            (Some(own), Some(other)) => (own.0.min(other.0), own.1.max(other.1)),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => return 0,
        };
        let most = i64::try_from(max_size.max(2)).unwrap_or(i64::MAX);
        let fits = |steps: &i32| i64::from(high >> steps) - i64::from(low >> steps) < most;
        (0..STEPS_AT_MOST).find(fits).unwrap_or(STEPS_AT_MOST)
    }

    /// Counts `times` more in the bucket `index`.
    pub(super) fn add_at(&mut self, index: i32, times: u64) {
        if self.counts.is_empty() {
            self.offset = index;
        }
        while index < self.offset {
            self.counts.push_front(0);
            self.offset -= 1;
        }
        let position = usize::try_from(i64::from(index) - i64::from(self.offset)).unwrap_or_default();
        if position >= self.counts.len() {
            self.counts.resize(position + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(position) {
            *count = count.saturating_add(times);
        }
    }

    /// Adds buckets of the same scale.
    pub(super) fn add(&mut self, other: &Self) {
        for (index, count) in other.filled() {
            self.add_at(index, count);
        }
    }

    /// The counts above those of `previous`; none where one is smaller.
    pub(super) fn since(&self, previous: &Self) -> Option<Self> {
        let mut difference = Self::default();
        let mut before = previous.filled().peekable();
        for (index, count) in self.filled() {
            let earlier = match before.peek() {
                Some((earlier_index, _)) if *earlier_index < index => return None,
                Some((earlier_index, earlier)) if *earlier_index == index => *earlier,
                _ => 0,
            };
            if earlier > 0 {
                before.next();
            }
            let more = count.checked_sub(earlier)?;
            if more > 0 {
                difference.add_at(index, more);
            }
        }
        before.next().is_none().then_some(difference)
    }

    /// Joins each 2 to the power of `steps` buckets.
    pub(super) fn downscale(&mut self, steps: i32) {
        let steps = steps.min(31);
        let mut coarser = Self::default();
        for (index, count) in self.filled() {
            coarser.add_at(index >> steps, count);
        }
        *self = coarser;
    }

    pub(super) fn lowest_index(&self) -> Option<i32> {
        (!self.counts.is_empty()).then_some(self.offset)
    }

    /// Takes the first bucket out and returns its count.
    pub(super) fn take_lowest(&mut self) -> u64 {
        self.offset = self.offset.saturating_add(1);
        self.counts.pop_front().unwrap_or_default()
    }

    /// Index and count of the buckets that are not empty, ascending.
    fn filled(&self) -> impl Iterator<Item = (i32, u64)> {
        let offset = self.offset;
        let indexed = self.counts.iter().enumerate();
        indexed.filter(|(_, count)| **count > 0).map(move |(position, count)| {
            (offset.saturating_add(i32::try_from(position).unwrap_or(i32::MAX)), *count)
        })
    }
}
