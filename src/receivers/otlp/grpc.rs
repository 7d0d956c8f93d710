//! The gRPC half of the receiver: the three `Export` methods over bytes.

use std::sync::Arc;

use bytes::Bytes;
use tonic::Status;

use super::ReceiverCounters;
use super::delivery::deliver;
use crate::network::grpc::{GrpcServerConfig, Route, UnaryRequest, UnaryService};
use crate::otlp::{Batch, Signal};
use crate::pipeline::{BoxFuture, Outputs, Settings, TaskScope};

/// The services `TraceService`, `MetricsService` and `LogsService`.
pub struct OtlpService {
    outputs: Outputs,
    counters: ReceiverCounters,
    include_metadata: bool,
    in_flight: crate::pipeline::InFlightBytes,
    scope: TaskScope,
}

/// The service and the method of each signal, in the order of [`Signal::ALL`].
const SERVICES: [&str; 3] = [
    "opentelemetry.proto.collector.trace.v1.TraceService",
    "opentelemetry.proto.collector.metrics.v1.MetricsService",
    "opentelemetry.proto.collector.logs.v1.LogsService",
];

impl OtlpService {
    /// The service of the receiver `settings` belong to.
    pub fn new(settings: &Settings, outputs: &Outputs, config: &GrpcServerConfig, scope: TaskScope) -> Self {
        Self {
            outputs: outputs.clone(),
            counters: ReceiverCounters::new(settings, "grpc"),
            include_metadata: config.include_metadata,
            in_flight: settings.in_flight.clone(),
            scope,
        }
    }

    async fn export(&self, request: UnaryRequest) -> Result<Bytes, Status> {
        let signal = Signal::ALL.get(request.route).copied();
        let Some((signal, consumer)) = signal.and_then(|signal| Some((signal, self.outputs.of(signal)?)))
        else {
            return Err(Status::unimplemented("unknown service"));
        };
        let body = self.in_flight.track(request.message);
        let batch = Batch::from_untrusted_part(signal, body).map_err(|error| {
            Status::invalid_argument(format!("grpc: error unmarshalling request: {error}"))
        })?;
        if batch.is_empty() {
            return Ok(Bytes::new());
        }
        let client = self.include_metadata.then(|| Arc::new(request.peer.client_info(&request.headers)));
        deliver(consumer, batch.with_client(client), &self.scope, &self.counters)
            .await
            .map_err(|refusal| refusal.to_status())?;
        // An empty Export*ServiceResponse: everything was taken.
        Ok(Bytes::new())
    }
}

impl UnaryService for OtlpService {
    fn route(&self, path: &str) -> Result<Route, Status> {
        let (service, method) =
            path.strip_prefix('/').and_then(|path| path.rsplit_once('/')).unwrap_or((path, ""));
        let index = SERVICES.iter().position(|known| *known == service);
        let served =
            |index: &usize| Signal::ALL.get(*index).is_some_and(|signal| self.outputs.of(*signal).is_some());
        let Some(index) = index.filter(served) else {
            return Err(Status::unimplemented(format!("unknown service {service}")));
        };
        if method != "Export" {
            return Err(Status::unimplemented(format!("unknown method {method} for service {service}")));
        }
        Ok(index)
    }

    fn call(&self, request: UnaryRequest) -> BoxFuture<'_, Result<Bytes, Status>> {
        Box::pin(self.export(request))
    }
}
