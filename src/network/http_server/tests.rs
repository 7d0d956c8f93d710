//! The server as clients meet it, over loopback.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::testing::{RecordingServer, loopback};
use super::{CorsConfig, HttpAuthConfig, HttpServerConfig};
use crate::config::{
    Checking, ConfigValue, Decoding, Entry, GoDuration, Location, Node, NodeValue, Optional,
};
use crate::network::compression::{Compression, compress};
use crate::pipeline::tasks::Joined;

/// Decodes a section from keys and values over its defaults.
fn decoded<T: ConfigValue + Default>(entries: Vec<(&str, NodeValue)>) -> T {
    let entry = |(key, value): (&str, NodeValue)| Entry {
        key: key.to_owned(),
        key_location: Location::unknown(),
        value: Node::anonymous(value),
    };
    let node = Node::anonymous(NodeValue::Map(entries.into_iter().map(entry).collect()));
    let (mut section, mut decoding) = (T::default(), Decoding::default());
    section.update(&node, &mut decoding);
    assert_eq!(decoding.into_errors(), []);
    section
}

fn on<T: ConfigValue + Default>(entries: Vec<(&str, NodeValue)>) -> Optional<T> {
    let mut optional = Optional::off(T::default());
    let entry = |(key, value): (&str, NodeValue)| Entry {
        key: key.to_owned(),
        key_location: Location::unknown(),
        value: Node::anonymous(value),
    };
    let node = Node::anonymous(NodeValue::Map(entries.into_iter().map(entry).collect()));
    optional.update(&node, &mut Decoding::default());
    optional
}

fn texts(texts: &[&str]) -> NodeValue {
    let text = |text: &&str| Node::anonymous(NodeValue::String((*text).to_owned()));
    NodeValue::List(texts.iter().map(text).collect())
}

/// Writes `request` and reads until the server closes; header names in lower case, without the date.
async fn exchange(server: &RecordingServer, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();
    let response = String::from_utf8(response).unwrap();
    let lines = response.split("\r\n").filter(|line| !line.starts_with("date: "));
    lines.collect::<Vec<_>>().join("\n")
}

fn post(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST / HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn bodies_are_decompressed_by_every_encoding_listed() {
    let server = RecordingServer::start(loopback()).await;
    for compression in Compression::ALL {
        let body = compress(compression, 0, &["text".into()]).unwrap();
        let headers = format!("content-encoding: {}\r\n", compression.name());
        let response = exchange(&server, &post(&headers, &body)).await;
        assert!(response.starts_with("HTTP/1.1 200 OK"), "{compression:?}: {response}");
    }
    let bodies: Vec<_> = server.requests().into_iter().map(|(_, body)| body).collect();
    assert_eq!(bodies, vec!["text"; Compression::ALL.len()]);
}

#[tokio::test]
async fn an_encoding_not_listed_is_refused_and_so_is_a_plain_body_where_it_is_not() {
    let config = HttpServerConfig { compression_algorithms: vec!["gzip".into()], ..loopback() };
    let server = RecordingServer::start(config).await;
    for (headers, text) in [
        ("content-encoding: zstd\r\n", "unsupported Content-Encoding: zstd"),
        ("content-encoding: br\r\n", "unsupported Content-Encoding: br"),
        ("", "unsupported Content-Encoding: "),
    ] {
        let response = exchange(&server, &post(headers, b"text")).await;
        assert!(response.starts_with("HTTP/1.1 400 Bad Request"), "{response}");
        assert!(response.ends_with(&format!("\n\n{text}")), "{response}");
    }
}

#[tokio::test]
async fn the_body_limit_holds_for_what_is_sent_and_for_what_comes_out() {
    let server = RecordingServer::start(HttpServerConfig { max_request_body_size: 1000, ..loopback() }).await;
    let text = "http: request body too large: more than 1000 bytes";
    let fits = exchange(&server, &post("", &[b'a'; 1000])).await;
    assert!(fits.starts_with("HTTP/1.1 200 OK"), "{fits}");
    let stated = exchange(&server, &post("", &[b'a'; 1001])).await;
    assert!(stated.ends_with(text), "{stated}");

    let chunk = "64\r\n".to_owned() + &"a".repeat(100) + "\r\n";
    let head = "POST / HTTP/1.1\r\nhost: test\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunked = format!("{head}{}0\r\n\r\n", chunk.repeat(11));
    let unstated = exchange(&server, chunked.as_bytes()).await;
    assert!(unstated.ends_with(text), "{unstated}");

    let bomb = compress(Compression::Gzip, 0, &[vec![0; 1001].into()]).unwrap();
    let bomb = exchange(&server, &post("content-encoding: gzip\r\n", &bomb)).await;
    assert!(bomb.ends_with(text), "{bomb}");
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_given_up_while_others_are_served() {
    let config = HttpServerConfig { read_timeout: GoDuration::from_millis(50), ..loopback() };
    let server = RecordingServer::start(config).await;
    let mut slow = TcpStream::connect(&server.address).await.unwrap();
    slow.write_all(b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nabc").await.unwrap();
    let good = exchange(&server, &post("", b"text")).await;
    assert!(good.starts_with("HTTP/1.1 200 OK"), "{good}");
    let mut response = Vec::new();
    slow.read_to_end(&mut response).await.unwrap();
    let response = String::from_utf8(response).unwrap();
    assert!(response.ends_with("the body did not arrive in time"), "{response}");
}

#[tokio::test]
async fn a_head_that_does_not_come_in_time_and_a_silent_connection_are_closed() {
    let config = HttpServerConfig {
        read_header_timeout: GoDuration::from_millis(50),
        idle_timeout: GoDuration::from_millis(50),
        ..loopback()
    };
    let server = RecordingServer::start(config).await;
    for begun in [&b""[..], b"PO", b"POST / HTTP/1.1\r\nhost"] {
        let mut stream = TcpStream::connect(&server.address).await.unwrap();
        stream.write_all(begun).await.unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await.unwrap();
        assert!(!response.starts_with(b"HTTP/1.1 200"), "{begun:?}");
    }
}

#[tokio::test]
async fn stopping_ends_idle_connections_at_once() {
    let server = RecordingServer::start(loopback()).await;
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    let mut first_byte = [0];
    stream.read_exact(&mut first_byte).await.unwrap();
    assert_eq!(server.stop().await, Joined::All);
}

#[tokio::test]
async fn response_headers_stand_on_every_response() {
    let mut config = loopback();
    config.response_headers =
        decoded::<HttpServerConfig>(vec![("response_headers", headers(&[("X-Served-By", "weir")]))])
            .response_headers;
    let server = RecordingServer::start(config).await;
    let response = exchange(&server, &post("", b"text")).await;
    assert!(response.contains("\nx-served-by: weir\n"), "{response}");
}

fn headers(fields: &[(&str, &str)]) -> NodeValue {
    let entry = |(key, value): &(&str, &str)| Entry {
        key: (*key).to_owned(),
        key_location: Location::unknown(),
        value: Node::anonymous(NodeValue::String((*value).to_owned())),
    };
    NodeValue::Map(fields.iter().map(entry).collect())
}

async fn cors_server() -> RecordingServer {
    let cors = on::<CorsConfig>(vec![
        ("allowed_origins", texts(&["https://app.test", "https://*.shop.test"])),
        ("allowed_headers", texts(&["X-Token"])),
        ("exposed_headers", texts(&["X-Trace", "X-Span"])),
        ("max_age", NodeValue::Integer(600)),
    ]);
    RecordingServer::start(HttpServerConfig { cors, ..loopback() }).await
}

fn preflight(origin: &str, method: &str, headers: &str) -> Vec<u8> {
    format!(
        "OPTIONS /v1/traces HTTP/1.1\r\nhost: test\r\nconnection: close\r\norigin: {origin}\r\n\
         access-control-request-method: {method}\r\naccess-control-request-headers: {headers}\r\n\r\n"
    )
    .into_bytes()
}

#[tokio::test]
async fn a_preflight_of_an_allowed_page_is_answered() {
    let server = cors_server().await;
    let response = exchange(&server, &preflight("https://eu.shop.test", "POST", "x-token")).await;
    for line in [
        "HTTP/1.1 204 No Content\n",
        "\naccess-control-allow-origin: https://eu.shop.test\n",
        "\naccess-control-allow-methods: POST\n",
        "\naccess-control-allow-headers: x-token\n",
        "\naccess-control-allow-credentials: true\n",
        "\naccess-control-max-age: 600\n",
        "\nvary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\n",
    ] {
        assert!(response.contains(line), "{line:?} is not in {response}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_preflight_of_another_page_method_or_header_allows_nothing() {
    let server = cors_server().await;
    for request in [
        preflight("https://evil.test", "POST", "x-token"),
        preflight("https://shop.test.evil.test", "POST", "x-token"),
        preflight("https://app.test", "PUT", "x-token"),
        preflight("https://app.test", "POST", "x-token, x-other"),
    ] {
        let response = exchange(&server, &request).await;
        assert!(response.starts_with("HTTP/1.1 204 No Content\n"), "{response}");
        assert!(!response.contains("access-control-allow"), "{response}");
    }
}

#[tokio::test]
async fn a_request_of_an_allowed_page_is_marked_and_others_are_not() {
    let server = cors_server().await;
    let allowed = exchange(&server, &post("origin: https://app.test\r\n", b"text")).await;
    for line in [
        "\naccess-control-allow-origin: https://app.test\n",
        "\naccess-control-expose-headers: X-Trace, X-Span\n",
        "\naccess-control-allow-credentials: true\n",
        "\nvary: Origin\n",
    ] {
        assert!(allowed.contains(line), "{line:?} is not in {allowed}");
    }
    let other = exchange(&server, &post("origin: https://evil.test\r\n", b"text")).await;
    assert!(other.starts_with("HTTP/1.1 200 OK"), "{other}");
    assert!(!other.contains("access-control"), "{other}");
}

#[tokio::test]
async fn any_origin_is_written_as_a_star() {
    let cors = on::<CorsConfig>(vec![("allowed_origins", texts(&["*"]))]);
    let server = RecordingServer::start(HttpServerConfig { cors, ..loopback() }).await;
    let response = exchange(&server, &preflight("https://app.test", "POST", "content-type")).await;
    assert!(response.contains("\naccess-control-allow-origin: *\n"), "{response}");
    let refused = exchange(&server, &preflight("https://app.test", "POST", "x-token")).await;
    assert!(!refused.contains("access-control-allow"), "{refused}");
}

#[test]
fn what_needs_an_extension_is_refused_by_name() {
    let auth = on::<HttpAuthConfig>(vec![("authenticator", NodeValue::String("oidc".into()))]);
    let error = HttpServerConfig { auth, ..loopback() }.check_extensions().unwrap_err().to_string();
    assert!(
        error.starts_with("failed to resolve authenticator \"oidc\": authenticator not found"),
        "{error}"
    );
    let middlewares = vec![crate::network::MiddlewareConfig { id: "limiter".into() }];
    let error = HttpServerConfig { middlewares, ..loopback() }.check_extensions().unwrap_err().to_string();
    assert!(error.starts_with("failed to resolve middleware \"limiter\": middleware not found"), "{error}");
}

#[test]
fn values_are_checked() {
    let config = HttpServerConfig {
        transport: "udp".into(),
        compression_algorithms: vec![String::new(), "br".into()],
        idle_timeout: GoDuration::from_secs(-1),
        ..loopback()
    };
    let mut checking = Checking::default();
    config.check(&mut checking);
    let messages: Vec<String> = checking.into_errors().into_iter().map(|error| error.message).collect();
    assert_eq!(
        messages,
        [
            "invalid transport type \"udp\" (tcp, tcp4, tcp6 or unix)",
            "unsupported compression type \"br\"",
            "'idle_timeout' must be non-negative",
        ]
    );
    assert_eq!(HttpServerConfig::default().body_limit(), 20 * 1024 * 1024);
    let zero = HttpServerConfig { max_request_body_size: 0, ..loopback() };
    assert_eq!(zero.body_limit(), 20 * 1024 * 1024);
    assert_eq!(Duration::from_secs(60), HttpServerConfig::default().read_header_timeout.to_std());
}
