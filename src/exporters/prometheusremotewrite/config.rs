//! The section of the exporter, with the Collector's fields, defaults and checks.

use std::collections::BTreeMap;

use http::{HeaderName, Uri};

use super::protocol::Protocol;
use crate::config::{Checking, GoDuration, Optional};
use crate::config_section;
use crate::network::compression::Compression;
use crate::network::http_client::HttpClientConfig;
use crate::pipeline::exporting::{RetryConfig, SendingQueueConfig};
use crate::prometheus::{Naming, ResourceLabelsConfig, STRATEGIES};

config_section! {
    /// Writes metrics to a store that takes Prometheus remote write.
    pub struct RemoteWriteExporterConfig {
        /// The client, as written before `http` was there. Its `endpoint` is the URL to write to, path included.
        pub [flatten] client: HttpClientConfig = default_client(),
        /// The client; where this is written it is used in place of the same fields beside it.
        pub http: Optional<HttpClientConfig> = Optional::absent(default_client()),
        /// What stands before every metric name, with an underscore between.
        pub namespace: String = String::new(),
        /// Labels of every series; where an attribute's label has the name, that one stays.
        pub external_labels: BTreeMap<String, String> = BTreeMap::new(),
        /// Keeps batches until they are written. They are taken out one after the other.
        pub remote_write_queue: RemoteWriteQueueConfig = RemoteWriteQueueConfig::default(),
        /// Tries again what was not taken for a reason that may pass.
        pub retry_on_failure: RetryConfig = default_retry(),
        /// How many bytes of series one request has at most, before compression. A larger batch is cut into
        /// several requests.
        pub max_batch_size_bytes: i64 = DEFAULT_BATCH_SIZE,
        /// How many requests that one batch was cut into may be under way at once; where it is not written,
        /// `remote_write_queue::num_consumers`.
        pub max_batch_request_parallelism: Option<i64> = None,
        /// Which resource attributes become labels of every series.
        pub resource_constant_labels: ResourceLabelsConfig = ResourceLabelsConfig::default(),
        /// The older name of `resource_constant_labels`, which is used where that is not written.
        pub resource_to_telemetry_conversion: ResourceLabelsConfig = ResourceLabelsConfig::default(),
        /// The metric that holds resource attributes.
        pub target_info: TargetInfoConfig = TargetInfoConfig::default(),
        /// Leaves out the `otel_scope_*` labels.
        pub disable_scope_info: bool = false,
        /// Whether units and types are added to names, where `translation_strategy` is not written.
        pub add_metric_suffixes: bool = true,
        /// How names are translated: `UnderscoreEscapingWithSuffixes`, `UnderscoreEscapingWithoutSuffixes` or,
        /// in the second version of the protocol, `NoUTF8EscapingWithSuffixes` or `NoTranslation`.
        pub translation_strategy: String = String::new(),
        /// Whether the first version of the protocol says what metrics are too: type, unit and description.
        /// The second always does.
        pub send_metadata: bool = false,
        /// The version of the protocol: `prometheus.WriteRequest` or `io.prometheus.write.v2.Request`.
        pub protobuf_message: String = Protocol::V1.message_name().to_owned(),
        /// Keys of client metadata that are sent as header fields of the requests.
        pub include_metadata_keys: Vec<String> = Vec::new(),
        /// Whether histograms with explicit bounds are written as native histograms with custom buckets.
        pub convert_explicit_histograms_to_nhcb: bool = false,
        /// With that, whether their classic series are written too.
        pub keep_classic_histograms: bool = false,
        /// The Collector's write-ahead log. Not supported: a queue that outlives a restart is
        /// `remote_write_queue::storage`.
        pub wal: Optional<WalConfig> = Optional::absent(WalConfig::default()),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// The queue before the exporter.
    pub struct RemoteWriteQueueConfig {
        /// Whether there is one.
        pub enabled: bool = true,
        /// How many batches it holds.
        pub queue_size: i64 = 10_000,
        /// How many requests that one batch was cut into may be under way at once, where
        /// `max_batch_request_parallelism` is not written.
        pub num_consumers: i64 = 5,
        /// The id of a storage extension that keeps the queue through a restart. Weir's own field.
        pub storage: Option<String> = None,
    }
}

config_section! {
    /// The metric that holds resource attributes.
    pub struct TargetInfoConfig {
        /// Whether it is written.
        pub enabled: bool = true,
    }
}

config_section! {
    /// The Collector's write-ahead log.
    pub struct WalConfig {
        /// Where its files are.
        pub directory: String = String::new(),
        /// How many requests are read from it at once.
        pub buffer_size: i64 = 300,
        /// How often what was sent is cut off.
        pub truncate_frequency: GoDuration = GoDuration::from_secs(60),
        /// How often its length is measured.
        pub lag_record_frequency: GoDuration = GoDuration::from_secs(15),
    }
}

/// About 2.9 MB: what the series of one request may have.
const DEFAULT_BATCH_SIZE: i64 = 3_000_000;

/// Header fields that the protocol itself sets.
const RESERVED_HEADERS: [&str; 4] =
    ["content-encoding", "content-type", "user-agent", "x-prometheus-remote-write-version"];

fn default_client() -> HttpClientConfig {
    HttpClientConfig {
        timeout: GoDuration::from_secs(5),
        write_buffer_size: 512 * 1024,
        ..HttpClientConfig::default()
    }
}

fn default_retry() -> RetryConfig {
    RetryConfig { initial_interval: GoDuration::from_millis(50), ..RetryConfig::default() }
}

impl RemoteWriteExporterConfig {
    /// The client, which always compresses as the protocol says.
    pub(super) fn client(&self) -> HttpClientConfig {
        let client = self.http.get().unwrap_or(&self.client);
        HttpClientConfig { compression: Compression::Snappy, ..client.clone() }
    }

    /// Where requests go.
    pub(super) fn url(&self) -> Result<Uri, String> {
        let url = self.client().endpoint.parse::<Uri>().ok();
        let has_place = |url: &Uri| {
            matches!(url.scheme_str(), Some("http" | "https"))
                && url.host().is_some_and(|host| !host.is_empty())
        };
        url.filter(has_place).ok_or_else(|| "invalid endpoint".to_owned())
    }

    /// The version of the protocol.
    pub(super) fn protocol(&self) -> Protocol {
        Protocol::of_message_name(&self.protobuf_message).unwrap_or(Protocol::V1)
    }

    /// How names are translated.
    pub(super) fn naming(&self) -> Naming {
        Naming::of_strategy(&self.namespace, &self.translation_strategy, self.add_metric_suffixes)
    }

    /// Which resource attributes become labels.
    pub(super) fn resource_labels(&self) -> &ResourceLabelsConfig {
        self.resource_constant_labels.or_older(&self.resource_to_telemetry_conversion)
    }

    /// The shared queue as this section describes it. One consumer takes the batches out in their order:
    /// what one series says in two batches must arrive in that order, or the store refuses it.
    pub(super) fn sending_queue(&self) -> Optional<SendingQueueConfig> {
        let queue = SendingQueueConfig {
            num_consumers: 1,
            queue_size: self.remote_write_queue.queue_size,
            storage: self.remote_write_queue.storage.clone(),
            ..SendingQueueConfig::default()
        };
        if self.remote_write_queue.enabled { Optional::on(queue) } else { Optional::off(queue) }
    }

    /// How many requests of one batch may be under way.
    pub(super) fn parallelism(&self) -> usize {
        let parallelism = self.max_batch_request_parallelism.unwrap_or(self.remote_write_queue.num_consumers);
        usize::try_from(parallelism).unwrap_or(0).max(1)
    }

    /// How many bytes the series of one request have at most.
    pub(super) fn batch_size(&self) -> usize {
        let written = usize::try_from(self.max_batch_size_bytes).ok().filter(|size| *size > 0);
        written.or_else(|| usize::try_from(DEFAULT_BATCH_SIZE).ok()).unwrap_or(usize::MAX)
    }

    fn check_values(&self, checking: &mut Checking) {
        if let Err(message) = self.url() {
            checking.error_at("endpoint", message);
        }
        self.check_labels(checking);
        self.check_queue(checking);
        self.check_protocol(checking);
        for key in &self.include_metadata_keys {
            let name = HeaderName::try_from(key.as_str());
            if name.is_ok_and(|name| RESERVED_HEADERS.contains(&name.as_str())) {
                let message = format!(
                    "include_metadata_keys entry {key:?} collides with a reserved remote write header"
                );
                checking.error_at("include_metadata_keys", message);
            }
        }
        if self.wal.is_on() {
            checking.error_at(
                "wal",
                "wal is not supported; remove it and name a storage extension such as file_storage in \
                 remote_write_queue::storage, which keeps what is queued through a restart",
            );
        }
    }

    fn check_labels(&self, checking: &mut Checking) {
        if self.resource_constant_labels.enabled || self.resource_constant_labels.exclude_service_attributes {
            checking.error(
                "enabled and exclude_service_attributes are not supported under resource_constant_labels; \
                 use included and excluded instead",
            );
        }
        if !self.resource_to_telemetry_conversion.is_empty() && !self.resource_constant_labels.is_empty() {
            checking.error(
                "cannot configure both resource_to_telemetry_conversion and resource_constant_labels; \
                 resource_to_telemetry_conversion is deprecated",
            );
        }
        let naming = self.naming();
        for (name, value) in &self.external_labels {
            if name.is_empty() || value.is_empty() {
                let message =
                    "prometheus remote write: external labels configuration contains an empty key or value";
                checking.error_at("external_labels", message);
            } else if naming.label(name).is_none() {
                checking.error_at("external_labels", format!("{name:?} cannot be the name of a label"));
            }
        }
    }

    fn check_queue(&self, checking: &mut Checking) {
        if self.max_batch_request_parallelism.is_some_and(|parallelism| parallelism < 1) {
            let message = "max_batch_request_parallelism can't be set to below 1";
            checking.error_at("max_batch_request_parallelism", message);
        }
        let queue = &self.remote_write_queue;
        checking.within("remote_write_queue", |checking| {
            if queue.queue_size < 0 {
                checking.error_at("queue_size", "remote write queue size can't be negative");
            }
            if queue.enabled && queue.queue_size == 0 {
                checking.error_at("queue_size", "a 0 size queue will drop all the data");
            }
            if queue.num_consumers < 0 {
                checking.error_at("num_consumers", "remote write consumer number can't be negative");
            }
        });
        if self.max_batch_size_bytes < 0 {
            checking.error_at("max_batch_size_bytes", "max_batch_size_bytes must be greater than 0");
        }
    }

    fn check_protocol(&self, checking: &mut Checking) {
        let client = self.http.get().unwrap_or(&self.client);
        if !matches!(client.compression, Compression::None | Compression::Snappy) {
            checking.error_at("compression", "compression type must be snappy");
        }
        let message_name = &self.protobuf_message;
        if Protocol::of_message_name(message_name).is_none() {
            let message = format!(
                "unknown type for remote write protobuf message {message_name}, supported: \
                 prometheus.WriteRequest, io.prometheus.write.v2.Request"
            );
            checking.error_at("protobuf_message", message);
        }
        let strategy = &self.translation_strategy;
        if !STRATEGIES.contains(&strategy.as_str()) {
            checking.error_at("translation_strategy", format!("invalid translation_strategy: {strategy}"));
        } else if self.protocol() == Protocol::V1 && self.naming().keeps_utf8() {
            let message = format!(
                "translation strategy {strategy} requires Prometheus Remote Write 2.0 (UTF-8 support)"
            );
            checking.error_at("translation_strategy", message);
        }
    }
}
