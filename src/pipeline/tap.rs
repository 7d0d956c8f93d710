//! A tap on an edge of the graph: shows samples of what passes to whoever looks, and costs one load of a number for each
//! batch while nobody does. It never holds up what passes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::otlp::Batch;

/// Where an edge can be looked at.
#[derive(Debug, Default)]
pub struct Tap {
    /// How many look; what is read on the data path.
    open: AtomicUsize,
    viewers: Mutex<Vec<Viewer>>,
}

/// One who looks. Dropping it closes the tap for this one.
#[derive(Debug)]
pub struct TapReader {
    tap: Arc<Tap>,
    samples: mpsc::Receiver<Batch>,
    skipped: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Viewer {
    samples: mpsc::Sender<Batch>,
    skipped: Arc<AtomicU64>,
    /// No batch is shown before this.
    quiet_until: Option<Instant>,
    max_items: usize,
}

/// At least this long lies between two samples: five a second.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(200);

/// Samples that wait for a reader; they keep the batches they are of in memory.
const WAITING_SAMPLES: usize = 4;

impl Tap {
    /// Opens the tap for one more reader, who is shown up to `max_items` items of a batch.
    pub fn open(self: &Arc<Self>, max_items: usize) -> TapReader {
        let (sender, samples) = mpsc::channel(WAITING_SAMPLES);
        let skipped = Arc::<AtomicU64>::default();
        let viewer = Viewer { samples: sender, skipped: Arc::clone(&skipped), quiet_until: None, max_items };
        self.viewers.lock().push(viewer);
        self.open.fetch_add(1, Ordering::Relaxed);
        TapReader { tap: Arc::clone(self), samples, skipped }
    }

    /// True while somebody looks.
    #[inline]
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed) > 0
    }

    /// Shows the beginning of `batch` to every reader who is ready for it; for the others its items are counted.
    #[cold]
    pub fn show(&self, batch: &Batch) {
        let now = Instant::now();
        for viewer in &mut *self.viewers.lock() {
            viewer.show(batch, now);
        }
    }
}

impl Viewer {
    fn show(&mut self, batch: &Batch, now: Instant) {
        let mut shown = 0;
        if self.quiet_until.is_none_or(|until| now >= until)
            && let Ok(place) = self.samples.try_reserve()
        {
            let sample = batch.clone().split_off_front(self.max_items);
            shown = sample.items();
            place.send(sample);
            self.quiet_until = Some(now + SAMPLE_INTERVAL);
        }
        self.skipped.fetch_add((batch.items() - shown) as u64, Ordering::Relaxed);
    }
}

impl TapReader {
    /// The next sample; waits for one.
    pub async fn next(&mut self) -> Option<Batch> {
        self.samples.recv().await
    }

    /// How many items passed without being shown since this was asked last.
    pub fn take_skipped(&self) -> u64 {
        self.skipped.swap(0, Ordering::Relaxed)
    }
}

impl Drop for TapReader {
    fn drop(&mut self) {
        self.tap.viewers.lock().retain(|viewer| !Arc::ptr_eq(&viewer.skipped, &self.skipped));
        self.tap.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::testing::{span_names, spans};

    #[tokio::test(start_paused = true)]
    async fn a_reader_sees_five_beginnings_a_second_and_how_much_it_missed() {
        let tap = Arc::new(Tap::default());
        assert!(!tap.is_open());
        let mut reader = tap.open(2);
        assert!(tap.is_open());
        for _ in 0..3 {
            tap.show(&spans(&["a", "b", "c"]));
        }
        assert_eq!(span_names(&reader.next().await.unwrap()), ["a", "b"]);
        assert_eq!(reader.take_skipped(), 7);
        tokio::time::advance(SAMPLE_INTERVAL).await;
        tap.show(&spans(&["d"]));
        assert_eq!(span_names(&reader.next().await.unwrap()), ["d"]);
        assert_eq!(reader.take_skipped(), 0);
        drop(reader);
        assert!(!tap.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_does_not_read_holds_nothing_up() {
        let tap = Arc::new(Tap::default());
        let reader = tap.open(10);
        for _ in 0..10 {
            tap.show(&spans(&["a"]));
            tokio::time::advance(SAMPLE_INTERVAL).await;
        }
        assert_eq!(reader.take_skipped(), 10 - WAITING_SAMPLES as u64);
    }
}
