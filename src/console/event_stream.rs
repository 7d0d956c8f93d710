//! Server-sent events: <https://html.spec.whatwg.org/multipage/server-sent-events.html>.
//!
//! What produces events lives in the body of the response, so that it ends with its reader; a reader that does not keep up
//! makes the producer wait, who then skips.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, header};
use http_body::Frame;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::Console;
use super::answer::ApiError;
use super::router::Produce;
use crate::pipeline::BoxFuture;

/// Where a producer sends its events.
#[derive(Clone)]
pub struct EventSender {
    events: mpsc::Sender<Bytes>,
}

/// After this long without an event a comment is sent, so that a reader that is gone is noticed.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);

impl EventSender {
    /// Sends an event once the one before has been taken.
    pub async fn send(&self, event: &str, data: &impl Serialize) {
        // What is sent here are plain structs of texts and numbers.
        let data = serde_json::to_string(data).unwrap_or_default();
        // The receiver lives as long as the producer.
        let _ = self.events.send(Bytes::from(format!("event: {event}\ndata: {data}\n\n"))).await;
    }
}

/// The response whose events `produce` sends.
///
/// # Errors
///
/// Where too many streams are open.
pub fn event_stream(console: &Console, produce: Produce) -> Result<Response, ApiError> {
    let place = Arc::clone(&console.streams).try_acquire_owned();
    let place = place.map_err(|_| {
        ApiError::busy("Too many live views are open: close some of their pages and try again.")
    })?;
    let (events, received) = mpsc::channel(1);
    let (producing, stopping) = (produce(EventSender { events: events.clone() }), console.stopping.clone());
    let producer: BoxFuture<'static, ()> = Box::pin(async move {
        tokio::select! {
            () = producing => {}
            () = stopping.cancelled() => {}
            () = keep_alive(events) => {}
        }
    });
    let body = EventBody { producer: Some(producer), received, _place: place };
    let mut response = Response::new(Body::new(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    Ok(response)
}

async fn keep_alive(events: mpsc::Sender<Bytes>) {
    while events.send(Bytes::from_static(b": \n\n")).await.is_ok() {
        tokio::time::sleep(KEEP_ALIVE_INTERVAL).await;
    }
}

struct EventBody {
    /// None once it has ended.
    producer: Option<BoxFuture<'static, ()>>,
    received: mpsc::Receiver<Bytes>,
    _place: OwnedSemaphorePermit,
}

impl http_body::Body for EventBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(producer) = &mut self.producer
            && producer.as_mut().poll(context).is_ready()
        {
            self.producer = None;
        }
        self.received.poll_recv(context).map(|event| event.map(|event| Ok(Frame::data(event))))
    }
}
