//! Listening sockets: bind, accept, shake hands under TLS, and deal the connections out to the workers.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_rustls::{TlsAcceptor, TlsStream, rustls};
use tokio_util::sync::CancellationToken;

use super::{Connection, Peer};
use crate::pipeline::{BoxFuture, StartError, TaskScope};

/// What is done with each connection.
pub trait ConnectionHandler: Send + Sync + 'static {
    /// Serves one connection to its end. When `stopping` is cancelled requests under way are finished
    /// and the connection is closed.
    fn serve<'a>(
        &'a self,
        connection: Connection,
        peer: Peer,
        stopping: &'a CancellationToken,
    ) -> BoxFuture<'a, ()>;
}

/// A bound socket that does not accept yet.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    address: String,
}

#[derive(Debug)]
enum Socket {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener, PathBuf),
}

/// An accepted connection, detached from the accepting thread's reactor.
enum Accepted {
    Tcp(std::net::TcpStream, SocketAddr),
    Unix(std::os::unix::net::UnixStream),
}

/// Connections the kernel holds ready while we are busy accepting others.
const BACKLOG: i32 = 1024;

/// A client that does not finish its TLS handshake within this is closed.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// After an accept error that is not the client's (out of file descriptors) nothing is accepted for this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

impl Listener {
    /// Binds `endpoint` (`host:port`, `:port`, or a path where `transport` is `unix`). The error is the
    /// sentence Go's net package has for it.
    pub async fn bind(transport: &str, endpoint: &str) -> Result<Self, StartError> {
        let failed =
            |error: io::Error| StartError(format!("listen {transport} {endpoint}: {}", go_words(&error)));
        if transport == "unix" {
            return bind_unix(endpoint).map_err(failed);
        }
        let addresses = resolve(transport, endpoint).await.map_err(failed)?;
        let mut last_error = io::Error::new(io::ErrorKind::AddrNotAvailable, "no such host");
        for address in addresses {
            match bind_tcp(address) {
                Ok(socket) => {
                    let address = socket.local_addr().map_err(failed)?.to_string();
                    return Ok(Self { socket: Socket::Tcp(socket), address });
                }
                Err(error) => last_error = error,
            }
        }
        Err(failed(last_error))
    }

    /// The address bound, with the port the system chose where 0 was asked for.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Accepts until `scope` stops. Each connection is served on the worker whose turn it is.
    pub fn serve(
        self,
        scope: &TaskScope,
        tls: Option<Arc<rustls::ServerConfig>>,
        handler: Arc<dyn ConnectionHandler>,
    ) {
        let accepting = scope.clone();
        let acceptor = tls.map(TlsAcceptor::from);
        scope.spawn_on(0, async move {
            let stopping = accepting.stopping().clone();
            tokio::select! {
                biased;
                () = stopping.cancelled() => {}
                result = accept_all(self.socket, &accepting, acceptor, handler) => {
                    if let Err(error) = result {
                        tracing::error!(address = self.address, %error, "Listening ended.");
                    }
                }
            }
        });
    }
}

async fn accept_all(
    socket: Socket,
    scope: &TaskScope,
    acceptor: Option<TlsAcceptor>,
    handler: Arc<dyn ConnectionHandler>,
) -> io::Result<()> {
    let accept = Accept::from_std(socket)?;
    loop {
        let accepted = match accept.next().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "A connection could not be accepted.");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let acceptor = acceptor.clone();
        let handler = Arc::clone(&handler);
        let stopping = scope.stopping().clone();
        scope.spawn(async move {
            match establish(accepted, acceptor).await {
                Ok((connection, peer)) => handler.serve(connection, peer, &stopping).await,
                Err(error) => tracing::warn!(%error, "A connection could not be established."),
            }
        });
    }
}

/// A listening socket on the accepting thread's reactor. Unlinks a unix socket's path at its end.
enum Accept {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

impl Accept {
    fn from_std(socket: Socket) -> io::Result<Self> {
        match socket {
            Socket::Tcp(socket) => Ok(Self::Tcp(TcpListener::from_std(socket)?)),
            Socket::Unix(socket, path) => Ok(Self::Unix(UnixListener::from_std(socket)?, path)),
        }
    }

    async fn next(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok(Accepted::Tcp(stream.into_std()?, address))
            }
            Self::Unix(listener, _) => Ok(Accepted::Unix(listener.accept().await?.0.into_std()?)),
        }
    }
}

impl Drop for Accept {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            // The path may have been removed by hand; there is nothing else to clean up.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Brings an accepted connection onto this worker's reactor and through its TLS handshake.
async fn establish(accepted: Accepted, acceptor: Option<TlsAcceptor>) -> io::Result<(Connection, Peer)> {
    let (plain, address) = match accepted {
        Accepted::Tcp(stream, address) => {
            stream.set_nodelay(true)?;
            (Connection::Tcp(TcpStream::from_std(stream)?), Some(address))
        }
        Accepted::Unix(stream) => (Connection::Unix(UnixStream::from_std(stream)?), None),
    };
    let Some(acceptor) = acceptor else {
        return Ok((plain, Peer { address, negotiated_protocol: None }));
    };
    let stream = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(plain)).await??;
    let negotiated_protocol = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    Ok((Connection::Tls(Box::new(TlsStream::Server(stream))), Peer { address, negotiated_protocol }))
}

/// The addresses of `host:port`, IPv4 first as Go has them; every address where the host is left out.
async fn resolve(transport: &str, endpoint: &str) -> io::Result<Vec<SocketAddr>> {
    if let Some(port) = endpoint.strip_prefix(':') {
        let port: u16 = port.parse().map_err(|_| io::Error::other(format!("invalid port {port:?}")))?;
        return Ok(vec![SocketAddr::from(([0_u16; 8], port)), SocketAddr::from(([0_u8; 4], port))]);
    }
    let mut addresses: Vec<SocketAddr> = tokio::net::lookup_host(endpoint).await?.collect();
    addresses.retain(|address| match transport {
        "tcp4" => address.is_ipv4(),
        "tcp6" => address.is_ipv6(),
        _ => true,
    });
    addresses.sort_by_key(SocketAddr::is_ipv6);
    Ok(addresses)
}

fn bind_tcp(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn bind_unix(path: &str) -> io::Result<Listener> {
    let socket = match std::os::unix::net::UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_abandoned(path) => {
            std::fs::remove_file(path)?;
            std::os::unix::net::UnixListener::bind(path)?
        }
        bound => bound?,
    };
    socket.set_nonblocking(true)?;
    Ok(Listener { socket: Socket::Unix(socket, PathBuf::from(path)), address: path.to_owned() })
}

/// True where a socket's path is left from a process that was killed: nobody answers there.
fn is_abandoned(path: &str) -> bool {
    let connected = std::os::unix::net::UnixStream::connect(path);
    connected.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// The words Go's net package has for the errors people search for.
fn go_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "bind: address already in use. Another program listens there: end it, or set another `endpoint`"
                .to_owned()
        }
        io::ErrorKind::AddrNotAvailable => "bind: cannot assign requested address".to_owned(),
        io::ErrorKind::PermissionDenied => "bind: permission denied".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_left_by_a_killed_process_is_bound_anew_and_a_living_one_is_not() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("otlp.sock");
        let path = path.to_str().unwrap();
        drop(std::os::unix::net::UnixListener::bind(path).unwrap());
        let listener = Listener::bind("unix", path).await.unwrap();
        let refused = Listener::bind("unix", path).await.unwrap_err();
        let said = format!("listen unix {path}: bind: address already in use. ");
        assert!(refused.to_string().starts_with(&said), "{refused}");
        drop(listener);
    }
}
