//! The server as clients meet it, over loopback.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::*;
use crate::console::config::ConsoleConfig;
use crate::pipeline::{TaskScope, Workers};

async fn start(console: &Arc<Console>) -> ConsoleServer {
    let config = ConsoleConfig { endpoint: "127.0.0.1:0".to_owned(), ..ConsoleConfig::default() };
    let scope = TaskScope::new(Workers::of_current_runtime());
    ConsoleServer::start(&config, None, Arc::clone(console), scope).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_begin_a_request_is_closed() {
    let server = start(&console(false)).await;
    for beginning in ["", "PRI", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\r\n"] {
        let mut client = TcpStream::connect(server.address()).await.unwrap();
        client.write_all(beginning.as_bytes()).await.unwrap();
        let mut received = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(60), client.read_to_end(&mut received)).await;
        assert!(closed.is_ok(), "{beginning:?} is still open");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_end_holds_the_end_up_for_two_seconds() {
    let console = console(false);
    let server = start(&console).await;
    let _others = Arc::clone(&console.questions).acquire_many_owned(2).await.unwrap();
    let mut client = TcpStream::connect(server.address()).await.unwrap();
    client.write_all(b"GET /api/v1/services HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    // The question has come and waits for its place.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let stopping = Instant::now();
    server.shutdown(stopping + Duration::from_secs(30)).await;
    let took = stopping.elapsed();
    assert!((Duration::from_secs(2)..Duration::from_secs(3)).contains(&took), "{took:?}");
}
