//! How much of the disk the store may take, over all signals.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::otlp::Signal;
use crate::store::StoreError;

/// How long an answer of the file system is believed.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What all signals share of the disk.
pub struct DiskBudget {
    directory: PathBuf,
    min_free_bytes: u64,
    max_bytes: Option<u64>,
    looked: Mutex<Option<(Instant, u64)>>,
    is_refusing: AtomicBool,
    /// By [`Signal::ALL`]'s order: bytes, and where the oldest partition that could go begins.
    bytes: [AtomicU64; 3],
    oldest: [AtomicU64; 3],
}

impl DiskBudget {
    /// The budget of a store in `directory`.
    pub fn new(directory: PathBuf, min_free_bytes: u64, max_bytes: Option<u64>) -> Self {
        Self {
            directory,
            min_free_bytes,
            max_bytes,
            looked: Mutex::new(None),
            is_refusing: AtomicBool::new(false),
            bytes: [const { AtomicU64::new(0) }; 3],
            oldest: [const { AtomicU64::new(u64::MAX) }; 3],
        }
    }

    /// Refuses where the disk has too little left.
    pub fn check_free(&self) -> Result<(), StoreError> {
        let free = self.free_bytes()?;
        let is_refusing = free < self.min_free_bytes;
        if is_refusing != self.is_refusing.swap(is_refusing, Ordering::Relaxed) {
            let (directory, free, least) = (self.directory.display(), free, self.min_free_bytes);
            match is_refusing {
                true => {
                    tracing::warn!(%directory, free, min_free_bytes = least, "The store refuses telemetry: the disk is nearly full.")
                }
                false => {
                    tracing::warn!(%directory, free, min_free_bytes = least, "The store takes telemetry again: the disk has room.")
                }
            }
        }
        if !is_refusing {
            return Ok(());
        }
        Err(StoreError::Full(format!(
            "the disk of {} has {} MB left, and the store leaves min_free_bytes ({} MB) free; make room, or lower \
             max_bytes or max_age so that the store needs less",
            self.directory.display(),
            free / 1_000_000,
            self.min_free_bytes / 1_000_000
        )))
    }

    /// Notes how much a signal has, and where its oldest partition that could go begins.
    pub fn note(&self, signal: Signal, bytes: u64, oldest_start: Option<u64>) {
        let [of_bytes, of_oldest] = [&self.bytes, &self.oldest].map(|all| all.get(place_of(signal)));
        if let (Some(of_bytes), Some(of_oldest)) = (of_bytes, of_oldest) {
            of_bytes.store(bytes, Ordering::Relaxed);
            of_oldest.store(oldest_start.unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    /// True where there is too much, and the oldest partition of all is one of `signal`.
    pub fn oldest_must_go(&self, signal: Signal) -> bool {
        let total: u64 = self.bytes.iter().map(|bytes| bytes.load(Ordering::Relaxed)).sum();
        let oldest = |place: &AtomicU64| place.load(Ordering::Relaxed);
        let mine = self.oldest.get(place_of(signal)).map_or(u64::MAX, oldest);
        self.max_bytes.is_some_and(|max_bytes| total > max_bytes)
            && mine != u64::MAX
            && self.oldest.iter().all(|other| oldest(other) >= mine)
    }

    /// How long one file may become, so that retention by bytes goes in small steps.
    pub fn max_partition_bytes(&self) -> u64 {
        self.max_bytes.map_or(u64::MAX, |max_bytes| (max_bytes / 24).max(1 << 20))
    }

    fn free_bytes(&self) -> Result<u64, StoreError> {
        if self.min_free_bytes == 0 {
            return Ok(u64::MAX);
        }
        let mut looked = self.looked.lock();
        if let Some((at, free)) = *looked
            && at.elapsed() < LOOK_AGAIN_AFTER
        {
            return Ok(free);
        }
        let numbers = rustix::fs::statvfs(&self.directory)
            .map_err(|error| StoreError::Engine(format!("{}: {error}", self.directory.display())))?;
        let free = numbers.f_bavail.saturating_mul(numbers.f_frsize);
        *looked = Some((Instant::now(), free));
        Ok(free)
    }
}

fn place_of(signal: Signal) -> usize {
    Signal::ALL.iter().position(|known| *known == signal).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_partition_of_all_signals_goes_first() {
        let budget = DiskBudget::new(PathBuf::from("/"), 0, Some(100));
        budget.note(Signal::Traces, 60, Some(20));
        budget.note(Signal::Logs, 40, Some(10));
        assert!(!budget.oldest_must_go(Signal::Logs));
        budget.note(Signal::Logs, 41, Some(10));
        assert!(budget.oldest_must_go(Signal::Logs));
        assert!(!budget.oldest_must_go(Signal::Traces));
        budget.note(Signal::Logs, 41, None);
        assert!(budget.oldest_must_go(Signal::Traces));
        assert!(!budget.oldest_must_go(Signal::Metrics));
    }

    #[test]
    fn a_disk_without_the_room_asked_for_is_refused() {
        let budget = DiskBudget::new(PathBuf::from("/"), u64::MAX, None);
        let refused = budget.check_free().unwrap_err();
        assert!(
            matches!(&refused, StoreError::Full(sentence) if sentence.contains("min_free_bytes")),
            "{refused}"
        );
        DiskBudget::new(PathBuf::from("/"), 1, None).check_free().unwrap();
    }
}
