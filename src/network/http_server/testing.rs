//! A server for tests of clients: it keeps what it is sent and answers as told.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::Full;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{HttpHandler, HttpRequest, HttpResponse, HttpServer, HttpServerConfig};
use crate::pipeline::tasks::Joined;
use crate::pipeline::{BoxFuture, TaskScope, Workers};

/// The server, listening on a port of its own.
pub(crate) struct RecordingServer {
    /// `127.0.0.1:port`.
    pub(crate) address: String,
    recorder: Arc<Recorder>,
    scope: TaskScope,
}

#[derive(Default)]
struct Recorder {
    requests: Mutex<Vec<(Parts, Bytes)>>,
    responses: Mutex<VecDeque<HttpResponse>>,
}

/// A section that listens on a port of the system's choice.
pub(crate) fn loopback() -> HttpServerConfig {
    HttpServerConfig { endpoint: "127.0.0.1:0".to_owned(), ..HttpServerConfig::default() }
}

/// A response with header fields and a body.
pub(crate) fn response(status: u16, headers: &[(&'static str, &str)], body: &[u8]) -> HttpResponse {
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(body)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}

impl RecordingServer {
    pub(crate) async fn start(config: HttpServerConfig) -> Self {
        let recorder = Arc::new(Recorder::default());
        let scope = TaskScope::new(Workers::of_current_runtime());
        let handler = Arc::<Recorder>::clone(&recorder);
        let server = HttpServer::new(&config, handler).unwrap();
        let address = server.start(&scope).await.unwrap();
        Self { address, recorder, scope }
    }

    /// Answers one request so, after those it was told before; else 200 without a body.
    pub(crate) fn answer_next(&self, response: HttpResponse) {
        self.recorder.responses.lock().push_back(response);
    }

    /// What came, in order, with bodies decompressed.
    pub(crate) fn requests(&self) -> Vec<(Parts, Bytes)> {
        self.recorder.requests.lock().clone()
    }

    pub(crate) async fn stop(&self) -> Joined {
        self.scope.join(Instant::now() + Duration::from_secs(5)).await
    }
}

impl HttpHandler for Recorder {
    fn handle(&self, request: HttpRequest) -> BoxFuture<'_, HttpResponse> {
        Box::pin(async move {
            let HttpRequest { head, body, .. } = request;
            match body.read(&head.headers).await {
                Ok(body) => self.requests.lock().push((head, body)),
                Err(error) => return super::plain_text(StatusCode::BAD_REQUEST, error.to_string()),
            }
            let response = self.responses.lock().pop_front();
            response.unwrap_or_else(|| Response::new(Full::default()))
        })
    }
}
