//! Receiver `file_log`: reads log files as they grow.
//!
//! Files are looked at once an interval, beside the workers, and what is new in them goes out in batches:
//! one is read while the one before is taken by the pipeline. A batch that cannot be taken now is offered
//! again, and nothing more is read meanwhile: the files are the queue.

pub mod config;
mod delivery;
mod finding;
mod fingerprint;
mod following;
mod glob;
mod reading;
mod records;
mod splitting;
mod tail;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::{Instant, MissedTickBehavior};
use tracing::Instrument;

pub use self::config::FileLogConfig;
use self::delivery::{Delivered, Delivery};
use self::reading::{FileReader, PollTime, Turn};
use crate::otlp::Signal;
use crate::pipeline::{
    BoxFuture, BuildError, Clock, Component, Host, Outputs, ReceiverType, Settings, Stability, StartError,
    TaskScope,
};

/// The type `file_log` among receivers.
pub struct FileLogReceiver {
    config: Arc<FileLogConfig>,
    clock: Clock,
    /// Ready to read, until it is started.
    reader: Mutex<Option<FileReader>>,
    delivery: Option<Arc<Delivery>>,
    scope: TaskScope,
}

impl ReceiverType for FileLogReceiver {
    const TYPE: &'static str = "file_log";
    const ALIASES: &'static [&'static str] = &["filelog"];
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Logs, Stability::Beta)];
    type Config = FileLogConfig;

    fn create(
        config: Arc<FileLogConfig>,
        settings: Settings,
        outputs: Outputs,
    ) -> Result<Box<dyn Component>, BuildError> {
        let scope = TaskScope::new(settings.workers.clone());
        let stopping = scope.stopping();
        let reader = FileReader::new(Arc::clone(&config), settings.in_flight.clone(), stopping.clone())
            .map_err(|error| BuildError(error.to_string()))?;
        let delivery =
            outputs.logs.map(|consumer| Arc::new(Delivery::new(&settings, consumer, stopping.clone())));
        let (clock, reader) = (settings.clock, Mutex::new(Some(reader)));
        Ok(Box::new(Self { config, clock, reader, delivery, scope }))
    }
}

impl Component for FileLogReceiver {
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async move {
            let Some(delivery) = &self.delivery else { return Ok(()) };
            let Some(reader) = self.reader.lock().take() else { return Ok(()) };
            let polling = Polling { delivery: Arc::clone(delivery), clock: self.clock };
            let (interval, scope) = (self.config.poll_interval.to_std(), self.scope.clone());
            self.scope.spawn(async move { polling.run(reader, interval, &scope).await }.in_current_span());
            Ok(())
        })
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Some(delivery) = &self.delivery {
                delivery.stop_at(deadline);
            }
            self.scope.join(deadline).await;
        })
    }
}

/// The task that polls.
struct Polling {
    delivery: Arc<Delivery>,
    clock: Clock,
}

impl Polling {
    async fn run(self, mut reader: FileReader, interval: std::time::Duration, scope: &TaskScope) {
        let mut polls = tokio::time::interval(interval.max(std::time::Duration::from_millis(1)));
        polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = scope.stopping().cancelled() => return,
                _ = polls.tick() => {}
            }
            match self.poll(reader).await {
                Some(returned) => reader = returned,
                None => return,
            }
        }
    }

    /// Reads everything that is new. None where it had to stop.
    async fn poll(&self, reader: FileReader) -> Option<FileReader> {
        let time = PollTime { now: Instant::now(), unix_nano: self.clock.now_unix_nano() };
        let (mut reader, mut turn) = in_background(reader, move |reader| {
            reader.begin_poll(time);
            reader.next_turn(time)
        })
        .await?;
        loop {
            if turn.is_last {
                return (self.settle(turn).await == Delivered::Settled).then_some(reader);
            }
            let time = PollTime { now: Instant::now(), unix_nano: self.clock.now_unix_nano() };
            let next = in_background(reader, move |reader| reader.next_turn(time));
            let (settled, next) = tokio::join!(self.settle(turn), next);
            (reader, turn) = next?;
            if settled == Delivered::GivenUp {
                return None;
            }
        }
    }

    async fn settle(&self, turn: Turn) -> Delivered {
        match turn.batch {
            Some(batch) => self.delivery.deliver(batch).await,
            None => Delivered::Settled,
        }
    }
}

/// Lets the reader work beside the workers. None where it panicked.
async fn in_background<T: Send + 'static>(
    mut reader: FileReader,
    work: impl FnOnce(&mut FileReader) -> T + Send + 'static,
) -> Option<(FileReader, T)> {
    let working = tokio::task::spawn_blocking(move || {
        let result = work(&mut reader);
        (reader, result)
    });
    match working.await {
        Ok(worked) => Some(worked),
        Err(error) => {
            tracing::error!(%error, "Reading files failed; nothing is read any more");
            None
        }
    }
}
