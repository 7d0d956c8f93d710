//! Hands out what was counted, each interval.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use lru::LruCache;

use super::config::SpanMetricsConfig;
use super::points::{PointWriter, When};
use super::resources::{Resources, is_expired};
use super::state::SeriesState;
use crate::metric_streams::{MetricsAssembler, StreamHasher, StreamId, Temporality};
use crate::otlp::Batch;

/// What flushes have to know of each other, and how they are made.
pub struct Flush {
    writer: PointWriter,
    temporality: Temporality,
    series_expiration: Option<Duration>,
    metrics_expiration: Option<Duration>,
    resources: Arc<Resources>,
    state: Arc<SeriesState>,
    /// Delta: when a series was last handed out, which is where its next point starts.
    last_flushed: LruCache<StreamId, u64>,
}

impl Flush {
    /// What a configuration that was checked asks for.
    pub fn new(
        config: &SpanMetricsConfig,
        hasher: &StreamHasher,
        resources: Arc<Resources>,
        state: Arc<SeriesState>,
    ) -> Self {
        let remembered = usize::try_from(config.metric_timestamp_cache_size).unwrap_or_default();
        Self {
            writer: PointWriter::new(config, hasher),
            temporality: config.temporality(),
            series_expiration: config.series_expiration.limit(),
            metrics_expiration: config.metrics_expiration.limit(),
            resources,
            state,
            last_flushed: LruCache::new(NonZeroUsize::new(remembered).unwrap_or(NonZeroUsize::MIN)),
        }
    }

    /// All series at `time_unix_nano` as metrics. `is_last` says that no flush will follow.
    pub async fn collect(&mut self, time_unix_nano: u64, is_last: bool) -> Batch {
        let when = When { time_unix_nano, is_last };
        let mut assembler = MetricsAssembler::default();
        if self.temporality == Temporality::Delta {
            self.collect_delta(when, &mut assembler).await;
        } else {
            self.collect_cumulative(when, &mut assembler).await;
        }
        assembler.into_batch()
    }

    /// Takes all series out.
    async fn collect_delta(&mut self, when: When, assembler: &mut MetricsAssembler) {
        self.resources.clear();
        let state = Arc::clone(&self.state);
        for part in state.parts() {
            let taken = std::mem::take(&mut *part.lock());
            for (id, mut series) in taken {
                let before =
                    self.last_flushed.push(id, when.time_unix_nano).filter(|(other, _)| *other == id);
                if let Some((_, start_time_unix_nano)) = before {
                    series.for_each_recorded(|recorded| recorded.start_time_unix_nano = start_time_unix_nano);
                }
                self.writer.write(&mut series, when, assembler);
            }
            // Other tasks of this core may go on between the parts of a large state.
            tokio::task::yield_now().await;
        }
    }

    /// Leaves the series where they are, but for those that have expired.
    async fn collect_cumulative(&self, when: When, assembler: &mut MetricsAssembler) {
        let retired = self.resources.retire(when.time_unix_nano, self.metrics_expiration);
        for part in self.state.parts() {
            part.lock().retain(|_, series| {
                self.writer.write(series, when, assembler);
                series.for_each_recorded(|recorded| recorded.exemplars.clear());
                if let Some(expiration) = self.series_expiration {
                    series.forget(|recorded| {
                        is_expired(recorded.last_seen_unix_nano, when.time_unix_nano, expiration)
                    });
                }
                !series.is_empty() && !retired.contains_key(&series.resource.id)
            });
            tokio::task::yield_now().await;
        }
    }
}
