//! The client against servers in the same process: TLS, HTTP/2, proxies, long responses.

use std::fs;

use bytes::Bytes;
use http::{StatusCode, Uri, Version};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::{HttpClient, HttpClientConfig, HttpClientError, HttpClientResponse, RESPONSE_LIMIT};
use crate::config::{Optional, Secret};
use crate::network::http_server::HttpServerConfig;
use crate::network::http_server::testing::{RecordingServer, loopback, response};
use crate::network::tls::ServerTlsConfig;
use crate::pipeline::Workers;

async fn post(config: &HttpClientConfig, url: &str) -> Result<HttpClientResponse, HttpClientError> {
    let client = HttpClient::new(config, Workers::of_current_runtime()).unwrap();
    let parts = vec![Bytes::from_static(b"one "), Bytes::new(), Bytes::from_static(b"two")];
    client.post(&url.parse::<Uri>().unwrap(), "text/plain", parts).await
}

/// A server under TLS for `localhost` that takes only clients of its own CA, and what those clients need.
async fn mutual_tls() -> (RecordingServer, HttpClientConfig) {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap().pem();

    let directory = TempDir::new().unwrap();
    let ca_file = directory.path().join("ca.crt");
    fs::write(&ca_file, authority.pem()).unwrap();
    let mut server_tls = ServerTlsConfig {
        client_ca_file: ca_file.to_str().unwrap().to_owned(),
        ..ServerTlsConfig::default()
    };
    let mut client = HttpClientConfig::default();
    for shared in [&mut server_tls.shared, &mut client.tls.shared] {
        shared.cert_pem = Secret::new(certificate.clone());
        shared.key_pem = Secret::new(key.serialize_pem());
    }
    client.tls.shared.ca_pem = Secret::new(authority.pem());
    let tls = Optional::on(server_tls);
    (RecordingServer::start(HttpServerConfig { tls, ..loopback() }).await, client)
}

fn port(server: &RecordingServer) -> &str {
    server.address.rsplit(':').next().unwrap()
}

#[tokio::test]
async fn a_body_of_several_parts_is_written_as_one() {
    let server = RecordingServer::start(loopback()).await;
    post(&HttpClientConfig::default(), &format!("http://{}/in", server.address)).await.unwrap();
    let (head, body) = server.requests().remove(0);
    assert_eq!(body, "one two");
    assert_eq!(head.headers["content-length"], "7");
    assert_eq!(head.version, Version::HTTP_11);
}

#[tokio::test]
async fn mutual_tls_negotiates_http_2_unless_that_is_off() {
    let (server, mut config) = mutual_tls().await;
    let url = format!("https://localhost:{}/in", port(&server));
    post(&config, &url).await.unwrap();
    config.force_attempt_http2 = false;
    post(&config, &url).await.unwrap();
    let requests = server.requests();
    let versions: Vec<Version> = requests.iter().map(|(head, _)| head.version).collect();
    assert_eq!(versions, [Version::HTTP_2, Version::HTTP_11]);
    assert!(requests.iter().all(|(_, body)| body == "one two"));

    config.tls.shared.cert_pem = Secret::default();
    config.tls.shared.key_pem = Secret::default();
    post(&config, &url).await.unwrap_err();
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn plain_requests_go_through_a_proxy_with_whole_urls() {
    let proxy = RecordingServer::start(loopback()).await;
    let config = HttpClientConfig {
        proxy_url: format!("http://user:secret@{}", proxy.address),
        ..HttpClientConfig::default()
    };
    post(&config, "http://backend.test/in").await.unwrap();
    let (head, _) = proxy.requests().remove(0);
    assert_eq!(head.uri, "http://backend.test/in");
    assert_eq!(head.headers["host"], "backend.test");
    assert_eq!(head.headers["proxy-authorization"], "Basic dXNlcjpzZWNyZXQ=");
}

/// Lets one client through to `backend`; ends with the head of what it asked for.
async fn connect_proxy(backend: String) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.unwrap());
        }
        let mut backend = TcpStream::connect(backend).await.unwrap();
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
        tokio::io::copy_bidirectional(&mut client, &mut backend).await.ok();
        String::from_utf8(head).unwrap()
    });
    (address, serving)
}

#[tokio::test]
async fn https_goes_through_a_proxy_as_a_tunnel() {
    let (server, mut config) = mutual_tls().await;
    let (proxy, serving) = connect_proxy(server.address.clone()).await;
    config.proxy_url = format!("http://{proxy}");
    // Without keep-alive the tunnel ends with the request, and so does the proxy.
    config.disable_keep_alives = true;
    config.force_attempt_http2 = false;
    post(&config, &format!("https://localhost:{}/in", port(&server))).await.unwrap();
    assert_eq!(server.requests()[0].1, "one two");
    let head = serving.await.unwrap();
    assert!(head.starts_with(&format!("CONNECT localhost:{} HTTP/1.1\r\n", port(&server))), "{head}");
}

#[tokio::test]
async fn a_long_response_is_read_up_to_the_limit() {
    let server = RecordingServer::start(loopback()).await;
    server.answer_next(response(400, &[], &[b'a'; RESPONSE_LIMIT + 1]));
    let url = format!("http://{}/", server.address);
    let long = post(&HttpClientConfig::default(), &url).await.unwrap();
    assert_eq!((long.status, long.body.len()), (StatusCode::BAD_REQUEST, RESPONSE_LIMIT));
}

#[tokio::test]
async fn a_middleware_is_refused_by_name() {
    let middlewares = vec![crate::network::MiddlewareConfig { id: "limiter".to_owned() }];
    let config = HttpClientConfig { middlewares, ..HttpClientConfig::default() };
    let error = HttpClient::new(&config, Workers::of_current_runtime()).err().unwrap().to_string();
    assert!(error.starts_with("failed to resolve middleware \"limiter\": middleware not found"), "{error}");
}
