//! A request's body, not yet read: limits, timeouts and decompression happen when it is.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::Instant;

use super::super::compression::{Compression, DecompressError, decompress_off_worker};
use super::HttpServerConfig;

/// The most that is reserved on the word of a `Content-Length`.
const MOST_RESERVED: usize = 1024 * 1024;

/// A body of which nothing comes for this long is given up, whatever the timeouts configured: a client
/// that went away without a word must not hold its connection for ever.
const STALL_TIME: Duration = Duration::from_secs(60);

/// How long the rest of a refused body is read.
const DISCARD_TIME: Duration = Duration::from_secs(1);

/// Why a body was not taken.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The `Content-Encoding` is not among `compression_algorithms`.
    #[error("unsupported Content-Encoding: {0}")]
    UnsupportedEncoding(String),
    /// Longer than `max_request_body_size`, as sent or when decompressed.
    #[error("http: request body too large: more than {0} bytes")]
    TooLarge(usize),
    /// Not what its encoding says.
    #[error("{0}")]
    NotDecompressible(DecompressError),
    /// The connection broke off, or what came was not HTTP.
    #[error("the body did not arrive whole: {0}")]
    Incomplete(hyper::Error),
    /// `read_timeout` passed first, or nothing came for a minute.
    #[error("the body did not arrive in time")]
    TooSlow,
}

/// How a server takes bodies.
#[derive(Debug)]
pub(super) struct BodyRules {
    limit: usize,
    encodings: Vec<String>,
}

impl BodyRules {
    pub(super) fn new(config: &HttpServerConfig) -> Self {
        Self { limit: config.body_limit(), encodings: config.compression_algorithms.clone() }
    }
}

/// The body of a request.
#[derive(Debug)]
pub struct RequestBody {
    pub(super) incoming: Incoming,
    pub(super) rules: Arc<BodyRules>,
    pub(super) deadline: Option<Instant>,
}

impl RequestBody {
    /// Reads the body whole and decompresses it as the request's `headers` say.
    ///
    /// # Errors
    ///
    /// [`BodyError`]. What is left of the body was discarded then, within limits.
    pub async fn read(mut self, headers: &HeaderMap) -> Result<Bytes, BodyError> {
        let received = match self.rules.encoding(headers) {
            Ok(compression) => self.receive_in_time().await.map(|body| (compression, body)),
            Err(error) => Err(error),
        };
        match received {
            Ok((compression, body)) => decompress_body(compression, body, self.rules.limit).await,
            Err(error) => {
                if matches!(error, BodyError::TooLarge(_) | BodyError::UnsupportedEncoding(_)) {
                    self.discard(headers).await;
                }
                Err(error)
            }
        }
    }

    /// Reads on for a moment without keeping anything: a client that only reads the response after it
    /// has written its body would see a broken connection in its place.
    pub async fn discard(mut self, headers: &HeaderMap) {
        if headers.contains_key(header::EXPECT) {
            // The client waits for a sign to send its body, and gets the response instead.
            return;
        }
        let discarding = async {
            let mut left = self.rules.limit;
            while let Some(Ok(frame)) = self.incoming.frame().await {
                let length = frame.data_ref().map_or(0, Bytes::len);
                match left.checked_sub(length) {
                    Some(rest) => left = rest,
                    None => return,
                }
            }
        };
        // Whatever has not come by then is cut off with the connection.
        let _ = tokio::time::timeout(DISCARD_TIME, discarding).await;
    }

    async fn receive_in_time(&mut self) -> Result<Bytes, BodyError> {
        let receiving = receive(&mut self.incoming, self.rules.limit);
        match self.deadline {
            None => receiving.await,
            Some(deadline) => {
                tokio::time::timeout_at(deadline, receiving).await.map_err(|_| BodyError::TooSlow)?
            }
        }
    }
}

async fn decompress_body(compression: Compression, body: Bytes, limit: usize) -> Result<Bytes, BodyError> {
    decompress_off_worker(compression, body, limit).await.map_err(|error| match error {
        DecompressError::TooLarge { limit } => BodyError::TooLarge(limit),
        DecompressError::Invalid { .. } => BodyError::NotDecompressible(error),
    })
}

impl BodyRules {
    fn encoding(&self, headers: &HeaderMap) -> Result<Compression, BodyError> {
        let name = headers.get(header::CONTENT_ENCODING).map_or(&b""[..], |value| value.as_bytes());
        let known = self.encodings.iter().find(|encoding| encoding.as_bytes() == name);
        known
            .and_then(|encoding| Compression::from_content_encoding(encoding))
            .ok_or_else(|| BodyError::UnsupportedEncoding(String::from_utf8_lossy(name).into_owned()))
    }
}

/// Collects the frames. A body of one frame is not copied.
async fn receive(incoming: &mut Incoming, limit: usize) -> Result<Bytes, BodyError> {
    let stated = incoming.size_hint().exact().and_then(|length| usize::try_from(length).ok());
    if stated.is_some_and(|length| length > limit) {
        return Err(BodyError::TooLarge(limit));
    }
    let mut only = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) =
        tokio::time::timeout(STALL_TIME, incoming.frame()).await.map_err(|_| BodyError::TooSlow)?
    {
        let Ok(data) = frame.map_err(BodyError::Incomplete)?.into_data() else { continue };
        if only.len() + joined.len() + data.len() > limit {
            return Err(BodyError::TooLarge(limit));
        }
        if only.is_empty() && joined.is_empty() {
            only = data;
            continue;
        }
        if joined.is_empty() {
            // Room for what arrived already, not for what the client announces.
            joined.reserve((only.len() + data.len()).max(stated.unwrap_or(0).min(MOST_RESERVED)));
            joined.extend_from_slice(&std::mem::take(&mut only));
        }
        joined.extend_from_slice(&data);
    }
    Ok(if joined.is_empty() { only } else { joined.freeze() })
}
