//! Compression of long bodies on the threads for blocking work, so that workers go on serving.

use std::io;

use bytes::Bytes;

use super::{Compression, DecompressError, LONG_BODY_BYTES, compress, decompress};

/// [`compress`], off the worker where the body is long.
///
/// # Errors
///
/// As [`compress`].
pub async fn compress_off_worker(
    compression: Compression,
    level: i32,
    parts: Vec<Bytes>,
) -> io::Result<Bytes> {
    let length: usize = parts.iter().map(Bytes::len).sum();
    if length <= LONG_BODY_BYTES {
        return compress(compression, level, &parts);
    }
    let compressing = tokio::task::spawn_blocking(move || compress(compression, level, &parts));
    compressing.await.map_err(io::Error::other)?
}

/// [`decompress`], off the worker where the body is long.
///
/// # Errors
///
/// As [`decompress`].
pub async fn decompress_off_worker(
    compression: Compression,
    body: Bytes,
    limit: usize,
) -> Result<Bytes, DecompressError> {
    if body.len() <= LONG_BODY_BYTES {
        return decompress(compression, &body, limit);
    }
    let encoding = compression.name();
    let decompressing = tokio::task::spawn_blocking(move || decompress(compression, &body, limit));
    decompressing
        .await
        .unwrap_or_else(|error| Err(DecompressError::Invalid { encoding, problem: error.to_string() }))
}
