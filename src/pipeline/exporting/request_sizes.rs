//! How large requests are when they enter the sending queue, and when gathered ones leave it.

use crate::otlp::{Batch, Signal};
use crate::pipeline::Settings;
use crate::telemetry::instruments::{self, BYTE_SIZE_BOUNDS, ITEM_COUNT_BOUNDS};
use crate::telemetry::{Histogram, InstrumentDescription};

/// The histograms of one queue, shown at level `detailed`.
pub struct RequestSizes {
    enqueued: Sizes,
    gathered: Sizes,
}

struct Sizes {
    items: Histogram,
    bytes: Histogram,
}

impl RequestSizes {
    /// The histograms of the exporter `settings` belong to.
    pub fn new(settings: &Settings) -> Self {
        let id = settings.id.to_string();
        let data_type = settings.signal.map_or("", Signal::name);
        let attributes = [("data_type", data_type), ("exporter", id.as_str())];
        let sizes = |items: &'static InstrumentDescription, bytes: &'static InstrumentDescription| Sizes {
            items: settings.telemetry.histogram(items, &attributes, &ITEM_COUNT_BOUNDS),
            bytes: settings.telemetry.histogram(bytes, &attributes, &BYTE_SIZE_BOUNDS),
        };
        Self {
            enqueued: sizes(&instruments::EXPORTER_ENQUEUE_SIZE, &instruments::EXPORTER_ENQUEUE_SIZE_BYTES),
            gathered: sizes(
                &instruments::EXPORTER_QUEUE_BATCH_SEND_SIZE,
                &instruments::EXPORTER_QUEUE_BATCH_SEND_SIZE_BYTES,
            ),
        }
    }

    /// `batch` was put into the queue.
    pub fn enqueued(&self, batch: &Batch) {
        self.enqueued.record(batch);
    }

    /// `batch`, gathered inside the queue, goes out.
    pub fn gathered(&self, batch: &Batch) {
        self.gathered.record(batch);
    }
}

impl Sizes {
    fn record(&self, batch: &Batch) {
        self.items.record(batch.items() as f64);
        self.bytes.record(batch.bytes() as f64);
    }
}
