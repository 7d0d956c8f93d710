//! What one measurement varies: signal, request size, protocol, compression and pipeline.

use std::fmt;

use clap::ValueEnum;

use crate::component::Component;
use crate::payload::Payload;

/// The telemetry signal of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Data points.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    /// All signals.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// The gRPC method.
    pub const fn grpc_path(self) -> &'static str {
        match self {
            Self::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Self::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
            Self::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        }
    }

    /// The path of OTLP/HTTP.
    pub const fn http_path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Metrics => "/v1/metrics",
            Self::Logs => "/v1/logs",
        }
    }

    /// The signal a request path of either protocol belongs to.
    pub fn of_path(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| path == signal.grpc_path() || path == signal.http_path())
    }
}

/// The OTLP transport, the same on both sides of the collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Protocol {
    /// OTLP/gRPC.
    Grpc,
    /// OTLP/HTTP with protobuf bodies over HTTP/1.1.
    Http,
}

/// The compression of requests, the same on both sides of the collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Compression {
    /// Plain bodies.
    None,
    /// gzip.
    Gzip,
}

/// What stands between the receiver and the exporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Pipeline {
    /// `otlp → otlp`.
    Pass,
    /// `otlp → batch → otlp` with the batch processor's defaults: 8,192 items or 200 ms.
    Batch,
    /// `otlp → component → otlp`, or nothing between, without a sending queue: an answer comes after the export, so that
    /// no queue hides what the component keeps in memory.
    #[value(skip)]
    Direct(Option<Component>),
}

/// One row group of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Case {
    /// The signal sent.
    pub signal: Signal,
    /// Spans, data points or log records in a request.
    pub size: usize,
    /// The transport.
    pub protocol: Protocol,
    /// The compression.
    pub compression: Compression,
    /// The pipeline.
    pub pipeline: Pipeline,
    /// What the items are like.
    pub payload: Payload,
}

impl Case {
    /// The case the others differ from in one thing: `otlp → batch → otlp`, 100 spans, gRPC, not compressed.
    pub const BASE: Self = Self {
        signal: Signal::Traces,
        size: 100,
        protocol: Protocol::Grpc,
        compression: Compression::None,
        pipeline: Pipeline::Batch,
        payload: Payload::Usual,
    };

    /// The published table: every signal and size over gRPC, then the other pipelines with 100 spans.
    pub fn published() -> Vec<Self> {
        let mut cases = Vec::new();
        for signal in Signal::ALL {
            for size in [1, 10, 100, 1000] {
                cases.push(Self { signal, size, ..Self::BASE });
            }
        }
        let gzip = Self { compression: Compression::Gzip, ..Self::BASE };
        let http = Self { protocol: Protocol::Http, ..Self::BASE };
        cases.extend([
            Self { pipeline: Pipeline::Pass, ..Self::BASE },
            Self { pipeline: Pipeline::Pass, ..gzip },
            gzip,
            Self { pipeline: Pipeline::Pass, ..http },
            http,
            Self { compression: Compression::Gzip, ..http },
        ]);
        cases
    }

    /// Requests of the measured part: enough CPU time for the 10 ms clock of `/proc`, and bounded.
    pub const fn requests(&self, quick: bool) -> usize {
        // What a component costs is a small difference of two such times.
        if matches!(self.pipeline, Pipeline::Direct(_)) {
            return if quick { 6_000 } else { 20_000 };
        }
        let full = match self.size {
            ..=4 => 60_000,
            5..=49 => 50_000,
            50..=499 => 10_000,
            _ => 2_000,
        };
        if quick { full / 5 } else { full }
    }

    /// Requests sent and delivered before the measured part begins.
    pub const fn warm_up_requests(&self, quick: bool) -> usize {
        let full = if self.size >= 500 { 200 } else { 1_000 };
        if quick { full / 5 } else { full }
    }

    /// Whether as many items of the signal arrive at the sink as are sent.
    pub const fn keeps_all_items(&self) -> bool {
        match self.pipeline {
            Pipeline::Direct(Some(component)) => component.keeps_all_items(),
            _ => true,
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |value: &dyn NamedValue| value.name();
        write!(
            formatter,
            "{} {} {} {} × {}",
            match &self.pipeline {
                Pipeline::Direct(Some(component)) => component.name(),
                Pipeline::Direct(None) => "direct".to_owned(),
                pipeline => name(pipeline),
            },
            name(&self.protocol),
            name(&self.compression),
            name(&self.signal),
            self.size
        )
    }
}

/// The name a value has on the command line and in the table.
pub trait NamedValue {
    /// The name.
    fn name(&self) -> String;
}

impl<V: ValueEnum> NamedValue for V {
    fn name(&self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}
