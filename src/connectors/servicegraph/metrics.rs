//! The metrics of the edges: what is kept for each series, and how it is written.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::ServiceGraphConfig;
use super::edge::{Edge, dimension_labels};
use crate::metric_streams::wire::{
    MessageList, MetricHeader, metrics_batch, put_metric, put_point, put_resource_group, put_scope_group,
};
use crate::metric_streams::{
    ExponentialHistogram, Histogram, MetricKind, Point, PointValue, Shards, StreamHasher, StreamId,
    StreamMap, Temporality,
};
use crate::otlp::wire::{put_length_delimited, put_message};
use crate::otlp::{AnyValueView, Batch, NumberValue, Text, put_any_value};

/// The name of the instrumentation scope.
const SCOPE_NAME: &[u8] = b"traces_service_graph";

/// The latency buckets where none are configured, in seconds.
const DEFAULT_BOUNDS: [f64; 16] =
    [0.002, 0.004, 0.006, 0.008, 0.01, 0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.4, 2.0, 5.0, 10.0, 15.0];

/// How many buckets an exponential histogram can be told to have; what the Collector's keeps to.
const EXPONENTIAL_SIZES: std::ops::RangeInclusive<usize> = 2..=16384;

/// The series of all edges.
pub(super) struct GraphMetrics {
    shards: Shards<SeriesShard>,
    hasher: StreamHasher,
    buckets: Buckets,
    dimension_labels: Vec<String>,
    has_virtual_node_label: bool,
    timestamp_offset: u64,
    start_time_unix_nano: u64,
}

/// How latencies are counted.
enum Buckets {
    Explicit(Arc<[f64]>),
    Exponential { max_size: usize },
}

#[derive(Default)]
struct SeriesShard {
    series: StreamMap<Series>,
    /// When series of this shard were last forgotten. One that comes back counts from there.
    forgotten_at_unix_nano: u64,
}

/// What is counted under one set of labels.
struct Series {
    labels: MessageList,
    is_failed: bool,
    requests: i64,
    server_seconds: PointValue,
    client_seconds: PointValue,
    start_time_unix_nano: u64,
    last_added: Instant,
}

/// The points of each metric.
#[derive(Default)]
struct EncodedPoints {
    requests: Vec<u8>,
    failed_requests: Vec<u8>,
    server_seconds: Vec<u8>,
    client_seconds: Vec<u8>,
}

impl GraphMetrics {
    /// No series yet; they count from `now_unix_nano` on.
    pub(super) fn new(config: &ServiceGraphConfig, now_unix_nano: u64) -> Self {
        let offset = config.metrics_timestamp_offset.to_std();
        let timestamp_offset = u64::try_from(offset.as_nanos()).unwrap_or(u64::MAX);
        Self {
            shards: Shards::new(),
            hasher: StreamHasher::new(),
            buckets: Buckets::new(config),
            dimension_labels: dimension_labels(config),
            has_virtual_node_label: config.virtual_node_extra_label,
            timestamp_offset,
            start_time_unix_nano: now_unix_nano.saturating_sub(timestamp_offset),
        }
    }

    /// Counts the request of an edge.
    pub(super) fn add(&self, edge: &Edge, now: Instant) {
        let id = self.labels_of(edge).fold(StreamId::NO_ATTRIBUTES, |id, (label, value)| {
            id.with(self.hasher.attribute(label.as_bytes(), value))
        });
        let mut shard = self.shards.of(id);
        let start_time_unix_nano = self.start_time_unix_nano.max(shard.forgotten_at_unix_nano);
        let series = shard.series.entry(id).or_insert_with(|| Series {
            labels: encoded_labels(self.labels_of(edge)),
            is_failed: edge.is_failed,
            requests: 0,
            server_seconds: self.buckets.empty(),
            client_seconds: self.buckets.empty(),
            start_time_unix_nano,
            last_added: now,
        });
        series.requests += 1;
        self.buckets.record(&mut series.server_seconds, edge.server_seconds);
        self.buckets.record(&mut series.client_seconds, edge.client_seconds);
        series.last_added = now;
    }

    /// Forgets series that nothing was added to for longer than `lifetime`.
    pub(super) fn forget_idle(&self, lifetime: Duration, now_unix_nano: u64) {
        for mut shard in self.shards.iter() {
            let count = shard.series.len();
            shard.series.retain(|_, series| series.last_added.elapsed() <= lifetime);
            if shard.series.len() < count {
                shard.forgotten_at_unix_nano = now_unix_nano.saturating_sub(self.timestamp_offset);
            }
        }
    }

    /// Every series as it is now, or none where there is none.
    pub(super) fn to_batch(&self, now_unix_nano: u64) -> Option<Batch> {
        let time_unix_nano = now_unix_nano.saturating_sub(self.timestamp_offset);
        let mut points = EncodedPoints::default();
        for shard in self.shards.iter() {
            shard.series.values().for_each(|series| points.add(series, time_unix_nano));
        }
        if points.requests.is_empty() {
            return None;
        }
        let mut scope = Vec::new();
        put_length_delimited(&mut scope, 1, SCOPE_NAME);
        let mut body = Vec::new();
        put_resource_group(&mut body, &[], &[], |out| {
            put_scope_group(out, &scope, &[], |out| self.put_metrics(out, &points));
        });
        Some(metrics_batch(body))
    }

    fn put_metrics(&self, out: &mut Vec<u8>, points: &EncodedPoints) {
        let requests = MetricKind::Sum { temporality: Temporality::Cumulative, is_monotonic: true };
        let seconds = self.buckets.kind();
        for (name, unit, kind, points) in [
            ("traces_service_graph_request_total", "", requests, &points.requests),
            ("traces_service_graph_request_failed_total", "", requests, &points.failed_requests),
            ("traces_service_graph_request_server", "s", seconds, &points.server_seconds),
            ("traces_service_graph_request_client", "s", seconds, &points.client_seconds),
        ] {
            if points.is_empty() {
                continue;
            }
            let (name, unit) = (name.as_bytes(), unit.as_bytes());
            let header = MetricHeader { name, unit, ..MetricHeader::of_kind(kind) };
            put_metric(out, &header, |out| out.extend_from_slice(points));
        }
    }

    fn labels_of<'a>(&'a self, edge: &'a Edge) -> impl Iterator<Item = (&'a str, AnyValueView<'a>)> {
        let dimensions = edge.dimensions.iter().filter_map(|(label, value)| {
            Some((self.dimension_labels.get(*label)?.as_str(), text_value(value)))
        });
        let virtual_node = self.has_virtual_node_label.then_some(("virtual_node", edge.virtual_node));
        [
            ("client", text_value(&edge.client)),
            ("server", text_value(&edge.server)),
            ("connection_type", text_value(edge.connection_type)),
            ("failed", AnyValueView::Bool(edge.is_failed)),
        ]
        .into_iter()
        .chain(dimensions)
        .chain(virtual_node.map(|(label, value)| (label, text_value(value))))
    }
}

impl Buckets {
    fn new(config: &ServiceGraphConfig) -> Self {
        let max_size = usize::try_from(config.exponential_histogram_max_size).unwrap_or(0);
        if max_size > 0 {
            let (least, most) = EXPONENTIAL_SIZES.into_inner();
            return Self::Exponential { max_size: max_size.clamp(least, most) };
        }
        let Some(configured) = &config.latency_histogram_buckets else {
            return Self::Explicit(DEFAULT_BOUNDS.into());
        };
        let mut bounds: Vec<f64> = configured.iter().map(|bound| bound.to_std().as_secs_f64()).collect();
        // A histogram of bounds in another order has no meaning.
        bounds.sort_by(f64::total_cmp);
        Self::Explicit(bounds.into())
    }

    const fn kind(&self) -> MetricKind {
        let temporality = Temporality::Cumulative;
        match self {
            Self::Explicit(_) => MetricKind::Histogram { temporality },
            Self::Exponential { .. } => MetricKind::ExponentialHistogram { temporality },
        }
    }

    fn empty(&self) -> PointValue {
        match self {
            Self::Explicit(bounds) => PointValue::Histogram(Box::new(Histogram::with_bounds(bounds))),
            Self::Exponential { .. } => {
                PointValue::ExponentialHistogram(Box::new(ExponentialHistogram::empty()))
            }
        }
    }

    fn record(&self, value: &mut PointValue, seconds: f64) {
        match (self, value) {
            (Self::Explicit(_), PointValue::Histogram(histogram)) => {
                histogram.record(seconds, 1);
                // The Collector's explicit histograms have neither, its exponential ones both.
                (histogram.min, histogram.max) = (None, None);
            }
            (Self::Exponential { max_size }, PointValue::ExponentialHistogram(histogram)) => {
                histogram.record(seconds, 1, *max_size);
            }
            _ => debug_assert!(false, "every series has the histograms that `empty` made"),
        }
    }
}

impl EncodedPoints {
    fn add(&mut self, series: &Series, time_unix_nano: u64) {
        let requests = PointValue::Number(NumberValue::Int(series.requests));
        let put = |out: &mut Vec<u8>, value: &PointValue| {
            let point = Point {
                start_time_unix_nano: series.start_time_unix_nano,
                time_unix_nano,
                value: as_written(value),
                exemplars: MessageList::default(),
            };
            put_point(out, &series.labels, &point);
        };
        put(&mut self.requests, &requests);
        if series.is_failed {
            put(&mut self.failed_requests, &requests);
        }
        put(&mut self.server_seconds, &series.server_seconds);
        put(&mut self.client_seconds, &series.client_seconds);
    }
}

/// A histogram of zeros alone has no scale to tell; the Collector writes 0.
fn as_written(value: &PointValue) -> PointValue {
    let mut value = value.clone();
    if let PointValue::ExponentialHistogram(histogram) = &mut value
        && histogram.count == histogram.zero_count
    {
        histogram.scale = 0;
    }
    value
}

fn encoded_labels<'a>(labels: impl Iterator<Item = (&'a str, AnyValueView<'a>)>) -> MessageList {
    let mut encoded = MessageList::default();
    for (label, value) in labels {
        encoded.push_with(|out| {
            put_length_delimited(out, 1, label.as_bytes());
            put_message(out, 2, |out| put_any_value(out, value));
        });
    }
    encoded
}

const fn text_value(text: &str) -> AnyValueView<'_> {
    AnyValueView::String(Text::new(text.as_bytes()))
}
