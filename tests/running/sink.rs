//! A back end in the test's own process that counts the spans it takes, and answers nothing until it is told to.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tonic::codec::CompressionEncoding;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// A listening back end; it goes with the test's runtime.
pub struct Sink {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    released: Semaphore,
    /// How often each span was taken, by name.
    spans: Mutex<BTreeMap<String, usize>>,
    requests: AtomicUsize,
    called: Notify,
}

impl Sink {
    pub async fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    pub async fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            released: Semaphore::new(0),
            spans: Mutex::default(),
            requests: AtomicUsize::new(0),
            called: Notify::new(),
        });
        let service =
            TraceServiceServer::new(Service(shared.clone())).accept_compressed(CompressionEncoding::Gzip);
        let server = Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
        Self { address, shared }
    }

    /// Lets the requests that have come be answered, and those to come.
    pub fn release(&self) {
        self.shared.released.add_permits(Semaphore::MAX_PERMITS);
    }

    /// How often each span was taken, by name.
    pub fn spans(&self) -> BTreeMap<String, usize> {
        self.shared.spans.lock().unwrap().clone()
    }

    /// How many requests came, also those that were not answered.
    pub fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::Relaxed)
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
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        self.0.called.notify_one();
        let _released = self.0.released.acquire().await.unwrap();
        let scopes =
            request.into_inner().resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        let mut spans = self.0.spans.lock().unwrap();
        for span in scopes.flat_map(|scope| scope.spans) {
            *spans.entry(span.name).or_default() += 1;
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
