//! The floor over OTLP/HTTP: hyper's HTTP/1.1 server and client.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};

use super::{Export, FloorArguments, Merger};
use crate::Outcome;
use crate::case::{Compression, Signal};
use crate::message_body::MessageBody;

const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");

/// Serves OTLP/HTTP until the task is dropped.
pub async fn serve(listener: TcpListener, arguments: &FloorArguments) -> Outcome<()> {
    let exporter = HttpExporter {
        to: arguments.to,
        gzip: arguments.compression == Compression::Gzip,
        idle: Arc::default(),
    };
    let merger = Merger::start(exporter, arguments);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let merger = merger.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, merger.clone()));
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    merger: Arc<Merger<HttpExporter>>,
) -> Outcome<Response<MessageBody>> {
    let signal = Signal::of_path(request.uri().path());
    let gzip = request.headers().contains_key(CONTENT_ENCODING);
    let body = request.into_body().collect().await?.to_bytes();
    let mut response = Response::new(MessageBody::plain(Bytes::new()));
    response.headers_mut().insert(CONTENT_TYPE, PROTOBUF);
    let Some(signal) = signal else {
        *response.status_mut() = StatusCode::NOT_FOUND;
        return Ok(response);
    };
    let body = if gzip { decompress(&body)? } else { body };
    merger.take(signal, body).await;
    Ok(response)
}

fn decompress(body: &[u8]) -> Outcome<Bytes> {
    let mut plain = Vec::with_capacity(body.len() * 6);
    MultiGzDecoder::new(body).read_to_end(&mut plain)?;
    Ok(plain.into())
}

#[derive(Clone)]
struct HttpExporter {
    to: SocketAddr,
    gzip: bool,
    /// Connections not in use; there are never more than exports in flight.
    idle: Arc<Mutex<Vec<SendRequest<MessageBody>>>>,
}

impl Export for HttpExporter {
    async fn export(&self, signal: Signal, parts: Vec<Bytes>) -> Outcome<()> {
        let body = if self.gzip { compress(&parts)? } else { concatenate(parts) };
        let mut request = Request::new(MessageBody::plain(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = signal.http_path().parse()?;
        request.headers_mut().insert(CONTENT_TYPE, PROTOBUF);
        request.headers_mut().insert(HOST, HeaderValue::from_static("localhost"));
        if self.gzip {
            request.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let mut connection = self.connection().await?;
        let response = connection.send_request(request).await?;
        let status = response.status();
        response.into_body().collect().await?;
        if status != StatusCode::OK {
            return Err(format!("HTTP status {status}").into());
        }
        self.idle.lock().push(connection);
        Ok(())
    }
}

impl HttpExporter {
    async fn connection(&self) -> Outcome<SendRequest<MessageBody>> {
        let idle = self.idle.lock().pop();
        if let Some(mut connection) = idle {
            connection.ready().await?;
            return Ok(connection);
        }
        let stream = TcpStream::connect(self.to).await?;
        stream.set_nodelay(true)?;
        let (connection, driver) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driver);
        Ok(connection)
    }
}

/// The parts one after the other, which is their merge; a single one is not copied.
fn concatenate(mut parts: Vec<Bytes>) -> Bytes {
    if parts.len() == 1 {
        return parts.pop().unwrap_or_default();
    }
    let mut merged = BytesMut::with_capacity(parts.iter().map(Bytes::len).sum());
    for part in parts {
        merged.extend_from_slice(&part);
    }
    merged.freeze()
}

fn compress(parts: &[Bytes]) -> Outcome<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    for part in parts {
        encoder.write_all(part)?;
    }
    Ok(encoder.finish()?.into())
}
