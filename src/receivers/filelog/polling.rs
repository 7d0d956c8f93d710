//! The task of the receiver: polls, hands on what is read, keeps how far that was.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::checkpoints::Checkpoints;
use super::delivery::{Delivered, Delivery};
use super::reading::{FileReader, PollTime, Turn};
use crate::pipeline::Clock;

/// The least interval between polls.
const LEAST_INTERVAL: Duration = Duration::from_millis(1);

/// The task that polls.
pub struct Polling {
    delivery: Arc<Delivery>,
    checkpoints: Option<Checkpoints>,
    clock: Clock,
}

/// There is no use in going on.
struct Stopped;

impl Polling {
    /// Hands batches to `delivery` and keeps checkpoints, where there is a place for them.
    pub const fn new(delivery: Arc<Delivery>, checkpoints: Option<Checkpoints>, clock: Clock) -> Self {
        Self { delivery, checkpoints, clock }
    }

    /// Polls once an interval until `stopping` is cancelled.
    pub async fn run(mut self, mut reader: FileReader, interval: Duration, stopping: CancellationToken) {
        let mut polls = tokio::time::interval(interval.max(LEAST_INTERVAL));
        polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stopping.cancelled() => break,
                _ = polls.tick() => {}
            }
            match self.poll(reader).await {
                Ok(returned) => reader = returned,
                Err(Stopped) => return self.close().await,
            }
        }
        if let Ok((_, last)) = in_background(reader, FileReader::last_turn).await {
            // Nothing comes behind it that could be stopped.
            let _ = self.settle(last).await;
        }
        self.close().await;
    }

    /// Reads everything that is new.
    async fn poll(&mut self, reader: FileReader) -> Result<FileReader, Stopped> {
        let time = self.time();
        let (mut reader, mut turn) = in_background(reader, move |reader| {
            reader.begin_poll(time);
            reader.next_turn(time)
        })
        .await?;
        while !turn.is_last {
            let time = self.time();
            let next = in_background(reader, move |reader| reader.next_turn(time));
            let (settled, next) = tokio::join!(self.settle(turn), next);
            (reader, turn) = next?;
            settled?;
        }
        self.settle(turn).await?;
        Ok(reader)
    }

    fn time(&self) -> PollTime {
        PollTime { now: Instant::now(), unix_nano: self.clock.now_unix_nano() }
    }

    /// Hands on a batch, and then keeps how far files were read for it.
    async fn settle(&mut self, turn: Turn) -> Result<(), Stopped> {
        if let Some(batch) = turn.batch
            && let Delivered::GivenUp { items, error } = self.delivery.deliver(batch).await
        {
            // With checkpoints these lines are read again after a restart.
            if self.checkpoints.is_none() {
                self.delivery.drop_given_up(items, &error);
            }
            return Err(Stopped);
        }
        if let Some(checkpoints) = &mut self.checkpoints
            && let Err(error) = checkpoints.save(&turn.progress).await
        {
            tracing::error!(%error, "save offsets");
        }
        for path in turn.finished {
            if let Err(error) = tokio::fs::remove_file(&path).await {
                tracing::error!(path = %path.display(), %error, "could not delete");
            }
        }
        Ok(())
    }

    async fn close(&self) {
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.close().await;
        }
    }
}

/// Lets the reader work beside the workers.
async fn in_background<T: Send + 'static>(
    mut reader: FileReader,
    work: impl FnOnce(&mut FileReader) -> T + Send + 'static,
) -> Result<(FileReader, T), Stopped> {
    let span = tracing::Span::current();
    let working = tokio::task::spawn_blocking(move || {
        let result = span.in_scope(|| work(&mut reader));
        (reader, result)
    });
    working.await.map_err(|error| {
        tracing::error!(%error, "Reading files failed; nothing is read any more");
        Stopped
    })
}
