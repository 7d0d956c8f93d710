//! Exporter `otlp_grpc`, in older configurations `otlp`: OTLP over gRPC.

use std::sync::Arc;

use tokio::time::Instant;
use tonic::{Code, Status};

use crate::config::{GoDuration, Optional};
use crate::config_section;
use crate::network::grpc::{GrpcChannel, GrpcClientConfig};
use crate::otlp::export_response::ExportResponse;
use crate::otlp::{Batch, Signal};
use crate::pipeline::exporting::{ExporterOptions, RetryConfig, Sender, SendingQueueConfig, build_exporter};
use crate::pipeline::factory::Consuming;
use crate::pipeline::refusal::{refusal_of_rpc_status, retry_delay_of};
use crate::pipeline::{BoxFuture, BuildError, ExporterType, Refusal, Settings, Stability};

config_section! {
    /// Sends OTLP over gRPC.
    pub struct OtlpGrpcExporterConfig {
        /// The client of the back end.
        pub [flatten] client: GrpcClientConfig = GrpcClientConfig::default(),
        /// How long one attempt may take; 0 for no limit.
        pub timeout: GoDuration = GoDuration::from_secs(5),
        /// Retries of what the back end did not take for a reason that may pass.
        pub retry_on_failure: RetryConfig = RetryConfig::default(),
        /// The queue between the pipeline and the back end.
        pub sending_queue: Optional<SendingQueueConfig> = Optional::on(SendingQueueConfig::default()),
    }
    check(section, checking) {
        if section.timeout.is_negative() {
            checking.error_at("timeout", "'timeout' must be non-negative");
        }
    }
}

/// The type `otlp_grpc` among exporters.
pub struct OtlpGrpcExporter {
    channel: GrpcChannel,
    method: &'static str,
}

impl ExporterType for OtlpGrpcExporter {
    const TYPE: &'static str = "otlp_grpc";
    const ALIASES: &'static [&'static str] = &["otlp"];
    const SIGNALS: &'static [(Signal, Stability)] = &[
        (Signal::Traces, Stability::Stable),
        (Signal::Metrics, Stability::Stable),
        (Signal::Logs, Stability::Stable),
    ];
    type Config = OtlpGrpcExporterConfig;

    fn create(config: Arc<OtlpGrpcExporterConfig>, settings: Settings) -> Result<Consuming, BuildError> {
        let signal = settings.signal.unwrap_or(Signal::Traces);
        let exporter =
            Self { channel: GrpcChannel::new(&config.client, &settings.workers)?, method: method_of(signal) };
        let options = ExporterOptions {
            timeout: config.timeout,
            retry: Some(config.retry_on_failure.clone()),
            queue: config.sending_queue.clone(),
        };
        build_exporter(&settings, options, exporter)
    }
}

const fn method_of(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    }
}

impl OtlpGrpcExporter {
    async fn export(&self, batch: Batch) -> Result<ExportResponse, Refusal> {
        let length = batch.bytes();
        let response = self.channel.call(self.method, batch.into_parts(), length).await;
        let response = response.map_err(|status| refusal_of(&status))?;
        // The status says that the request was taken; sending it again for a garbled answer would double it.
        Ok(ExportResponse::decode(&response).unwrap_or_default())
    }
}

fn refusal_of(status: &Status) -> Refusal {
    let delay = if status.code() == Code::Ok { None } else { retry_delay_of(status) };
    refusal_of_rpc_status(status.code(), status.message(), delay)
}

impl Sender for OtlpGrpcExporter {
    fn send(&self, batch: Batch) -> BoxFuture<'_, Result<ExportResponse, Refusal>> {
        Box::pin(self.export(batch))
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.channel.task_scope().join(deadline).await;
        })
    }
}
