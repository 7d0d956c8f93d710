//! Receiver `otlp`: OTLP over gRPC and over HTTP, all signals on the same ports.

mod counting;
mod delivery;
mod grpc;
mod http;

use std::sync::Arc;

use tokio::time::Instant;

pub use counting::ReceiverCounters;
pub use delivery::deliver;
pub use http::OtlpHttpConfig;

use self::http::OtlpHttpServer;
use crate::config::Optional;
use crate::config_section;
use crate::network::Listener;
use crate::network::grpc::{GrpcServer, GrpcServerConfig};
use crate::otlp::Signal;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Host, Outputs, ReceiverType, Settings, Stability, StartError, TaskScope,
};

config_section! {
    /// Takes OTLP over gRPC and over HTTP (protobuf and JSON).
    pub struct OtlpReceiverConfig {
        /// Which protocols are served; at least one.
        pub protocols: OtlpProtocols = OtlpProtocols::default(),
    }
    check(section, checking) {
        if !section.protocols.grpc.is_on() && !section.protocols.http.is_on() {
            checking.error_at("protocols", "must specify at least one protocol when using the OTLP receiver");
        }
    }
}

config_section! {
    /// The protocols of OTLP.
    pub struct OtlpProtocols {
        /// OTLP over gRPC.
        pub grpc: Optional<GrpcServerConfig> = Optional::off(GrpcServerConfig::default()),
        /// OTLP over HTTP.
        pub http: Optional<OtlpHttpConfig> = Optional::off(OtlpHttpConfig::default()),
    }
}

/// The type `otlp` among receivers.
pub struct OtlpReceiver {
    config: Arc<OtlpReceiverConfig>,
    settings: Settings,
    outputs: Outputs,
    scope: TaskScope,
    grpc_tls: Option<Arc<rustls::ServerConfig>>,
    http: Option<OtlpHttpServer>,
}

impl ReceiverType for OtlpReceiver {
    const TYPE: &'static str = "otlp";
    const SIGNALS: &'static [(Signal, Stability)] = &[
        (Signal::Traces, Stability::Stable),
        (Signal::Metrics, Stability::Stable),
        (Signal::Logs, Stability::Stable),
    ];
    type Config = OtlpReceiverConfig;

    fn create(
        config: Arc<OtlpReceiverConfig>,
        settings: Settings,
        outputs: Outputs,
    ) -> Result<Box<dyn Component>, BuildError> {
        let scope = TaskScope::new(settings.workers.clone());
        let grpc_tls = match config.protocols.grpc.get() {
            Some(grpc) => {
                grpc.check_extensions()?;
                grpc.tls.get().map(|tls| tls.server_config(&[b"h2"])).transpose()?
            }
            None => None,
        };
        let http = config.protocols.http.get();
        let http = http.map(|config| OtlpHttpServer::new(config, &settings, &outputs, &scope)).transpose()?;
        Ok(Box::new(Self { config, settings, outputs, scope, grpc_tls, http }))
    }
}

impl OtlpReceiver {
    async fn start_grpc(&self, config: &GrpcServerConfig) -> Result<(), StartError> {
        let service = grpc::OtlpService::new(&self.settings, &self.outputs, config, self.scope.clone());
        let listener = Listener::bind(&config.transport, &config.endpoint).await?;
        tracing::info!(endpoint = listener.address(), "Starting GRPC server");
        listener.serve(
            &self.scope,
            self.grpc_tls.clone(),
            Arc::new(GrpcServer::new(Arc::new(service), config)),
        );
        Ok(())
    }
}

impl Component for OtlpReceiver {
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async move {
            if let Some(config) = self.config.protocols.grpc.get() {
                self.start_grpc(config).await?;
            }
            let Some(http) = &self.http else { return Ok(()) };
            let started = http.start(&self.scope).await;
            if started.is_err() {
                self.scope.join(Instant::now()).await;
            }
            started
        })
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.scope.join(deadline).await;
        })
    }
}
