//! The blocks `sending_queue` and `retry_on_failure`, with the Collector's fields, defaults and checks.

use crate::config::{GoDuration, Optional};
use crate::{config_section, config_word};

config_section! {
    /// Tries again what a back end did not take for a reason that may pass.
    pub struct RetryConfig {
        /// Whether anything is tried again.
        pub enabled: bool = true,
        /// The wait before the second attempt.
        pub initial_interval: GoDuration = GoDuration::from_secs(5),
        /// Each wait is drawn from the interval times 1 ± this.
        pub randomization_factor: f64 = 0.5,
        /// By how much the interval grows from attempt to attempt.
        pub multiplier: f64 = 1.5,
        /// The longest interval.
        pub max_interval: GoDuration = GoDuration::from_secs(30),
        /// When to give up, counted from the first attempt; 0 for never.
        pub max_elapsed_time: GoDuration = GoDuration::from_secs(300),
    }
    check(section, checking) {
        if section.enabled {
            section.check_intervals(checking);
        }
    }
}

impl RetryConfig {
    fn check_intervals(&self, checking: &mut crate::config::Checking) {
        if self.initial_interval.is_negative() {
            checking.error_at("initial_interval", "'initial_interval' must be non-negative");
        }
        if !(0.0..=1.0).contains(&self.randomization_factor) {
            checking.error_at("randomization_factor", "'randomization_factor' must be within [0, 1]");
        }
        if self.multiplier < 0.0 {
            checking.error_at("multiplier", "'multiplier' must be non-negative");
        }
        if self.max_interval.is_negative() {
            checking.error_at("max_interval", "'max_interval' must be non-negative");
        }
        if self.max_elapsed_time.is_negative() {
            checking.error_at("max_elapsed_time", "'max_elapsed_time' must be non-negative");
        }
        if self.max_elapsed_time > GoDuration::ZERO {
            if self.max_elapsed_time < self.initial_interval {
                checking.error_at(
                    "max_elapsed_time",
                    "'max_elapsed_time' must not be less than 'initial_interval'",
                );
            }
            if self.max_elapsed_time < self.max_interval {
                checking
                    .error_at("max_elapsed_time", "'max_elapsed_time' must not be less than 'max_interval'");
            }
        }
    }
}

config_section! {
    /// Keeps batches between the pipeline and the back end, in memory or in a storage, so that a slow back
    /// end does not hold up clients.
    pub struct SendingQueueConfig {
        /// How many requests are sent at the same time.
        pub num_consumers: i64 = 10,
        /// How much fits, in units of `sizer`; what is being sent counts until it is done.
        pub queue_size: i64 = 1000,
        /// What is counted: `requests`, `items` (spans, data points, log records) or `bytes`.
        pub sizer: Option<Sizer> = None,
        /// Whether a caller waits for room; otherwise a full queue refuses.
        pub block_on_overflow: bool = false,
        /// Whether a caller waits until its batch was sent, and gets that result.
        pub wait_for_result: bool = false,
        /// The id of a storage extension, such as `file_storage`, that keeps the queue through a restart. What was
        /// accepted is then stored before the caller hears so, and deleted once it is delivered or dropped.
        pub storage: Option<String> = None,
        /// Gathers small requests into larger ones, and splits large ones, inside the queue.
        pub batch: Optional<QueueBatchConfig> = Optional::off(QueueBatchConfig::default()),
    }
    check(section, checking) {
        section.check_sizes(checking);
    }
}

config_section! {
    /// Gathering inside the sending queue.
    pub struct QueueBatchConfig {
        /// How long an incomplete request waits.
        pub flush_timeout: GoDuration = GoDuration::from_millis(200),
        /// What is counted: `items` or `bytes`; `sending_queue.sizer` where that is one of them.
        pub sizer: Option<Sizer> = None,
        /// How much makes a request that is sent at once.
        pub min_size: i64 = 8192,
        /// How much one request holds at most; 0 for no limit.
        pub max_size: i64 = 0,
        /// Which requests may be gathered together.
        pub partition: PartitionConfig = PartitionConfig::default(),
    }
}

config_section! {
    /// Keeps apart what clients with different metadata sent.
    pub struct PartitionConfig {
        /// Requests are gathered together only where these client metadata keys have equal values.
        pub metadata_keys: Vec<String> = Vec::new(),
        /// Taken for compatibility: only partitions with requests in them are kept.
        pub cache_size: i64 = 10_000,
        /// Taken for compatibility: a partition goes with its last request.
        pub idle_timeout: GoDuration = GoDuration::from_secs(90),
    }
}

config_word! {
    /// What a queue or a batch counts.
    #[derive(Default)]
    pub enum Sizer {
        /// Batches as handed over.
        #[default]
        Requests = "requests",
        /// Spans, data points, log records.
        Items = "items",
        /// Bytes of serialized telemetry.
        Bytes = "bytes",
    }
    refused(text) { format!("invalid sizer: {text:?}") }
}

impl SendingQueueConfig {
    /// What the queue counts.
    pub fn queue_sizer(&self) -> Sizer {
        self.sizer.unwrap_or_default()
    }

    fn check_sizes(&self, checking: &mut crate::config::Checking) {
        if self.num_consumers <= 0 {
            checking.error_at("num_consumers", "`num_consumers` must be positive");
        }
        if self.queue_size <= 0 {
            checking.error_at("queue_size", "`queue_size` must be positive");
        }
        if self.wait_for_result && self.storage.is_some() {
            checking.error_at(
                "wait_for_result",
                "`wait_for_result` is not supported with a persistent queue configured with `storage`",
            );
        }
        if let Some(batch) = self.batch.get() {
            checking.within("batch", |checking| self.check_batch(batch, checking));
        }
    }

    fn check_batch(&self, batch: &QueueBatchConfig, checking: &mut crate::config::Checking) {
        let sizer = self.batch_sizer(batch);
        if sizer == Sizer::Requests {
            checking.error_at("sizer", "`batch` supports only `items` or `bytes` sizer, found \"requests\"");
        }
        if batch.flush_timeout <= GoDuration::ZERO {
            checking.error_at("flush_timeout", "`flush_timeout` must be positive");
        }
        if batch.min_size < 0 {
            checking.error_at("min_size", "`min_size` must be non-negative");
        }
        if batch.max_size < 0 {
            checking.error_at("max_size", "`max_size` must be non-negative");
        }
        if batch.max_size > 0 && batch.max_size < batch.min_size {
            checking.error_at("max_size", "`max_size` must be greater or equal to `min_size`");
        }
        if sizer == self.queue_sizer() && batch.min_size > self.queue_size {
            checking.error_at("min_size", "`min_size` must be less than or equal to `queue_size`");
        }
    }

    /// What `batch` counts: its own sizer, else the queue's where that can be, else items.
    pub fn batch_sizer(&self, batch: &QueueBatchConfig) -> Sizer {
        batch.sizer.or(self.sizer).unwrap_or(Sizer::Items)
    }
}
