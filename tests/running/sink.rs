//! A back end in the test's own process: it counts the spans it takes, or does not answer at all.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tonic::codec::CompressionEncoding;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// What the back end does with a request.
#[derive(Clone, Copy, PartialEq)]
pub enum Behaviour {
    /// Takes it, after a while in which others pile up in front of it.
    Takes,
    /// Never answers.
    Stalls,
}

/// A listening back end; it goes with the test's runtime.
pub struct Sink {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    behaviour: Behaviour,
    /// How often each span came, by name.
    spans: Mutex<BTreeMap<String, usize>>,
    called: Notify,
}

impl Sink {
    pub async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { behaviour, spans: Mutex::default(), called: Notify::new() });
        let service =
            TraceServiceServer::new(Service(shared.clone())).accept_compressed(CompressionEncoding::Gzip);
        let server = Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
        Self { address, shared }
    }

    /// How often each span came, by name.
    pub fn spans(&self) -> BTreeMap<String, usize> {
        self.shared.spans.lock().unwrap().clone()
    }

    /// Waits until a request has come.
    pub async fn wait_for_a_request(&self) {
        self.shared.called.notified().await;
    }
}

struct Service(Arc<Shared>);

#[tonic::async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.called.notify_one();
        if self.0.behaviour == Behaviour::Stalls {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        let scopes =
            request.into_inner().resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        let mut spans = self.0.spans.lock().unwrap();
        for span in scopes.flat_map(|scope| scope.spans) {
            *spans.entry(span.name).or_default() += 1;
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
