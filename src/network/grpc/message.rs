//! gRPC's message framing: one byte that says compressed or not, four bytes of length, the message.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tonic::Status;

use crate::network::compression::{Compression, DecompressError, decompress_off_worker};

/// The length of the prefix before each message.
pub const PREFIX_LENGTH: usize = 5;

/// How a peer says its messages are compressed (`grpc-encoding`).
pub type MessageEncoding = Option<Compression>;

/// What is reserved at once for a message, whatever length its prefix claims.
const FIRST_RESERVATION: usize = 256 * 1024;

/// A message shorter than this is copied out of the connection's read buffer, so that a small message
/// that is kept does not keep a large buffer alive.
const SHORT_MESSAGE: usize = 4 * 1024;

/// A body that brings no byte for this long is given up.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);

/// The prefix of a message of `length` bytes.
pub fn message_prefix(compressed: bool, length: u32) -> [u8; PREFIX_LENGTH] {
    let [first, second, third, fourth] = length.to_be_bytes();
    [u8::from(compressed), first, second, third, fourth]
}

/// Reads the one message of a unary request or response.
pub struct MessageReader<'a> {
    body: &'a mut Incoming,
    trailers: Option<HeaderMap>,
}

impl<'a> MessageReader<'a> {
    /// A reader at the start of `body`.
    pub const fn new(body: &'a mut Incoming) -> Self {
        Self { body, trailers: None }
    }

    /// The message, decompressed, of at most `limit` bytes; none where the body ended without one. The
    /// whole body has been read when this returns it.
    pub async fn message(
        &mut self,
        encoding: MessageEncoding,
        limit: usize,
    ) -> Result<Option<Bytes>, Status> {
        let Some(first) = self.next_chunk().await? else {
            return Ok(None);
        };
        let first =
            if first.len() >= PREFIX_LENGTH { first } else { self.gather(first, PREFIX_LENGTH).await? };
        let prefix = read_prefix(&first, limit)?;
        let whole_length = PREFIX_LENGTH + prefix.length;
        let framed =
            if first.len() >= whole_length { first } else { self.gather(first, whole_length).await? };
        if framed.len() > whole_length {
            return Err(Status::internal("grpc: a unary call carries more than one message"));
        }
        self.expect_end().await?;
        let message = framed.slice(PREFIX_LENGTH..);
        if prefix.compressed {
            return decompress(message, encoding, limit).await.map(Some);
        }
        if message.len() < SHORT_MESSAGE {
            return Ok(Some(Bytes::copy_from_slice(&message)));
        }
        Ok(Some(message))
    }

    /// The trailers, where the body has been read and had some.
    pub fn into_trailers(self) -> Option<HeaderMap> {
        self.trailers
    }

    /// Joins chunks to `first` until there are `wanted` bytes.
    async fn gather(&mut self, first: Bytes, wanted: usize) -> Result<Bytes, Status> {
        let mut gathered = BytesMut::with_capacity(wanted.min(FIRST_RESERVATION).max(first.len()));
        gathered.extend_from_slice(&first);
        drop(first);
        while gathered.len() < wanted {
            match self.next_chunk().await? {
                Some(chunk) => gathered.extend_from_slice(&chunk),
                None => return Err(Status::internal("grpc: the body ended inside a message")),
            }
        }
        Ok(gathered.freeze())
    }

    /// Reads to the end of the body, which must hold nothing more.
    async fn expect_end(&mut self) -> Result<(), Status> {
        while !self.body.is_end_stream() {
            match self.next_chunk().await? {
                None => return Ok(()),
                Some(chunk) if chunk.is_empty() => {}
                Some(_) => return Err(Status::internal("grpc: a unary call carries more than one message")),
            }
        }
        Ok(())
    }

    /// The next bytes; trailers are kept.
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            let frame = match tokio::time::timeout(STALL_TIMEOUT, self.body.frame()).await {
                Err(_) => {
                    return Err(Status::deadline_exceeded("grpc: the body did not come to an end in time"));
                }
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => {
                    return Err(Status::cancelled(format!("grpc: the body broke off: {error}")));
                }
                Ok(Some(Ok(frame))) => frame,
            };
            match frame.into_data() {
                Ok(chunk) => return Ok(Some(chunk)),
                Err(frame) => self.trailers = frame.into_trailers().ok(),
            }
        }
    }
}

struct Prefix {
    compressed: bool,
    length: usize,
}

fn read_prefix(mut framed: &[u8], limit: usize) -> Result<Prefix, Status> {
    let truncated = |_| Status::internal("grpc: the message prefix is truncated");
    let flag = framed.try_get_u8().map_err(truncated)?;
    let length = framed.try_get_u32().map_err(truncated)? as usize;
    if flag > 1 {
        return Err(Status::internal(format!("grpc: received unexpected payload format {flag}")));
    }
    if length > limit {
        return Err(Status::resource_exhausted(format!(
            "grpc: received message larger than max ({length} vs. {limit})"
        )));
    }
    Ok(Prefix { compressed: flag == 1, length })
}

async fn decompress(message: Bytes, encoding: MessageEncoding, limit: usize) -> Result<Bytes, Status> {
    let Some(encoding) = encoding else {
        return Err(Status::internal("grpc: compressed flag set with identity or empty encoding"));
    };
    decompress_off_worker(encoding, message, limit).await.map_err(|error| match error {
        DecompressError::TooLarge { .. } => Status::resource_exhausted(format!(
            "grpc: received message after decompression larger than max {limit}"
        )),
        DecompressError::Invalid { .. } => {
            Status::internal(format!("grpc: failed to decompress the received message: {error}"))
        }
    })
}
