//! Clients that send spans one request after the other until the process under test refuses them or is gone.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};

use crate::send::spans;

pub const SPANS_PER_REQUEST: usize = 10;
const CLIENTS: usize = 4;
/// A bound for the load, far above what passes before it ends.
const MOST_REQUESTS_PER_CLIENT: usize = 100_000;

/// The clients while they send.
pub struct Load {
    clients: JoinSet<BTreeSet<String>>,
    progress: Arc<Progress>,
}

struct Progress {
    answered_ok: AtomicUsize,
    /// It is under way once this many requests were answered OK.
    wanted: usize,
    under_way: Notify,
}

impl Load {
    /// Begins to send spans whose names start with `name`. The load is under way once `wanted` requests were
    /// answered OK.
    pub async fn start(name: &str, address: SocketAddr, wanted: usize) -> Self {
        let progress = Progress { answered_ok: AtomicUsize::new(0), wanted, under_way: Notify::new() };
        let progress = Arc::new(progress);
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let channel = connect(address).await;
            clients.spawn(send_until_refused(channel, format!("{name}-{client}"), Arc::clone(&progress)));
        }
        Self { clients, progress }
    }

    pub async fn wait_until_under_way(&self) {
        self.progress.under_way.notified().await;
    }

    /// The names of the spans in requests that were answered OK.
    pub async fn end(self) -> BTreeSet<String> {
        self.clients.join_all().await.into_iter().flatten().collect()
    }
}

async fn send_until_refused(channel: Channel, client: String, progress: Arc<Progress>) -> BTreeSet<String> {
    let mut traces = TraceServiceClient::new(channel);
    let mut answered_ok = BTreeSet::new();
    for request in 0..MOST_REQUESTS_PER_CLIENT {
        let names: Vec<_> =
            (0..SPANS_PER_REQUEST).map(|number| format!("{client}-{request}-{number}")).collect();
        let request = spans(names.iter().cloned().map(span).collect());
        if traces.export(request).await.is_err() {
            return answered_ok;
        }
        answered_ok.extend(names);
        if progress.answered_ok.fetch_add(1, Ordering::Relaxed) + 1 == progress.wanted {
            progress.under_way.notify_one();
        }
    }
    panic!("nothing stops the load");
}

/// A span with this name, and ids that all spans share.
pub fn span(name: String) -> Span {
    Span { trace_id: vec![1; 16], span_id: vec![2; 8], name, ..Span::default() }
}

pub async fn connect(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap()
}
