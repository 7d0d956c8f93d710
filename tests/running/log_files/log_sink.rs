//! A back end in the test's own process that counts the log records it takes, by their text.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{LogsService, LogsServiceServer};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use tokio::net::TcpListener;
use tonic::codec::CompressionEncoding;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// A listening back end; it goes with the test's runtime.
#[derive(Clone)]
pub struct LogSink {
    pub address: SocketAddr,
    lines: Arc<Mutex<BTreeMap<String, usize>>>,
}

/// How often a number is looked at; 100 times a second, so for half a minute.
const LOOKS: usize = 3000;

impl LogSink {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sink = Self { address, lines: Arc::default() };
        let service = LogsServiceServer::new(sink.clone()).accept_compressed(CompressionEncoding::Gzip);
        let server = Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
        sink
    }

    /// How often each line arrived.
    pub fn lines(&self) -> BTreeMap<String, usize> {
        self.lines.lock().unwrap().clone()
    }

    /// Whether a line arrived.
    pub fn has(&self, line: &str) -> bool {
        self.lines.lock().unwrap().contains_key(line)
    }

    /// Waits until so many other lines have arrived, or no more come.
    pub async fn wait_for_more(&self, lines: usize) {
        let before = self.lines.lock().unwrap().len();
        for _look in 0..LOOKS {
            if self.lines.lock().unwrap().len() >= before + lines {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no {lines} more lines arrive");
    }
}

#[tonic::async_trait]
impl LogsService for LogSink {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let scopes = request.into_inner().resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
        let mut lines = self.lines.lock().unwrap();
        for record in scopes.flat_map(|scope| scope.log_records) {
            let Some(Value::StringValue(text)) = record.body.and_then(|body| body.value) else {
                return Err(Status::invalid_argument("not text"));
            };
            *lines.entry(text).or_default() += 1;
        }
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}
