//! A load tool: sends a mix of requests over a few connections at once, and counts what it sent and was answered.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Counts;

/// A kind of request, how the front answers it, and what it asks of the stock for that.
pub struct Request {
    pub method: &'static str,
    path: &'static str,
    /// The route that the front's framework names.
    pub route: &'static str,
    pub status: u16,
    /// The route at the stock and how that answers.
    pub at_stock: Option<(&'static str, u16)>,
}

/// Every route of the front, with every way in which the stock answers.
pub const REQUESTS: [Request; 8] = [
    request("GET", "/items/tea", "/items/:item", 200, Some(("/stock/{item}", 200))),
    request("GET", "/items/unicorn", "/items/:item", 404, Some(("/stock/{item}", 404))),
    request("POST", "/orders/tea", "/orders/:item", 201, Some(("/reservations/{item}", 201))),
    request("POST", "/orders/coffee", "/orders/:item", 201, Some(("/reservations/{item}", 201))),
    request("POST", "/orders/sugar", "/orders/:item", 409, Some(("/reservations/{item}", 409))),
    request("POST", "/orders/moonlight", "/orders/:item", 502, Some(("/reservations/{item}", 500))),
    request("GET", "/health", "/health", 200, None),
    request("GET", "/broken", "/broken", 500, None),
];

const CONNECTIONS: u64 = 4;
const REQUESTS_PER_CONNECTION: u64 = 300;

/// Between two requests of a connection, so that the load lasts for some seconds.
const PAUSE: Duration = Duration::from_millis(8);

/// What a run of the load tool sent and how it was answered.
pub struct Load {
    /// For each request its place in [`REQUESTS`] and the status that came back.
    exchanges: Vec<(usize, u16)>,
}

impl Load {
    /// How many requests a run sends.
    pub const TOTAL: u64 = CONNECTIONS * REQUESTS_PER_CONNECTION;

    /// Sends everything to `front`. The mix is the same each time.
    pub async fn run(front: SocketAddr) -> Self {
        let mut connections: JoinSet<_> =
            (0..CONNECTIONS).map(|connection| send_over_one_connection(front, connection)).collect();
        let mut exchanges = Vec::new();
        while let Some(of_one) = connections.join_next().await {
            exchanges.extend(of_one.unwrap());
        }
        Self { exchanges }
    }

    /// How many requests of each route were answered with each status, as the load tool saw it.
    pub fn answers(&self) -> Counts {
        count(self.exchanges.iter().map(|(kind, status)| {
            let request = &REQUESTS[*kind];
            (request.method, request.route, *status)
        }))
    }

    /// How many requests were sent, by what `route_and_status` says of their kind.
    pub fn counts_of(
        &self,
        route_and_status: impl Fn(&'static Request) -> Option<(&'static str, u16)>,
    ) -> Counts {
        count(self.exchanges.iter().filter_map(|(kind, _)| {
            let request = &REQUESTS[*kind];
            let (route, status) = route_and_status(request)?;
            Some((request.method, route, status))
        }))
    }
}

async fn send_over_one_connection(front: SocketAddr, connection: u64) -> Vec<(usize, u16)> {
    let stream = TokioIo::new(TcpStream::connect(front).await.unwrap());
    let (mut sender, driver) = http1::handshake(stream).await.unwrap();
    let driver = tokio::spawn(driver);
    let mut random = fastrand::Rng::with_seed(connection);
    let mut exchanges = Vec::new();
    for _ in 0..REQUESTS_PER_CONNECTION {
        let kind = random.usize(..REQUESTS.len());
        let Request { method, path, .. } = REQUESTS[kind];
        let request = hyper::Request::builder().method(method).uri(path).header(HOST, front.to_string());
        sender.ready().await.unwrap();
        let answer = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        exchanges.push((kind, answer.status().as_u16()));
        answer.into_body().collect().await.unwrap();
        tokio::time::sleep(PAUSE).await;
    }
    drop(sender);
    driver.await.unwrap().unwrap();
    exchanges
}

fn count<'a>(requests: impl Iterator<Item = (&'a str, &'a str, u16)>) -> Counts {
    let mut counts = Counts::new();
    for (method, route, status) in requests {
        *counts.entry((method.to_owned(), route.to_owned(), status)).or_default() += 1;
    }
    counts
}

const fn request(
    method: &'static str,
    path: &'static str,
    route: &'static str,
    status: u16,
    at_stock: Option<(&'static str, u16)>,
) -> Request {
    Request { method, path, route, status, at_stock }
}
