//! Every instrument Weir has, declared once. Names, units, scopes and levels of those the Collector has
//! too are the Collector's.

use super::registry::{InstrumentDescription, InstrumentKind};
use crate::config::telemetry::MetricsLevel;
use crate::otlp::Signal;

/// Bucket bounds of histograms over numbers of items.
pub static ITEM_COUNT_BOUNDS: [f64; 22] = [
    10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1e3, 2e3, 3e3, 4e3, 5e3, 6e3, 7e3, 8e3, 9e3, 1e4,
    2e4, 3e4, 5e4, 1e5,
];

/// Bucket bounds of histograms that say nothing of their own: those of OpenTelemetry's SDKs.
pub static DEFAULT_BOUNDS: [f64; 15] =
    [0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1e3, 2500.0, 5e3, 7500.0, 1e4];

/// Bucket bounds of histograms over sizes in bytes.
pub static BYTE_SIZE_BOUNDS: [f64; 18] = [
    128.0,
    256.0,
    512.0,
    1024.0,
    2048.0,
    4096.0,
    8192.0,
    16384.0,
    32768.0,
    65536.0,
    131_072.0,
    262_144.0,
    524_288.0,
    1_048_576.0,
    2_097_152.0,
    4_194_304.0,
    8_388_608.0,
    16_777_216.0,
];

/// Declares instruments, grouped by scope: a name in Rust, from which level it is shown, the name on the
/// wire, the unit and what is measured.
macro_rules! instruments {
    ($(scope $scope:literal {
        $($name:ident: $level:ident $kind:ident $wire_name:literal [$unit:literal] $text:literal;)*
    })*) => {
        $($(
            #[doc = $text]
            pub static $name: InstrumentDescription = InstrumentDescription {
                name: $wire_name,
                kind: InstrumentKind::$kind,
                unit: $unit,
                description: $text,
                level: MetricsLevel::$level,
                scope: $scope,
            };
        )*)*
        /// Every instrument, for the reference.
        pub static ALL: &[&InstrumentDescription] = &[$($(&$name),*),*];
    };
}

/// Declares the function that finds the instrument of a signal among three.
macro_rules! per_signal {
    ($($(#[$doc:meta])* $function:ident => $traces:ident, $metrics:ident, $logs:ident;)*) => {
        $(
            $(#[$doc])*
            pub const fn $function(signal: Signal) -> &'static InstrumentDescription {
                match signal {
                    Signal::Traces => &$traces,
                    Signal::Metrics => &$metrics,
                    Signal::Logs => &$logs,
                }
            }
        )*
    };
}

per_signal! {
    /// Items a receiver handed to its pipelines. Attributes: `receiver`, `transport`.
    receiver_accepted => RECEIVER_ACCEPTED_SPANS, RECEIVER_ACCEPTED_METRIC_POINTS, RECEIVER_ACCEPTED_LOG_RECORDS;
    /// Items the pipelines did not take from a receiver. Attributes: `receiver`, `transport`.
    receiver_refused => RECEIVER_REFUSED_SPANS, RECEIVER_REFUSED_METRIC_POINTS, RECEIVER_REFUSED_LOG_RECORDS;
    /// Items the memory limiter let pass. Attributes: `processor`.
    memory_limiter_accepted => MEMORY_LIMITER_ACCEPTED_SPANS, MEMORY_LIMITER_ACCEPTED_METRIC_POINTS,
        MEMORY_LIMITER_ACCEPTED_LOG_RECORDS;
    /// Items the memory limiter refused. Attributes: `processor`.
    memory_limiter_refused => MEMORY_LIMITER_REFUSED_SPANS, MEMORY_LIMITER_REFUSED_METRIC_POINTS,
        MEMORY_LIMITER_REFUSED_LOG_RECORDS;
    /// Items with an attribute to group by. Attributes: `processor`.
    groupbyattrs_grouped => GROUPBYATTRS_NUM_GROUPED_SPANS, GROUPBYATTRS_NUM_GROUPED_METRICS,
        GROUPBYATTRS_NUM_GROUPED_LOGS;
    /// Items without an attribute to group by. Attributes: `processor`.
    groupbyattrs_not_grouped => GROUPBYATTRS_NUM_NON_GROUPED_SPANS, GROUPBYATTRS_NUM_NON_GROUPED_METRICS,
        GROUPBYATTRS_NUM_NON_GROUPED_LOGS;
    /// Resource groups that come out for a batch. Attributes: `processor`.
    groupbyattrs_groups => GROUPBYATTRS_SPAN_GROUPS, GROUPBYATTRS_METRIC_GROUPS, GROUPBYATTRS_LOG_GROUPS;
    /// Items the back end took. Attributes: `exporter`.
    exporter_sent => EXPORTER_SENT_SPANS, EXPORTER_SENT_METRIC_POINTS, EXPORTER_SENT_LOG_RECORDS;
    /// Items the back end did not take, after all retries. Attributes: `exporter`.
    exporter_send_failed => EXPORTER_SEND_FAILED_SPANS, EXPORTER_SEND_FAILED_METRIC_POINTS,
        EXPORTER_SEND_FAILED_LOG_RECORDS;
    /// Items the sending queue did not take. Attributes: `exporter`.
    exporter_enqueue_failed => EXPORTER_ENQUEUE_FAILED_SPANS, EXPORTER_ENQUEUE_FAILED_METRIC_POINTS,
        EXPORTER_ENQUEUE_FAILED_LOG_RECORDS;
}

instruments! {
    scope "go.opentelemetry.io/collector/receiver/receiverhelper" {
        RECEIVER_ACCEPTED_SPANS: Basic Counter "otelcol_receiver_accepted_spans" ["{span}"]
            "Number of spans successfully pushed into the pipeline.";
        RECEIVER_ACCEPTED_METRIC_POINTS: Basic Counter "otelcol_receiver_accepted_metric_points" ["{datapoint}"]
            "Number of metric points successfully pushed into the pipeline.";
        RECEIVER_ACCEPTED_LOG_RECORDS: Basic Counter "otelcol_receiver_accepted_log_records" ["{record}"]
            "Number of log records successfully pushed into the pipeline.";
        RECEIVER_REFUSED_SPANS: Basic Counter "otelcol_receiver_refused_spans" ["{span}"]
            "Number of spans that could not be pushed into the pipeline.";
        RECEIVER_REFUSED_METRIC_POINTS: Basic Counter "otelcol_receiver_refused_metric_points" ["{datapoint}"]
            "Number of metric points that could not be pushed into the pipeline.";
        RECEIVER_REFUSED_LOG_RECORDS: Basic Counter "otelcol_receiver_refused_log_records" ["{record}"]
            "Number of log records that could not be pushed into the pipeline.";
    }
    scope "go.opentelemetry.io/collector/scraper/scraperhelper" {
        SCRAPER_SCRAPED_METRIC_POINTS: Basic Counter "otelcol_scraper_scraped_metric_points" ["{datapoint}"]
            "Number of metric points successfully scraped.";
        SCRAPER_ERRORED_METRIC_POINTS: Basic Counter "otelcol_scraper_errored_metric_points" ["{datapoint}"]
            "Number of metric points that were unable to be scraped.";
    }
    scope "github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/fileconsumer" {
        FILECONSUMER_OPEN_FILES: Basic Gauge "otelcol_fileconsumer_open_files" ["1"]
            "Number of open files";
        FILECONSUMER_READING_FILES: Basic Gauge "otelcol_fileconsumer_reading_files" ["1"]
            "Number of open files that are being read";
    }
    scope "go.opentelemetry.io/collector/processor/processorhelper" {
        PROCESSOR_INCOMING_ITEMS: Basic Counter "otelcol_processor_incoming_items" ["{item}"]
            "Number of items passed to the processor.";
        PROCESSOR_OUTGOING_ITEMS: Basic Counter "otelcol_processor_outgoing_items" ["{item}"]
            "Number of items emitted from the processor.";
    }
    scope "go.opentelemetry.io/collector/processor/batchprocessor" {
        BATCH_SEND_SIZE: Normal Histogram "otelcol_processor_batch_batch_send_size" ["{unit}"]
            "Number of units in the batch";
        BATCH_SEND_SIZE_BYTES: Detailed Histogram "otelcol_processor_batch_batch_send_size_bytes" ["By"]
            "Number of bytes in the batch that was sent";
        BATCH_SIZE_TRIGGER_SEND: Normal Counter "otelcol_processor_batch_batch_size_trigger_send" ["{time}"]
            "Number of times the batch was sent due to a size trigger";
        BATCH_TIMEOUT_TRIGGER_SEND: Normal Counter "otelcol_processor_batch_timeout_trigger_send" ["{time}"]
            "Number of times the batch was sent due to a timeout trigger";
        BATCH_METADATA_CARDINALITY: Normal Gauge "otelcol_processor_batch_metadata_cardinality" ["{combination}"]
            "Number of distinct metadata value combinations being processed";
    }
    scope "go.opentelemetry.io/collector/processor/memorylimiterprocessor" {
        MEMORY_LIMITER_ACCEPTED_SPANS: Basic Counter "otelcol_processor_memory_limiter_accepted_spans" ["{span}"]
            "Number of spans let pass.";
        MEMORY_LIMITER_ACCEPTED_METRIC_POINTS: Basic Counter
            "otelcol_processor_memory_limiter_accepted_metric_points" ["{datapoint}"]
            "Number of metric points let pass.";
        MEMORY_LIMITER_ACCEPTED_LOG_RECORDS: Basic Counter
            "otelcol_processor_memory_limiter_accepted_log_records" ["{record}"]
            "Number of log records let pass.";
        MEMORY_LIMITER_REFUSED_SPANS: Basic Counter "otelcol_processor_memory_limiter_refused_spans" ["{span}"]
            "Number of spans refused for want of memory.";
        MEMORY_LIMITER_REFUSED_METRIC_POINTS: Basic Counter
            "otelcol_processor_memory_limiter_refused_metric_points" ["{datapoint}"]
            "Number of metric points refused for want of memory.";
        MEMORY_LIMITER_REFUSED_LOG_RECORDS: Basic Counter
            "otelcol_processor_memory_limiter_refused_log_records" ["{record}"]
            "Number of log records refused for want of memory.";
    }
    scope "github.com/open-telemetry/opentelemetry-collector-contrib/connector/servicegraphconnector" {
        SERVICE_GRAPH_DROPPED_SPANS: Basic Counter "otelcol_connector_servicegraph_dropped_spans" ["1"]
            "Number of spans dropped when trying to add edges";
        SERVICE_GRAPH_EXPIRED_EDGES: Basic Counter "otelcol_connector_servicegraph_expired_edges" ["1"]
            "Number of edges that expired before finding its matching span";
        SERVICE_GRAPH_TOTAL_EDGES: Basic Counter "otelcol_connector_servicegraph_total_edges" ["1"]
            "Total number of unique edges";
    }
    scope "github.com/open-telemetry/opentelemetry-collector-contrib/processor/groupbyattrsprocessor" {
        GROUPBYATTRS_NUM_GROUPED_SPANS: Basic Counter "otelcol_processor_groupbyattrs_num_grouped_spans" ["1"]
            "Number of spans that had attributes grouped";
        GROUPBYATTRS_NUM_NON_GROUPED_SPANS: Basic Counter "otelcol_processor_groupbyattrs_num_non_grouped_spans" ["1"]
            "Number of spans that did not have attributes grouped";
        GROUPBYATTRS_SPAN_GROUPS: Basic Histogram "otelcol_processor_groupbyattrs_span_groups" ["1"]
            "Distribution of groups extracted for spans";
        GROUPBYATTRS_NUM_GROUPED_METRICS: Basic Counter "otelcol_processor_groupbyattrs_num_grouped_metrics" ["1"]
            "Number of metrics that had attributes grouped";
        GROUPBYATTRS_NUM_NON_GROUPED_METRICS: Basic Counter "otelcol_processor_groupbyattrs_num_non_grouped_metrics" ["1"]
            "Number of metrics that did not have attributes grouped";
        GROUPBYATTRS_METRIC_GROUPS: Basic Histogram "otelcol_processor_groupbyattrs_metric_groups" ["1"]
            "Distribution of groups extracted for metrics";
        GROUPBYATTRS_NUM_GROUPED_LOGS: Basic Counter "otelcol_processor_groupbyattrs_num_grouped_logs" ["1"]
            "Number of logs that had attributes grouped";
        GROUPBYATTRS_NUM_NON_GROUPED_LOGS: Basic Counter "otelcol_processor_groupbyattrs_num_non_grouped_logs" ["1"]
            "Number of logs that did not have attributes grouped";
        GROUPBYATTRS_LOG_GROUPS: Basic Histogram "otelcol_processor_groupbyattrs_log_groups" ["1"]
            "Distribution of groups extracted for logs";
    }
    scope "go.opentelemetry.io/collector/exporter/exporterhelper" {
        EXPORTER_SENT_SPANS: Basic Counter "otelcol_exporter_sent_spans" ["{span}"]
            "Number of spans successfully sent to destination.";
        EXPORTER_SENT_METRIC_POINTS: Basic Counter "otelcol_exporter_sent_metric_points" ["{datapoint}"]
            "Number of metric points successfully sent to destination.";
        EXPORTER_SENT_LOG_RECORDS: Basic Counter "otelcol_exporter_sent_log_records" ["{record}"]
            "Number of log records successfully sent to destination.";
        EXPORTER_SEND_FAILED_SPANS: Basic Counter "otelcol_exporter_send_failed_spans" ["{span}"]
            "Number of spans in failed attempts to send to destination.";
        EXPORTER_SEND_FAILED_METRIC_POINTS: Basic Counter
            "otelcol_exporter_send_failed_metric_points" ["{datapoint}"]
            "Number of metric points in failed attempts to send to destination.";
        EXPORTER_SEND_FAILED_LOG_RECORDS: Basic Counter
            "otelcol_exporter_send_failed_log_records" ["{record}"]
            "Number of log records in failed attempts to send to destination.";
        EXPORTER_ENQUEUE_FAILED_SPANS: Basic Counter "otelcol_exporter_enqueue_failed_spans" ["{span}"]
            "Number of spans the sending queue did not take.";
        EXPORTER_ENQUEUE_FAILED_METRIC_POINTS: Basic Counter
            "otelcol_exporter_enqueue_failed_metric_points" ["{datapoint}"]
            "Number of metric points the sending queue did not take.";
        EXPORTER_ENQUEUE_FAILED_LOG_RECORDS: Basic Counter
            "otelcol_exporter_enqueue_failed_log_records" ["{record}"]
            "Number of log records the sending queue did not take.";
        EXPORTER_QUEUE_SIZE: Basic Gauge "otelcol_exporter_queue_size" ["{batch}"]
            "What the sending queue holds, in units of its sizer.";
        EXPORTER_QUEUE_CAPACITY: Basic Gauge "otelcol_exporter_queue_capacity" ["{batch}"]
            "What fits into the sending queue, in units of its sizer.";
        EXPORTER_IN_FLIGHT_REQUESTS: Basic Gauge "otelcol_exporter_in_flight_requests" ["{request}"]
            "Number of export requests under way, including those waiting for their next attempt.";
        EXPORTER_ENQUEUE_SIZE: Detailed Histogram "otelcol_exporter_enqueue_size" ["{unit}"]
            "Number of units in the request added to the sending queue.";
        EXPORTER_ENQUEUE_SIZE_BYTES: Detailed Histogram "otelcol_exporter_enqueue_size_bytes" ["By"]
            "Number of bytes in the request added to the sending queue.";
        EXPORTER_QUEUE_BATCH_SEND_SIZE: Detailed Histogram "otelcol_exporter_queue_batch_send_size" ["{unit}"]
            "Number of units in a request gathered inside the sending queue.";
        EXPORTER_QUEUE_BATCH_SEND_SIZE_BYTES: Detailed Histogram
            "otelcol_exporter_queue_batch_send_size_bytes" ["By"]
            "Number of bytes in a request gathered inside the sending queue.";
    }
    scope "github.com/open-telemetry/opentelemetry-collector-contrib/processor/cumulativetodeltaprocessor" {
        CUMULATIVE_TO_DELTA_DATAPOINTS: Detailed Counter "otelcol_cumulativetodelta_datapoints" ["{datapoint}"]
            "Number of datapoints converted from cumulative to delta temporality.";
        CUMULATIVE_TO_DELTA_DATAPOINTS_DROPPED: Normal Counter
            "otelcol_cumulativetodelta_datapoints_dropped" ["{datapoint}"]
            "Number of datapoints dropped instead of being converted.";
        CUMULATIVE_TO_DELTA_STREAMS_TRACKED: Normal Gauge
            "otelcol_cumulativetodelta_streams_tracked" ["{stream}"]
            "Number of metric streams remembered for the conversion from cumulative to delta.";
    }
    scope "github.com/open-telemetry/opentelemetry-collector-contrib/processor/deltatocumulativeprocessor" {
        DELTA_TO_CUMULATIVE_DATAPOINTS: Normal Counter "otelcol_deltatocumulative_datapoints" ["{datapoint}"]
            "Number of datapoints processed; with the attribute error those that were dropped.";
        DELTA_TO_CUMULATIVE_STREAMS_LIMIT: Normal Gauge
            "otelcol_deltatocumulative_streams_limit" ["{stream}"]
            "Upper limit of tracked streams.";
        DELTA_TO_CUMULATIVE_STREAMS_MAX_STALE: Normal Gauge
            "otelcol_deltatocumulative_streams_max_stale" ["s"]
            "Time after which streams without points are forgotten.";
        DELTA_TO_CUMULATIVE_STREAMS_TRACKED: Normal Gauge
            "otelcol_deltatocumulative_streams_tracked" ["{dps}"]
            "Number of streams tracked.";
    }
    scope "github.com/open-telemetry/opentelemetry-collector-contrib/exporter/prometheusremotewriteexporter" {
        REMOTE_WRITE_CONSUMERS: Normal Gauge "otelcol_exporter_prometheusremotewrite_consumers" ["{consumer}"]
            "Number of requests of one batch that may be under way at once";
        REMOTE_WRITE_DELTAS_ADDED_UP: Normal Counter
            "otelcol_exporter_prometheusremotewrite_deltas_added_up" ["{datapoint}"]
            "Number of delta data points that were written as cumulative ones";
        REMOTE_WRITE_FAILED_TRANSLATIONS: Normal Counter
            "otelcol_exporter_prometheusremotewrite_failed_translations" ["1"]
            "Number of batches of which not all data points could be written";
        REMOTE_WRITE_SENT_BATCHES: Normal Counter
            "otelcol_exporter_prometheusremotewrite_sent_batches" ["{batch}"]
            "Number of requests sent, with whatever success";
        REMOTE_WRITE_TRANSLATED_TIME_SERIES: Normal Counter
            "otelcol_exporter_prometheusremotewrite_translated_time_series" ["1"]
            "Number of series that batches became";
        REMOTE_WRITE_WRITTEN_EXEMPLARS: Normal Counter
            "otelcol_exporter_prometheusremotewrite_written_exemplars" ["{exemplar}"]
            "Number of exemplars that stores said they wrote (version 2.0)";
        REMOTE_WRITE_WRITTEN_HISTOGRAMS: Normal Counter
            "otelcol_exporter_prometheusremotewrite_written_histograms" ["{histogram}"]
            "Number of native histograms that stores said they wrote (version 2.0)";
        REMOTE_WRITE_WRITTEN_SAMPLES: Normal Counter
            "otelcol_exporter_prometheusremotewrite_written_samples" ["{sample}"]
            "Number of samples that stores said they wrote (version 2.0)";
    }
    scope "go.opentelemetry.io/collector/service" {
        PROCESS_UPTIME: Basic Counter "otelcol_process_uptime" ["s"]
            "Uptime of the process";
        PROCESS_CPU_SECONDS: Basic Counter "otelcol_process_cpu_seconds" ["s"]
            "Total CPU user and system time in seconds";
        PROCESS_MEMORY_RSS: Basic Gauge "otelcol_process_memory_rss" ["By"]
            "Total physical memory (resident set size)";
        PROCESS_HEAP_ALLOC_BYTES: Basic Gauge "otelcol_process_runtime_heap_alloc_bytes" ["By"]
            "Bytes of private writable memory in use: heap and stacks";
        PROCESS_TOTAL_SYS_MEMORY_BYTES: Basic Gauge "otelcol_process_runtime_total_sys_memory_bytes" ["By"]
            "Total bytes of memory obtained from the operating system";
        RECEIVER_PRODUCED_ITEMS: Basic Counter "otelcol_receiver_produced_items" ["{item}"]
            "Number of items emitted from the receiver.";
        RECEIVER_PRODUCED_SIZE: Normal Counter "otelcol_receiver_produced_size" ["By"]
            "Bytes of serialized telemetry emitted from the receiver.";
        PROCESSOR_CONSUMED_ITEMS: Basic Counter "otelcol_processor_consumed_items" ["{item}"]
            "Number of items passed to the processor.";
        PROCESSOR_CONSUMED_SIZE: Normal Counter "otelcol_processor_consumed_size" ["By"]
            "Bytes of serialized telemetry passed to the processor.";
        PROCESSOR_PRODUCED_ITEMS: Basic Counter "otelcol_processor_produced_items" ["{item}"]
            "Number of items emitted from the processor.";
        PROCESSOR_PRODUCED_SIZE: Normal Counter "otelcol_processor_produced_size" ["By"]
            "Bytes of serialized telemetry emitted from the processor.";
        CONNECTOR_CONSUMED_ITEMS: Basic Counter "otelcol_connector_consumed_items" ["{item}"]
            "Number of items passed to the connector.";
        CONNECTOR_CONSUMED_SIZE: Normal Counter "otelcol_connector_consumed_size" ["By"]
            "Bytes of serialized telemetry passed to the connector.";
        CONNECTOR_PRODUCED_ITEMS: Basic Counter "otelcol_connector_produced_items" ["{item}"]
            "Number of items emitted from the connector.";
        CONNECTOR_PRODUCED_SIZE: Normal Counter "otelcol_connector_produced_size" ["By"]
            "Bytes of serialized telemetry emitted from the connector.";
        EXPORTER_CONSUMED_ITEMS: Basic Counter "otelcol_exporter_consumed_items" ["{item}"]
            "Number of items passed to the exporter.";
        EXPORTER_CONSUMED_SIZE: Normal Counter "otelcol_exporter_consumed_size" ["By"]
            "Bytes of serialized telemetry passed to the exporter.";
    }
    scope "weir" {
        DROPPED_ITEMS: Basic Counter "weir_dropped_items" ["{item}"]
            "Number of items that were taken and will not be delivered, by reason.";
        LOG_OPERATOR_ERRORS: Basic Counter "weir_log_operator_errors" ["{log_record}"]
            "Number of log records that an operator failed on, also of those sent on all the same.";
        DELTA_TO_RATE_DATAPOINTS_DROPPED: Normal Counter
            "weir_deltatorate_datapoints_dropped" ["{datapoint}"]
            "Number of cumulative datapoints without a rate, by reason.";
        BYTES_IN_FLIGHT: Basic Gauge "weir_bytes_in_flight" ["By"]
            "Bytes of serialized telemetry taken and not yet delivered or dropped.";
        DIMENSIONS_DROPPED_DATA_POINTS: Basic Counter "weir_dimensions_dropped_data_points" ["{datapoint}"]
            "Number of data points that the dimension filter was told to drop, or could not merge, by reason.";
        DIMENSIONS_MERGED_DATA_POINTS: Normal Counter "weir_dimensions_merged_data_points" ["{datapoint}"]
            "Number of data points that went into a point together with others.";
        DIMENSIONS_OVERFLOWED_DATA_POINTS: Basic Counter "weir_dimensions_overflowed_data_points" ["{datapoint}"]
            "Number of data points that went into the overflow series of their metric.";
        DIMENSIONS_SERIES: Normal Gauge "weir_dimensions_series" ["{series}"]
            "Number of series the dimension filter keeps a state of.";
        ALARMS_LATE_DATA_POINTS: Basic Counter "weir_alarms_late_data_points" ["{datapoint}"]
            "Number of watched data points whose period was closed when they came.";
        ALARMS_EARLY_DATA_POINTS: Basic Counter "weir_alarms_early_data_points" ["{datapoint}"]
            "Number of watched data points that are dated more than a period into the future.";
        ALARMS_OVERFLOWED_DATA_POINTS: Basic Counter "weir_alarms_overflowed_data_points" ["{datapoint}"]
            "Number of watched data points of series beyond what a rule may have.";
        ALARMS_TRANSITIONS: Basic Counter "weir_alarms_transitions" ["{transition}"]
            "Number of changes of the state of alarms.";
        ALARMS_NOTIFICATIONS_DELIVERED: Basic Counter "weir_alarms_notifications_delivered" ["{notification}"]
            "Number of notifications that actions have taken.";
        ALARMS_NOTIFICATIONS_FAILED: Basic Counter "weir_alarms_notifications_failed" ["{notification}"]
            "Number of notifications that were given up.";
        STORE_APPENDED_ITEMS: Basic Counter "weir_store_appended_items" ["{item}"]
            "Number of items the store took.";
        STORE_APPENDED_BYTES: Normal Counter "weir_store_appended_bytes" ["By"]
            "Bytes of serialized telemetry the store took.";
        STORE_COMMITS: Normal Counter "weir_store_commits" ["{commit}"]
            "Number of commits that batches waited for; concurrent batches share them.";
        STORE_CUTS: Normal Counter "weir_store_cuts" ["{cut}"]
            "Number of times that blocks were made of what had been appended.";
        STORE_REFUSED_ITEMS: Basic Counter "weir_store_refused_items" ["{item}"]
            "Number of items the store did not take, by reason.";
        STORE_DAMAGED_FILES: Basic Counter "weir_store_damaged_files" ["{file}"]
            "Number of files of the store found to be damaged.";
        STORE_FILE_BYTES: Basic Gauge "weir_store_file_bytes" ["By"]
            "Bytes of the store's partition files.";
        STORE_WAL_BYTES: Normal Gauge "weir_store_wal_bytes" ["By"]
            "Bytes of the write-ahead log of the partition file written last.";
        BUILD_INFO: Basic Gauge "weir_build_info" [""]
            "Always 1; the attributes say what is running.";
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_is_declared_twice() {
        let names: BTreeSet<_> = ALL.iter().map(|instrument| instrument.name).collect();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn instruments_of_a_signal_are_named_after_its_items() {
        for signal in Signal::ALL {
            for (instrument, stem) in [
                (receiver_accepted(signal), "otelcol_receiver_accepted_"),
                (receiver_refused(signal), "otelcol_receiver_refused_"),
                (memory_limiter_accepted(signal), "otelcol_processor_memory_limiter_accepted_"),
                (memory_limiter_refused(signal), "otelcol_processor_memory_limiter_refused_"),
                (exporter_sent(signal), "otelcol_exporter_sent_"),
                (exporter_send_failed(signal), "otelcol_exporter_send_failed_"),
                (exporter_enqueue_failed(signal), "otelcol_exporter_enqueue_failed_"),
            ] {
                assert_eq!(instrument.name, format!("{stem}{}", signal.items_name()));
            }
        }
    }
}
