//! Parts of a piece compressed, and what is said of those that cannot be read.

use std::io;

use crate::otlp::wire::put_varint;
use crate::store::StoreError;
use crate::store::engine::block::compression::decompress;
use crate::store::series::columns::Reader;

/// What is shorter is not compressed.
const LEAST_TO_COMPRESS: usize = 64;

/// What a compressed part may unpack to, so that a damaged length asks for no absurd memory.
pub(super) const MOST_UNPACKED: usize = 1 << 30;

/// Compresses, with one working memory for all it is given.
pub(super) struct Packer(Option<zstd::bulk::Compressor<'static>>);

impl Packer {
    /// One that compresses quickly.
    pub fn new() -> Self {
        Self(with_checksums().ok())
    }

    /// The bytes with the length they unpack to before them; 0 where they are as they were.
    pub fn pack(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut packed = Vec::new();
        let compressor = self.0.as_mut().filter(|_| bytes.len() >= LEAST_TO_COMPRESS);
        let compressed = compressor.and_then(|compressor| compressor.compress(bytes).ok());
        match compressed.filter(|compressed| compressed.len() < bytes.len()) {
            Some(compressed) => {
                put_varint(&mut packed, bytes.len() as u64);
                packed.extend_from_slice(&compressed);
            }
            None => {
                packed.push(0);
                packed.extend_from_slice(bytes);
            }
        }
        packed
    }
}

/// One at the level that is quickest, whose frames tell whether they are damaged.
fn with_checksums() -> io::Result<zstd::bulk::Compressor<'static>> {
    let mut compressor = zstd::bulk::Compressor::new(1)?;
    compressor.include_checksum(true)?;
    Ok(compressor)
}

/// Undoes [`Packer::pack`].
pub fn unpack(packed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut reader = Reader(packed);
    match reader.size().filter(|length| *length <= MOST_UNPACKED).ok_or_else(damaged)? {
        0 => Ok(reader.0.to_vec()),
        length => decompress(reader.0, length).ok_or_else(damaged),
    }
}

/// What is said of bytes that no piece has.
pub fn damaged() -> StoreError {
    StoreError::Damaged("a block of metrics is damaged".to_owned())
}
