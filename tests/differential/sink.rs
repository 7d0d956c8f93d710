//! The back end behind both collectors: it keeps every request it gets, by the path prefix it came under.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::otlp::canonical::from_protobuf;
use crate::otlp::compare::Signal;

/// Listens until dropped.
pub struct Sink {
    pub address: SocketAddr,
    taken: Arc<Mutex<Taken>>,
    listener: AbortHandle,
}

/// The requests of each prefix in the order of their arrival.
type Taken = BTreeMap<String, Vec<(Signal, Bytes)>>;

impl Sink {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let taken = Arc::<Mutex<Taken>>::default();
        let listener = tokio::spawn(serve(listener, taken.clone())).abort_handle();
        Self { address, taken, listener }
    }

    /// How many requests came under a prefix.
    pub fn count(&self, prefix: &str) -> usize {
        self.taken.lock().unwrap().get(prefix).map_or(0, Vec::len)
    }

    /// What came under a prefix, read by the tests' own reader of OTLP.
    pub fn requests(&self, prefix: &str) -> Vec<(Signal, Value)> {
        let taken = self.taken.lock().unwrap();
        let of_prefix = taken.get(prefix).into_iter().flatten();
        of_prefix.map(|(signal, body)| (*signal, from_protobuf(body, signal.request()).unwrap())).collect()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn serve(listener: TcpListener, taken: Arc<Mutex<Taken>>) {
    loop {
        let (connection, _) = listener.accept().await.unwrap();
        let taken = taken.clone();
        let answer = service_fn(move |request| keep(request, taken.clone()));
        tokio::spawn(
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(connection), answer),
        );
    }
}

async fn keep(
    request: Request<Incoming>,
    taken: Arc<Mutex<Taken>>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let (prefix, signal) = path.trim_start_matches('/').split_once("/v1/").expect("the path of an export");
    let signal = match signal {
        "traces" => Signal::Traces,
        "metrics" => Signal::Metrics,
        "logs" => Signal::Logs,
        other => panic!("a collector asked for {other}"),
    };
    // A collector that is stopped may break off in mid request, which it then does not count as sent.
    if let Ok(body) = request.into_body().collect().await {
        taken.lock().unwrap().entry(prefix.to_owned()).or_default().push((signal, body.to_bytes()));
    }
    let mut answer = Response::new(Empty::new());
    answer.headers_mut().insert("content-type", "application/x-protobuf".parse().expect("a header value"));
    Ok(answer)
}
