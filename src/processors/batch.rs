//! Processor `batch`: gathers small requests into larger ones.
//!
//! A request is answered OK as soon as it lies in the buffer, as in the Collector: from then on its
//! delivery, or its counted and logged drop, is this processor's business. Where the Collector drops a
//! batch on any error from behind, this one keeps a batch that was refused *retryably* and offers it
//! again; no more than a few batches are kept, and while there is no room for another, callers wait, so
//! that back pressure reaches the clients. A batch refused for good is dropped, counted and logged.
//!
//! Batches leave one after the other, in the order they were gathered.

mod pending;
mod shard;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::time::Instant;

use self::shard::{Shard, ShardSettings};
use crate::config::{Checking, GoDuration};
use crate::config_section;
use crate::otlp::{Batch, ClientInfo, Signal};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Consumer, ProcessorType, Refusal, Settings, Stability,
};
use crate::telemetry::{GaugeGuard, instruments};

config_section! {
    /// Gathers small requests into larger ones, which cost less to compress and to send.
    pub struct BatchConfig {
        /// How long the first item of a batch waits at most for the batch to fill; 0 to hand on at once.
        pub timeout: GoDuration = GoDuration::from_millis(200),
        /// How many spans, data points or log records make a batch that is handed on at once; 0 for any number.
        pub send_batch_size: u32 = 8192,
        /// How many items one batch holds at most, larger ones are split; 0 for no limit.
        pub send_batch_max_size: u32 = 0,
        /// Requests are gathered together only where these client metadata keys have equal values. The
        /// receiver must have `include_metadata: true`. Upper and lower case are the same.
        pub metadata_keys: Vec<String> = Vec::new(),
        /// How many different combinations of metadata values are taken until a restart; 0 for no limit.
        pub metadata_cardinality_limit: u32 = 1000,
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

impl BatchConfig {
    fn check_values(&self, checking: &mut Checking) {
        if self.send_batch_max_size > 0 && self.send_batch_max_size < self.send_batch_size {
            checking.error_at(
                "send_batch_max_size",
                "send_batch_max_size must be greater or equal to send_batch_size",
            );
        }
        let mut seen = BTreeSet::new();
        for key in &self.metadata_keys {
            let key = key.to_lowercase();
            if seen.contains(&key) {
                let message = format!("duplicate entry in metadata_keys: {key:?} (case-insensitive)");
                checking.error_at("metadata_keys", message);
            }
            seen.insert(key);
        }
        if self.timeout.is_negative() {
            checking.error_at("timeout", "timeout must be greater or equal to 0");
        }
    }
}

/// The type `batch` among processors.
pub struct BatchProcessor {
    shards: Shards,
    settings: Arc<ShardSettings>,
    _cardinality: GaugeGuard,
}

/// What is gathered together.
enum Shards {
    /// Everything.
    One(Arc<Shard>),
    /// What has equal metadata.
    ByMetadata { keys: Vec<String>, limit: usize, shards: Arc<RwLock<HashMap<MetadataValues, Arc<Shard>>>> },
}

/// The values of each configured key; an absent key has none, which an empty value is not.
type MetadataValues = Vec<Vec<String>>;

impl ProcessorType for BatchProcessor {
    const TYPE: &'static str = "batch";
    const SIGNALS: &'static [(Signal, Stability)] = &[
        (Signal::Traces, Stability::Beta),
        (Signal::Metrics, Stability::Beta),
        (Signal::Logs, Stability::Beta),
    ];
    type Config = BatchConfig;

    fn create(
        config: Arc<BatchConfig>,
        settings: Settings,
        next: Arc<dyn Consumer>,
    ) -> Result<Consuming, BuildError> {
        let shard_settings = Arc::new(ShardSettings::new(&config, &settings, next)?);
        let (shards, read_cardinality): (_, Box<dyn Fn() -> f64 + Send + Sync>) =
            if config.metadata_keys.is_empty() {
                (Shards::One(Shard::new(Arc::clone(&shard_settings), None)), Box::new(|| 1.0))
            } else {
                let shards = Arc::new(RwLock::new(HashMap::new()));
                let by_metadata = Shards::ByMetadata {
                    keys: config.metadata_keys.iter().map(|key| key.to_lowercase()).collect(),
                    limit: match config.metadata_cardinality_limit {
                        0 => usize::MAX,
                        limit => limit as usize,
                    },
                    shards: Arc::clone(&shards),
                };
                (by_metadata, Box::new(move || shards.read().len() as f64))
            };
        let id = settings.id.to_string();
        let cardinality = settings.telemetry.gauge(
            &instruments::BATCH_METADATA_CARDINALITY,
            &[("processor", &id)],
            read_cardinality,
        );
        Ok(Arc::new(Self { shards, settings: shard_settings, _cardinality: cardinality }))
    }
}

impl Consumer for BatchProcessor {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async move {
            if batch.is_empty() {
                return Ok(());
            }
            match &self.shards {
                Shards::One(shard) => shard.take(batch).await,
                Shards::ByMetadata { .. } => self.shard_of(&batch)?.take(batch).await,
            }
        })
    }
}

impl Component for BatchProcessor {
    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // No shard is made once this is cancelled, so that none is left out below.
            self.settings.tasks.stopping().cancel();
            let shards = self.shards.all();
            shards.iter().for_each(Shard::close);
            self.settings.tasks.join(deadline).await;
            shards.iter().for_each(|shard| shard.drop_rest());
        })
    }
}

impl BatchProcessor {
    /// The shard for a batch's client metadata, made where there is none yet.
    fn shard_of(&self, batch: &Batch) -> Result<Arc<Shard>, Refusal> {
        let Shards::ByMetadata { keys, limit, shards } = &self.shards else {
            return Err(Refusal::permanent("the batch processor does not tell clients apart"));
        };
        let metadata = batch.client().map(|client| &client.metadata);
        let value = |key| metadata.and_then(|metadata| metadata.get(key)).cloned().unwrap_or_default();
        let values: MetadataValues = keys.iter().map(value).collect();
        if let Some(shard) = shards.read().get(&values) {
            return Ok(Arc::clone(shard));
        }
        let mut shards = shards.write();
        if let Some(shard) = shards.get(&values) {
            return Ok(Arc::clone(shard));
        }
        if self.settings.tasks.stopping().is_cancelled() {
            return Err(shard::shut_down());
        }
        if shards.len() >= *limit {
            return Err(Refusal::permanent("too many batcher metadata-value combinations"));
        }
        let shard = Shard::new(Arc::clone(&self.settings), Some(client_of(keys, &values)));
        shards.insert(values, Arc::clone(&shard));
        Ok(shard)
    }
}

/// The client that batches of a shard come from: of the metadata only what they are known to share.
fn client_of(keys: &[String], values: &MetadataValues) -> Arc<ClientInfo> {
    let present = keys.iter().zip(values).filter(|(_, values)| !values.is_empty());
    let metadata: BTreeMap<_, _> = present.map(|(key, values)| (key.clone(), values.clone())).collect();
    Arc::new(ClientInfo { metadata, ..ClientInfo::default() })
}

impl Shards {
    fn all(&self) -> Vec<Arc<Shard>> {
        match self {
            Self::One(shard) => vec![Arc::clone(shard)],
            Self::ByMetadata { shards, .. } => shards.read().values().cloned().collect(),
        }
    }
}
