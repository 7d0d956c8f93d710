//! Compression of bodies we send, from a list of parts that are never joined first.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::Compression;

/// How much of the input's length is reserved for the output.
const EXPECTED_SHARE: usize = 4;

/// The parts, one after the other, as one compressed body. `level` is as in
/// [`CompressionParams`](super::CompressionParams).
///
/// # Errors
///
/// Only where a compression's library cannot work, such as without memory.
pub fn compress(compression: Compression, level: i32, parts: &[Bytes]) -> io::Result<Bytes> {
    let length: usize = parts.iter().map(Bytes::len).sum();
    let output = Vec::with_capacity(length / EXPECTED_SHARE);
    let body = match compression {
        Compression::None => return Ok(joined(parts)),
        Compression::Gzip => {
            let mut encoder = GzEncoder::new(output, deflate_level(level));
            write_all(&mut encoder, parts)?;
            encoder.finish()?
        }
        Compression::Zlib | Compression::Deflate => {
            let mut encoder = ZlibEncoder::new(output, deflate_level(level));
            write_all(&mut encoder, parts)?;
            encoder.finish()?
        }
        Compression::Snappy => snap::raw::Encoder::new().compress_vec(&joined(parts))?,
        Compression::SnappyFramed => {
            let mut encoder = snap::write::FrameEncoder::new(output);
            write_all(&mut encoder, parts)?;
            encoder.into_inner().map_err(snap::write::IntoInnerError::into_error)?
        }
        Compression::Zstd => {
            let mut encoder = zstd::stream::write::Encoder::new(output, zstd_level(level))?;
            encoder.set_pledged_src_size(Some(length as u64))?;
            encoder.include_contentsize(true)?;
            write_all(&mut encoder, parts)?;
            encoder.finish()?
        }
        Compression::Lz4 => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(output);
            write_all(&mut encoder, parts)?;
            encoder.finish().map_err(io::Error::other)?
        }
    };
    Ok(Bytes::from(body))
}

fn write_all(encoder: &mut impl Write, parts: &[Bytes]) -> io::Result<()> {
    parts.iter().try_for_each(|part| encoder.write_all(part))
}

fn joined(parts: &[Bytes]) -> Bytes {
    match parts {
        [part] => part.clone(),
        _ => Bytes::from(parts.concat()),
    }
}

/// Unset, the library's default and Huffman-only all mean the fastest level: bodies are compressed for the
/// wire, where level 1 costs a third of level 6 for a tenth more bytes.
fn deflate_level(level: i32) -> flate2::Compression {
    flate2::Compression::new(u32::try_from(level).unwrap_or(0).max(1))
}

/// Unset means level 1; what is outside zstd's range is its nearest level.
fn zstd_level(level: i32) -> i32 {
    if level == 0 || level == -1 {
        return 1;
    }
    let range = zstd::compression_level_range();
    level.clamp(*range.start(), *range.end())
}
