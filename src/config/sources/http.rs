//! Reading a configuration from an HTTP server: one GET, limited in time and size.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::config::yaml::LARGEST_TEXT_BYTES;

/// How long connecting, asking and reading may take together.
const TIMEOUT: Duration = Duration::from_secs(30);

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// The body of `uri`, as text. The error is a sentence.
///
/// Blocks. The work runs on a thread of its own, so that it may be asked for from anywhere, tasks of a
/// runtime included.
pub(super) fn get(uri: &str) -> Result<String, String> {
    let failed = |reason: String| format!("unable to download {uri:?}: {reason}");
    let result = std::thread::scope(|scope| scope.spawn(|| run(uri)).join());
    match result {
        Ok(body) => body.map_err(|error| failed(error.to_string())),
        Err(_) => Err(failed("the download was broken off".to_owned())),
    }
}

fn run(uri: &str) -> Result<String, AnyError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match tokio::time::timeout(TIMEOUT, download(uri.parse()?)).await {
            Ok(body) => body,
            Err(_) => Err(format!("no answer within {} seconds", TIMEOUT.as_secs()).into()),
        }
    })
}

async fn download(uri: http::Uri) -> Result<String, AnyError> {
    let host = uri.host().ok_or("the URI has no host")?.trim_matches(['[', ']']).to_owned();
    let is_https = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    if !is_https {
        return request(stream, &uri).await;
    }
    let server_name = ServerName::try_from(host)?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(tls_config()?));
    request(connector.connect(server_name, stream).await?, &uri).await
}

/// TLS with the certificates the operating system trusts.
fn tls_config() -> Result<rustls::ClientConfig, AnyError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

async fn request<S>(stream: S, uri: &http::Uri) -> Result<String, AnyError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async {
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let authority = uri.authority().map_or("", http::uri::Authority::as_str);
        let host = authority.rsplit('@').next().unwrap_or(authority);
        let request = http::Request::get(path)
            .header(http::header::HOST, host)
            .header(http::header::USER_AGENT, concat!("weir/", env!("CARGO_PKG_VERSION")))
            .body(Empty::<Bytes>::new())?;
        let response = sender.send_request(request).await?;
        if response.status() != http::StatusCode::OK {
            return Err(format!("status code: {}", response.status().as_u16()).into());
        }
        let body = Limited::new(response.into_body(), LARGEST_TEXT_BYTES).collect().await?;
        Ok(String::from_utf8(body.to_bytes().into())?)
    };
    // The connection must be driven for the exchange to go on; it is over when the exchange is.
    let mut exchange = std::pin::pin!(exchange);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        body = &mut exchange => body,
        ended = &mut connection => {
            ended?;
            exchange.await
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// Answers one request with `answer` and returns what was asked.
    fn serve_once(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 1024];
            let length = stream.read(&mut asked).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&asked[..length]).into_owned()
        });
        (format!("http://{address}/config?x=1"), server)
    }

    #[test]
    fn the_body_is_the_text() {
        let (uri, server) = serve_once("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nservice: ");
        assert_eq!(get(&uri).unwrap(), "service: ");
        assert!(server.join().unwrap().starts_with("GET /config?x=1 HTTP/1.1\r\nhost: 127.0.0.1:"));
    }

    #[test]
    fn other_answers_are_errors() {
        let (uri, server) = serve_once("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(get(&uri).unwrap_err(), format!("unable to download {uri:?}: status code: 404"));
        server.join().unwrap();
    }

    #[tokio::test]
    async fn may_be_asked_for_from_a_task() {
        let (uri, server) = serve_once("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\na: 1");
        assert_eq!(get(&uri).unwrap(), "a: 1");
        server.join().unwrap();
    }
}
