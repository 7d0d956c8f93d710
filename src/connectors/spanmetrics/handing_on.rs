//! The way of the metrics to the next component.

use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::flush::Flush;
use crate::pipeline::{Clock, Consumer, Outbox, Settings};

/// Makes metrics of what was counted and offers them until they are taken.
pub struct HandingOn {
    /// Held by whoever flushes.
    flush: Mutex<Flush>,
    outbox: Outbox,
    clock: Clock,
}

impl HandingOn {
    /// Nothing is handed on before the first flush. `settings` are those of the connector for what it makes.
    pub fn new(flush: Flush, settings: &Settings, next: Arc<dyn Consumer>) -> Self {
        let outbox = Outbox::new(settings, "connector", next);
        Self { flush: Mutex::new(flush), outbox, clock: settings.clock }
    }

    /// Hands on what the last flush could not, and then what was counted since.
    pub async fn flush(&self) {
        let mut flush = self.flush.lock().await;
        let metrics = async { flush.collect(self.clock.now_unix_nano(), false).await };
        // A refusal is logged there, and the batch stays for the next time.
        let _ = self.outbox.offer(metrics).await;
    }

    /// Hands on everything that is held. What is not taken before `deadline` is dropped.
    pub async fn flush_for_good(&self, deadline: Instant) {
        let mut flush = self.flush.lock().await;
        let metrics = async { flush.collect(self.clock.now_unix_nano(), true).await };
        self.outbox.offer_last(deadline, metrics).await;
    }
}
