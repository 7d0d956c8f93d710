//! How many files are open, and being read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::pipeline::Settings;
use crate::telemetry::{GaugeGuard, instruments};

/// What the gauges of one receiver show.
pub struct WatchCounts {
    open: Arc<AtomicUsize>,
    reading: Arc<AtomicUsize>,
    _gauges: [GaugeGuard; 2],
}

impl WatchCounts {
    /// The counts of the receiver with these settings.
    pub fn new(settings: &Settings) -> Self {
        let receiver = settings.id.to_string();
        let counts = [&instruments::FILECONSUMER_OPEN_FILES, &instruments::FILECONSUMER_READING_FILES];
        let [open, reading] = counts.map(|instrument| {
            let count = Arc::new(AtomicUsize::new(0));
            let shown = Arc::clone(&count);
            let read = move || shown.load(Ordering::Relaxed) as f64;
            (settings.telemetry.gauge(instrument, &[("receiver", &receiver)], read), count)
        });
        Self { open: open.1, reading: reading.1, _gauges: [open.0, reading.0] }
    }

    /// So many files are open.
    pub fn open_files(&self, files: usize) {
        self.open.store(files, Ordering::Relaxed);
    }

    /// Whether a file is being read.
    pub fn is_reading(&self, is_reading: bool) {
        self.reading.store(is_reading.into(), Ordering::Relaxed);
    }
}
