//! Decompression of bodies from outside: the output has a hard limit, so that a small body cannot make a
//! large one.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};

use super::Compression;

/// Why a body was not decompressed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecompressError {
    /// The output would be longer than allowed.
    #[error("the body is longer than {limit} bytes after decompression")]
    TooLarge {
        /// How many bytes are allowed.
        limit: usize,
    },
    /// The body is not what its encoding says.
    #[error("the body is not valid {encoding}: {problem}")]
    Invalid {
        /// The encoding's name.
        encoding: &'static str,
        /// What its decoder found.
        problem: String,
    },
}

/// The largest window a zstd body may ask us to keep, as a power of two: the 8 MiB that RFC 8878 asks
/// every decoder to support.
const ZSTD_WINDOW_LOG: u32 = 23;

/// How much longer than its body an output is taken to be where the format does not say: what is
/// reserved before the first byte is read.
const EXPECTED_RATIO: usize = 4;

/// The most that is reserved on the word of a body, as a multiple of its length.
const TRUSTED_RATIO: usize = 32;

/// The first chunk of every framed snappy body.
const SNAPPY_STREAM_IDENTIFIER: &[u8] = b"\xff\x06\x00\x00sNaPpY";

/// The body before compression, at most `limit` bytes of it.
///
/// # Errors
///
/// [`DecompressError`]: the body is broken, truncated, or too long when decompressed.
pub fn decompress(compression: Compression, body: &Bytes, limit: usize) -> Result<Bytes, DecompressError> {
    let output = Output { encoding: compression.name(), limit };
    let expected = body.len().saturating_mul(EXPECTED_RATIO);
    match compression {
        Compression::None if body.len() > limit => Err(DecompressError::TooLarge { limit }),
        Compression::None => Ok(body.clone()),
        Compression::Gzip => output.read(MultiGzDecoder::new(&body[..]), gzip_length(body)),
        Compression::Zlib | Compression::Deflate => output.read(ZlibDecoder::new(&body[..]), expected),
        Compression::Snappy if !body.starts_with(SNAPPY_STREAM_IDENTIFIER) => output.snappy_block(body),
        Compression::Snappy | Compression::SnappyFramed => {
            output.read(snap::read::FrameDecoder::new(&body[..]), expected)
        }
        Compression::Zstd => output.zstd(body),
        Compression::Lz4 => output.lz4(body),
    }
}

/// The output's length as the last member of a gzip body states it, within reason.
fn gzip_length(body: &[u8]) -> usize {
    let stated = body.last_chunk::<4>().map_or(0, |length| u32::from_le_bytes(*length) as usize);
    stated.min(body.len().saturating_mul(TRUSTED_RATIO))
}

struct Output {
    encoding: &'static str,
    limit: usize,
}

impl Output {
    fn invalid(&self, problem: impl ToString) -> DecompressError {
        DecompressError::Invalid { encoding: self.encoding, problem: problem.to_string() }
    }

    /// Reads to the end, and one byte past the limit at most.
    fn read(&self, decoder: impl Read, expected: usize) -> Result<Bytes, DecompressError> {
        let mut output = Vec::with_capacity(expected.min(self.limit));
        self.append(decoder, &mut output)?;
        Ok(Bytes::from(output))
    }

    fn append(&self, decoder: impl Read, output: &mut Vec<u8>) -> Result<(), DecompressError> {
        let room = (self.limit - output.len()) as u64;
        decoder.take(room.saturating_add(1)).read_to_end(output).map_err(|error| self.invalid(error))?;
        if output.len() > self.limit {
            return Err(DecompressError::TooLarge { limit: self.limit });
        }
        Ok(())
    }

    fn snappy_block(&self, body: &[u8]) -> Result<Bytes, DecompressError> {
        let length = snap::raw::decompress_len(body).map_err(|error| self.invalid(error))?;
        if length > self.limit {
            return Err(DecompressError::TooLarge { limit: self.limit });
        }
        let output = snap::raw::Decoder::new().decompress_vec(body).map_err(|error| self.invalid(error))?;
        Ok(Bytes::from(output))
    }

    fn zstd(&self, body: &[u8]) -> Result<Bytes, DecompressError> {
        let stated = zstd::zstd_safe::get_frame_content_size(body).ok().flatten().unwrap_or(0);
        let stated = usize::try_from(stated).unwrap_or(usize::MAX);
        if stated > self.limit {
            return Err(DecompressError::TooLarge { limit: self.limit });
        }
        let mut decoder =
            zstd::stream::read::Decoder::with_buffer(body).map_err(|error| self.invalid(error))?;
        decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(|error| self.invalid(error))?;
        let expected = stated.min(body.len().saturating_mul(TRUSTED_RATIO));
        self.read(decoder, expected.max(body.len().saturating_mul(EXPECTED_RATIO)))
    }

    /// LZ4 frames one after the other. The decoder takes a missing end mark for an end, so whether it ran
    /// out of input is seen here.
    fn lz4(&self, body: &[u8]) -> Result<Bytes, DecompressError> {
        let mut output = Vec::new();
        let mut input = ToTheEnd { rest: body, ran_out: false };
        loop {
            self.append(lz4_flex::frame::FrameDecoder::new(&mut input), &mut output)?;
            if input.ran_out {
                return Err(self.invalid("the body ends inside a frame"));
            }
            if input.rest.is_empty() {
                return Ok(Bytes::from(output));
            }
        }
    }
}

/// A body that knows whether more was asked of it than it had.
struct ToTheEnd<'a> {
    rest: &'a [u8],
    ran_out: bool,
}

impl Read for ToTheEnd<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.ran_out |= self.rest.is_empty() && !buffer.is_empty();
        self.rest.read(buffer)
    }
}
