//! How batches lie in a file, and the way back.
//!
//! Uncompressed JSON is a document a line. Everything else is framed: the length of what follows as four
//! bytes, most significant first, then the document or request, compressed with zstd where so configured.

use std::io::{self, Read};

use super::FileExporterConfig;
use crate::otlp::Batch;
use crate::otlp::json::encode_json;

/// zstd's own default: the balance of size and time.
const COMPRESSION_LEVEL: i32 = 3;

/// How a file is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    /// OTLP/JSON; otherwise protobuf.
    pub is_json: bool,
    /// With zstd.
    pub is_compressed: bool,
}

impl Encoding {
    /// The encoding of an exporter's files.
    pub fn of(config: &FileExporterConfig) -> Self {
        Self { is_json: config.format == "json", is_compressed: config.is_compressed() }
    }

    const fn is_framed(self) -> bool {
        !self.is_json || self.is_compressed
    }
}

/// The bytes that stand for `batch` in a file.
///
/// # Errors
///
/// When the batch is too long for the four bytes of the length.
pub fn encode(encoding: Encoding, batch: &Batch) -> io::Result<Vec<u8>> {
    if !encoding.is_framed() {
        let mut line = encode_json(batch);
        line.push(b'\n');
        return Ok(line);
    }
    if encoding.is_json {
        return frame(&zstd::bulk::compress(&encode_json(batch), COMPRESSION_LEVEL)?);
    }
    let body = batch.parts().concat();
    if encoding.is_compressed {
        frame(&zstd::bulk::compress(&body, COMPRESSION_LEVEL)?)
    } else {
        frame(&body)
    }
}

fn frame(body: &[u8]) -> io::Result<Vec<u8>> {
    let length = u32::try_from(body.len()).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("a batch of {} bytes is too long", body.len()))
    })?;
    let mut framed = Vec::with_capacity(4 + body.len());
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(body);
    Ok(framed)
}

/// The documents or requests in a file, uncompressed, in order.
///
/// # Errors
///
/// When the file cannot be read, ends within a message, or a message cannot be decompressed.
pub fn read_messages(encoding: Encoding, mut file: impl Read) -> io::Result<Vec<Vec<u8>>> {
    if !encoding.is_framed() {
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        return Ok(lines.map(<[u8]>::to_vec).collect());
    }
    let mut messages = Vec::new();
    while let Some(body) = read_frame(&mut file)? {
        messages.push(if encoding.is_compressed { zstd::decode_all(&*body)? } else { body });
    }
    Ok(messages)
}

/// The next frame's body; none at the end of the file.
fn read_frame(file: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = Vec::new();
    file.by_ref().take(4).read_to_end(&mut length)?;
    if length.is_empty() {
        return Ok(None);
    }
    let length: [u8; 4] = length.try_into().map_err(|_| ends_within_a_message())?;
    let length = u32::from_be_bytes(length);
    let mut body = Vec::new();
    file.by_ref().take(u64::from(length)).read_to_end(&mut body)?;
    if body.len() as u64 != u64::from(length) {
        return Err(ends_within_a_message());
    }
    Ok(Some(body))
}

fn ends_within_a_message() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the file ends within a message")
}
