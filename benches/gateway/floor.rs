//! The floor: the least a gateway can do. Bytes in, optionally merged to 8,192 items, bytes out, no look inside.
//!
//! OTLP/gRPC is a bare tonic server and client; OTLP/HTTP the same over hyper's HTTP/1.1. It validates nothing,
//! retries nothing and keeps no queue, and is told how many items a request holds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

use crate::Outcome;
use crate::case::{Compression, Pipeline, Protocol, Signal};

mod grpc;
mod http;

/// The batch processor's defaults, and the ten consumers of the Collector's sending queue.
const BATCH_ITEMS: usize = 8192;
const BATCH_TIMEOUT: Duration = Duration::from_millis(200);
const EXPORTS_IN_FLIGHT: usize = 10;
/// Bounds the life of a floor that lost its parent.
const LONGEST_LIFE: Duration = Duration::from_secs(900);

/// How the floor is started.
#[derive(Debug, Clone, Args)]
pub struct FloorArguments {
    #[arg(long)]
    listen: SocketAddr,
    #[arg(long)]
    to: SocketAddr,
    #[arg(long)]
    protocol: Protocol,
    #[arg(long)]
    compression: Compression,
    #[arg(long)]
    pipeline: Pipeline,
    /// Items in each request.
    #[arg(long)]
    size: usize,
}

/// Runs the floor until it is killed.
pub fn run(arguments: FloorArguments) -> Outcome<()> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(arguments.listen).await?;
        let serve = async {
            match arguments.protocol {
                Protocol::Grpc => grpc::serve(listener, &arguments).await,
                Protocol::Http => http::serve(listener, &arguments).await,
            }
        };
        tokio::time::timeout(LONGEST_LIFE, serve).await?
    })
}

/// What sends merged requests on; one implementation for each protocol.
trait Export: Clone + Send + Sync + 'static {
    fn export(&self, signal: Signal, parts: Vec<Bytes>) -> impl Future<Output = Outcome<()>> + Send;
}

/// The middle of the floor: hands each request on, alone or merged.
struct Merger<E> {
    exporter: E,
    pipeline: Pipeline,
    items_per_request: usize,
    pending: [Mutex<Pending>; 3],
    exports: Arc<Semaphore>,
}

#[derive(Default)]
struct Pending {
    /// When the first part came.
    since: Option<Instant>,
    parts: Vec<Bytes>,
    items: usize,
}

impl<E: Export> Merger<E> {
    fn start(exporter: E, arguments: &FloorArguments) -> Arc<Self> {
        let merger = Arc::new(Self {
            exporter,
            pipeline: arguments.pipeline,
            items_per_request: arguments.size,
            pending: Default::default(),
            exports: Arc::new(Semaphore::new(EXPORTS_IN_FLIGHT)),
        });
        let flusher = merger.clone();
        tokio::spawn(async move {
            loop {
                let next = flusher.flush_old().await;
                sleep_until(next).await;
            }
        });
        merger
    }

    /// Takes one request; waits while ten exports are under way.
    async fn take(&self, signal: Signal, body: Bytes) {
        let full = {
            let Some(pending) = self.pending.get(signal as usize) else { return };
            let mut pending = pending.lock();
            pending.since.get_or_insert_with(Instant::now);
            pending.items += self.items_per_request;
            pending.parts.push(body);
            if self.pipeline == Pipeline::Batch && pending.items < BATCH_ITEMS {
                return;
            }
            std::mem::take(&mut *pending)
        };
        self.send(signal, full).await;
    }

    /// Sends what has waited long enough; returns when to look again.
    async fn flush_old(&self) -> Instant {
        let mut next = Instant::now() + BATCH_TIMEOUT;
        for (signal, pending) in Signal::ALL.into_iter().zip(&self.pending) {
            let old = {
                let mut pending = pending.lock();
                let due = pending.since.map(|since| since + BATCH_TIMEOUT);
                if due.is_none_or(|due| due > Instant::now()) {
                    next = next.min(due.unwrap_or(next));
                    continue;
                }
                std::mem::take(&mut *pending)
            };
            self.send(signal, old).await;
        }
        next
    }

    async fn send(&self, signal: Signal, batch: Pending) {
        if batch.parts.is_empty() {
            return;
        }
        let Ok(permit) = self.exports.clone().acquire_owned().await else { return };
        let exporter = self.exporter.clone();
        tokio::spawn(async move {
            if let Err(error) = exporter.export(signal, batch.parts).await {
                eprintln!("an export failed: {error}");
            }
            drop(permit);
        });
    }
}
