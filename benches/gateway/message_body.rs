//! The HTTP body of one message with optional trailers, for requests and for replies.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};

/// One data frame, then one trailers frame, each where present.
///
/// With `announce_length` the exact size is told, from which hyper makes `content-length`: HTTP/1.1 sends chunks
/// without it, while gRPC clients leave it out.
pub struct MessageBody {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
    announce_length: bool,
}

impl MessageBody {
    /// A gRPC message that is already framed, without trailers: a request.
    pub const fn grpc_request(framed: Bytes) -> Self {
        Self { data: Some(framed), trailers: None, announce_length: false }
    }

    /// An empty gRPC reply message and the status OK.
    pub fn grpc_ok() -> Self {
        let mut trailers = HeaderMap::with_capacity(1);
        trailers.insert(HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"));
        Self { data: Some(Bytes::from_static(&[0; 5])), trailers: Some(trailers), announce_length: false }
    }

    /// A body of known length; an empty one is an empty protobuf message.
    pub const fn plain(body: Bytes) -> Self {
        Self { data: Some(body), trailers: None, announce_length: true }
    }
}

impl Body for MessageBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        Poll::Ready(self.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if !self.announce_length {
            return SizeHint::default();
        }
        SizeHint::with_exact(self.data.as_ref().map_or(0, Bytes::len) as u64)
    }
}
