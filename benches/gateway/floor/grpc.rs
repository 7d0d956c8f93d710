//! The floor over gRPC: tonic's server and channel with a codec that hands bytes through.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf as _, BufMut as _, Bytes};
use http::uri::PathAndQuery;
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::Service as TowerService;
use tonic::server::{NamedService, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};

use super::{Export, FloorArguments, Merger};
use crate::Outcome;
use crate::case::{Compression, Signal};

/// A merged batch of 8,192 spans has some 4 MB, which is tonic's default limit.
const LARGEST_MESSAGE: usize = 64 << 20;

/// Serves the three OTLP services until the task is dropped.
pub async fn serve(listener: TcpListener, arguments: &FloorArguments) -> Outcome<()> {
    let channel = Endpoint::from_shared(format!("http://{}", arguments.to))?.tcp_nodelay(true).connect_lazy();
    let gzip = arguments.compression == Compression::Gzip;
    let merger = Merger::start(GrpcExporter { channel, gzip }, arguments);
    Server::builder()
        .add_service(Service::<Traces>::new(merger.clone(), gzip))
        .add_service(Service::<Metrics>::new(merger.clone(), gzip))
        .add_service(Service::<Logs>::new(merger, gzip))
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await?;
    Ok(())
}

#[derive(Clone)]
struct GrpcExporter {
    channel: Channel,
    gzip: bool,
}

impl Export for GrpcExporter {
    async fn export(&self, signal: Signal, parts: Vec<Bytes>) -> Outcome<()> {
        let mut client = tonic::client::Grpc::new(self.channel.clone());
        if self.gzip {
            client = client.send_compressed(CompressionEncoding::Gzip);
        }
        client.ready().await?;
        let path = PathAndQuery::from_static(signal.grpc_path());
        client.unary(Request::new(parts), path, BytesCodec).await?;
        Ok(())
    }
}

/// tonic wants a type for each service name.
trait OtlpService: Send + Sync + 'static {
    const NAME: &'static str;
    const SIGNAL: Signal;
}

struct Traces;
struct Metrics;
struct Logs;

impl OtlpService for Traces {
    const NAME: &'static str = "opentelemetry.proto.collector.trace.v1.TraceService";
    const SIGNAL: Signal = Signal::Traces;
}

impl OtlpService for Metrics {
    const NAME: &'static str = "opentelemetry.proto.collector.metrics.v1.MetricsService";
    const SIGNAL: Signal = Signal::Metrics;
}

impl OtlpService for Logs {
    const NAME: &'static str = "opentelemetry.proto.collector.logs.v1.LogsService";
    const SIGNAL: Signal = Signal::Logs;
}

struct Service<S> {
    merger: Arc<Merger<GrpcExporter>>,
    gzip: bool,
    service: PhantomData<S>,
}

impl<S> Service<S> {
    const fn new(merger: Arc<Merger<GrpcExporter>>, gzip: bool) -> Self {
        Self { merger, gzip, service: PhantomData }
    }
}

impl<S> Clone for Service<S> {
    fn clone(&self) -> Self {
        Self::new(self.merger.clone(), self.gzip)
    }
}

impl<S: OtlpService> NamedService for Service<S> {
    const NAME: &'static str = S::NAME;
}

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl<S: OtlpService> TowerService<http::Request<Body>> for Service<S> {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Boxed<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let method = Method { merger: self.merger.clone(), signal: S::SIGNAL };
        let mut grpc = tonic::server::Grpc::new(BytesCodec).max_decoding_message_size(LARGEST_MESSAGE);
        if self.gzip {
            grpc = grpc.accept_compressed(CompressionEncoding::Gzip);
        }
        Box::pin(async move { Ok(grpc.unary(method, request).await) })
    }
}

struct Method {
    merger: Arc<Merger<GrpcExporter>>,
    signal: Signal,
}

impl UnaryService<Bytes> for Method {
    type Response = Vec<Bytes>;
    type Future = Boxed<Result<Response<Vec<Bytes>>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let (merger, signal) = (self.merger.clone(), self.signal);
        Box::pin(async move {
            merger.take(signal, request.into_inner()).await;
            Ok(Response::new(Vec::new()))
        })
    }
}

/// Bytes as the message: no copy in, and out one copy of the parts, one after the other, into tonic's buffer.
#[derive(Clone, Copy)]
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Vec<Bytes>;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for BytesCodec {
    type Item = Vec<Bytes>;
    type Error = Status;

    fn encode(&mut self, parts: Vec<Bytes>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.reserve(parts.iter().map(Bytes::len).sum());
        for part in parts {
            buffer.put(part);
        }
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
