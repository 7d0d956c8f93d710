//! How connections of the client are opened: TCP, through a proxy where there is one, under TLS where the
//! URL says `https`.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection as Connects};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, TlsStream};
use tower_service::Service;

use super::super::Connection;
use super::super::tls::ClientTlsConfig;
use super::proxy::Proxies;
use crate::pipeline::BoxFuture;

/// Opens connections. Cloning shares it.
#[derive(Clone)]
pub(super) struct Connector {
    shared: Arc<Shared>,
}

struct Shared {
    tls: TlsConnector,
    tls_section: ClientTlsConfig,
    proxies: Proxies,
}

impl Connector {
    pub(super) fn new(
        tls: Arc<rustls::ClientConfig>,
        tls_section: ClientTlsConfig,
        proxies: Proxies,
    ) -> Self {
        Self { shared: Arc::new(Shared { tls: TlsConnector::from(tls), tls_section, proxies }) }
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<ClientConnection>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { shared.connect(destination).await.map(TokioIo::new) })
    }
}

impl Shared {
    async fn connect(&self, destination: Uri) -> io::Result<ClientConnection> {
        let proxy = self.proxies.of(&destination);
        if destination.scheme_str() != Some("https") {
            let is_proxied = proxy.is_some();
            let first_hop = proxy.map_or(destination, |proxy| proxy.uri().clone());
            let connection = Connection::Tcp(connect_tcp(&first_hop).await?);
            return Ok(ClientConnection { connection, is_proxied });
        }
        let stream = match proxy {
            None => connect_tcp(&destination).await?,
            Some(proxy) => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), TcpConnector);
                if let Some(auth) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(auth.clone());
                }
                tunnel.call(destination.clone()).await.map_err(io::Error::other)?.into_inner()
            }
        };
        let host = destination.host().unwrap_or_default();
        let name = self.tls_section.server_name(host).map_err(io::Error::other)?;
        let stream = self.tls.connect(name, Connection::Tcp(stream)).await?;
        let connection = Connection::Tls(Box::new(TlsStream::Client(stream)));
        Ok(ClientConnection { connection, is_proxied: false })
    }
}

/// Opens the connection to a proxy.
#[derive(Clone)]
struct TcpConnector;

impl Service<Uri> for TcpConnector {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        Box::pin(async move { connect_tcp(&destination).await.map(TokioIo::new) })
    }
}

async fn connect_tcp(destination: &Uri) -> io::Result<TcpStream> {
    let host = destination.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let port = destination.port_u16().unwrap_or_else(|| default_port(destination));
    let connected = TcpStream::connect((host, port)).await;
    let stream = connected
        .map_err(|error| io::Error::new(error.kind(), format!("dial tcp {host}:{port}: connect: {error}")))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn default_port(destination: &Uri) -> u16 {
    if destination.scheme_str() == Some("https") { 443 } else { 80 }
}

/// A connection of the client's pool.
#[derive(Debug)]
pub(super) struct ClientConnection {
    connection: Connection,
    /// A proxy at the other end wants whole URLs.
    is_proxied: bool,
}

impl Connects for ClientConnection {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.is_proxied);
        match &self.connection {
            Connection::Tls(stream) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
                connected.negotiated_h2()
            }
            _ => connected,
        }
    }
}

impl AsyncRead for ClientConnection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection).poll_read(context, buffer)
    }
}

impl AsyncWrite for ClientConnection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().connection).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().connection).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection).poll_shutdown(context)
    }
}
