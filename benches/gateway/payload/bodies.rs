//! Request bodies that are repeated, with the times of their data points moved on where that matters.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::START_NANOS;

/// Stands in an encoded data point where its time is to be written.
pub const TIME_MARK: u64 = 0x5eed_711e_5eed_711e;
/// Between two points of a series.
const INTERVAL_NANOS: u64 = 10_000_000_000;

/// The bodies of a load, sent again and again.
pub struct Bodies {
    bodies: Vec<Marked>,
    taken: AtomicUsize,
}

/// A body and the places in it that hold a time.
struct Marked {
    body: Bytes,
    times: Vec<usize>,
}

impl Bodies {
    /// Finds the marks, of which bodies may have none.
    pub fn new(bodies: Vec<Bytes>) -> Self {
        let marked = |body: Bytes| {
            let mark = TIME_MARK.to_le_bytes();
            let is_mark = |(at, bytes): (usize, &[u8])| (bytes == mark).then_some(at);
            let times = body.windows(mark.len()).enumerate().filter_map(is_mark).collect();
            Marked { body, times }
        };
        Self { bodies: bodies.into_iter().map(marked).collect(), taken: AtomicUsize::new(0) }
    }

    /// The next body; each round through the bodies is one interval later, and time never goes back, since components
    /// that know series drop what is late.
    pub fn next(&self) -> Bytes {
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        let Some(Marked { body, times }) = self.bodies.get(number % self.bodies.len()) else {
            return Bytes::new();
        };
        if times.is_empty() {
            return body.clone();
        }
        let time = START_NANOS + (1 + number / self.bodies.len()) as u64 * INTERVAL_NANOS;
        let mut written = body.to_vec();
        for at in times {
            if let Some(place) = written.get_mut(*at..at + 8) {
                place.copy_from_slice(&time.to_le_bytes());
            }
        }
        written.into()
    }
}
