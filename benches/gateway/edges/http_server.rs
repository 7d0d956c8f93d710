//! A server of the bench's own with one answer for every request, on a thread of its own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt as _;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::message_body::MessageBody;
use crate::{Outcome, one_thread_runtime};

/// Answers over HTTP/1.1 until dropped.
pub struct HttpServer {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl HttpServer {
    /// Listens on a free loopback port; `answer` gets the bodies of requests.
    pub fn start(
        name: &str,
        answer: impl Fn(Bytes) -> Response<MessageBody> + Send + Sync + 'static,
    ) -> Outcome<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = one_thread_runtime(name)?;
        let answer = Arc::new(answer);
        runtime.spawn(async move {
            let Ok(listener) = TcpListener::from_std(listener) else { return };
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let answer = answer.clone();
                let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    let answer = answer.clone();
                    async move {
                        // What a broken connection carried is not there.
                        let body = request.into_body().collect().await;
                        let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
                        Ok::<_, Infallible>(answer(body))
                    }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Ok(Self { address, runtime: Some(runtime) })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
