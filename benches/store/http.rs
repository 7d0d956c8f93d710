//! A client of HTTP/1.1 that sends one request after the other.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Outcome;

/// A connection to a server, and another one where the server closed it after its answer.
pub struct Client {
    to: SocketAddr,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// A client of the server at `to`.
    pub fn of(to: SocketAddr) -> Self {
        Self { to, sender: None }
    }

    /// Posts an OTLP request in protobuf.
    ///
    /// # Errors
    /// Nobody listens, or the connection broke.
    pub async fn post(&mut self, path: &str, body: Bytes) -> Outcome<(StatusCode, Bytes)> {
        let request = Request::post(path).header(CONTENT_TYPE, "application/x-protobuf");
        self.exchange(request.header(HOST, self.to.to_string()).body(Full::new(body))?).await
    }

    /// Asks for `path`.
    ///
    /// # Errors
    /// Nobody listens, or the connection broke.
    pub async fn get(&mut self, path: &str) -> Outcome<(StatusCode, Bytes)> {
        let request = Request::get(path).header(HOST, self.to.to_string()).body(Full::default())?;
        self.exchange(request).await
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Outcome<(StatusCode, Bytes)> {
        let mut sender = match self.sender.take() {
            Some(sender) => sender,
            None => connect(self.to).await?,
        };
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let stays_open = response.headers().get(CONNECTION).is_none_or(|value| value != "close");
        let body = response.into_body().collect().await?.to_bytes();
        self.sender = stays_open.then_some(sender);
        Ok((status, body))
    }
}

async fn connect(to: SocketAddr) -> Outcome<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let (sender, driver) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(driver);
    Ok(sender)
}
