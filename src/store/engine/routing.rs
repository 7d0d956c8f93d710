//! Which partition an item goes to.

use std::collections::BTreeSet;
use std::time::Duration;

/// How many partitions one cut may write to by the times of its items; the items of any further go where those of
/// absurd times go.
const MOST_STARTS_PER_CUT: usize = 8;

/// How far ahead of this machine's clock an item may be and still be believed.
const BELIEVED_AHEAD_NANO: u64 = 3_600_000_000_000;

/// A piece of time of a signal; `is_outlier` keeps items apart whose own time is elsewhere, so that the times of the
/// others' blocks stay narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Route {
    /// Where the piece of time begins, in nanoseconds since 1970.
    pub start_unix_nano: u64,
    /// True for items kept by the time of their arrival.
    pub is_outlier: bool,
}

/// Finds partitions: by the item's own time where that can be, else by the time of its arrival.
///
/// A clock that is wrong must neither make a file for each item, nor have an item deleted on the day it came.
#[derive(Debug)]
pub struct Router {
    partition_nano: u64,
    max_age_nano: Option<u64>,
    starts: BTreeSet<u64>,
    /// The last answer, since neighbours mostly go together: start, end.
    recent: (u64, u64),
}

impl Router {
    /// A router for one cut.
    pub fn new(partition_duration: Duration, max_age: Option<Duration>) -> Self {
        let nanoseconds = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX).max(1);
        Self {
            partition_nano: nanoseconds(partition_duration),
            max_age_nano: max_age.map(nanoseconds),
            starts: BTreeSet::new(),
            recent: (0, 0),
        }
    }

    /// Where an item goes.
    pub fn route(&mut self, item_unix_nano: u64, arrived_unix_nano: u64) -> Route {
        let is_believed = item_unix_nano != 0
            && item_unix_nano <= arrived_unix_nano.saturating_add(BELIEVED_AHEAD_NANO)
            && self
                .max_age_nano
                .is_none_or(|max_age| item_unix_nano >= arrived_unix_nano.saturating_sub(max_age));
        if !is_believed {
            return Route { start_unix_nano: self.start_of(arrived_unix_nano), is_outlier: true };
        }
        if item_unix_nano >= self.recent.0 && item_unix_nano < self.recent.1 {
            return Route { start_unix_nano: self.recent.0, is_outlier: false };
        }
        let start = self.start_of(item_unix_nano);
        if !self.starts.contains(&start) {
            if self.starts.len() >= MOST_STARTS_PER_CUT {
                return Route { start_unix_nano: self.start_of(arrived_unix_nano), is_outlier: true };
            }
            self.starts.insert(start);
        }
        self.recent = (start, start.saturating_add(self.partition_nano));
        Route { start_unix_nano: start, is_outlier: false }
    }

    const fn start_of(&self, unix_nano: u64) -> u64 {
        unix_nano - unix_nano % self.partition_nano
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000_000_000;
    const NOW: u64 = 500_000 * HOUR + 5;

    fn router(max_age: Option<Duration>) -> Router {
        Router::new(Duration::from_secs(3600), max_age)
    }

    #[test]
    fn items_go_by_their_own_time() {
        let mut router = router(None);
        for hours_ago in 0..3 {
            let expected = Route { start_unix_nano: (500_000 - hours_ago) * HOUR, is_outlier: false };
            assert_eq!(router.route(NOW - hours_ago * HOUR, NOW), expected);
        }
    }

    #[test]
    fn absurd_times_go_by_arrival() {
        let outlier = Route { start_unix_nano: 500_000 * HOUR, is_outlier: true };
        let mut router = router(Some(Duration::from_secs(7200)));
        for absurd in [0, 1, NOW - 2 * HOUR - 1, NOW + HOUR + 1, u64::MAX] {
            assert_eq!(router.route(absurd, NOW), outlier, "{absurd}");
        }
        assert!(!router.route(NOW - 2 * HOUR, NOW).is_outlier);
        assert!(!router.route(NOW + HOUR, NOW).is_outlier);
    }

    #[test]
    fn one_cut_writes_to_few_files() {
        let mut router = router(None);
        let routes: BTreeSet<_> =
            (0..100).map(|hours_ago| router.route(NOW - hours_ago * HOUR, NOW)).collect();
        assert_eq!(routes.len(), MOST_STARTS_PER_CUT + 1);
    }
}
