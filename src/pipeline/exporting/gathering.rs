//! Gathering small requests into larger ones inside the sending queue, apart by client where configured.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::queue::size_of;
use super::request::Request;
use super::{QueueBatchConfig, Sizer};
use crate::otlp::Batch;

/// Requests that wait for company.
pub struct Gathering {
    least_size: u64,
    flush_timeout: Duration,
    sizer: Sizer,
    metadata_keys: Vec<String>,
    partitions: BTreeMap<PartitionKey, Partition>,
}

/// The values of the client metadata keys.
type PartitionKey = Vec<Vec<String>>;

struct Partition {
    request: Request,
    due: Instant,
}

impl Gathering {
    /// Gathers as configured, counting with `sizer`.
    pub fn new(config: &QueueBatchConfig, sizer: Sizer) -> Self {
        Self {
            least_size: u64::try_from(config.min_size).unwrap_or(0),
            flush_timeout: config.flush_timeout.to_std(),
            sizer,
            metadata_keys: config.partition.metadata_keys.iter().map(|key| key.to_lowercase()).collect(),
            partitions: BTreeMap::new(),
        }
    }

    /// True where nothing waits.
    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    /// Adds a request; the gathered one comes back once it is large enough.
    pub fn add(&mut self, request: Request) -> Option<Request> {
        let key = self.key_of(request.batch());
        let size = match self.partitions.get_mut(&key) {
            Some(partition) => {
                partition.request.merge(request);
                size_of(self.sizer, partition.request.batch())
            }
            None => {
                let size = size_of(self.sizer, request.batch());
                let due = Instant::now() + self.flush_timeout;
                self.partitions.insert(key.clone(), Partition { request, due });
                size
            }
        };
        if size < self.least_size {
            return None;
        }
        self.partitions.remove(&key).map(|partition| partition.request)
    }

    /// When the first partition has waited long enough.
    pub fn earliest_due(&self) -> Option<Instant> {
        self.partitions.values().map(|partition| partition.due).min()
    }

    /// Takes out what is due at `now`, or everything.
    pub fn take_due(&mut self, now: Option<Instant>) -> Vec<Request> {
        let is_due = |partition: &Partition| now.is_none_or(|now| partition.due <= now);
        let keys: Vec<_> = self
            .partitions
            .iter()
            .filter(|(_, partition)| is_due(partition))
            .map(|(key, _)| key.clone())
            .collect();
        keys.iter().filter_map(|key| self.partitions.remove(key)).map(|partition| partition.request).collect()
    }

    fn key_of(&self, batch: &Batch) -> PartitionKey {
        let values =
            |key| batch.client().and_then(|client| client.metadata.get(key)).cloned().unwrap_or_default();
        self.metadata_keys.iter().map(values).collect()
    }
}
