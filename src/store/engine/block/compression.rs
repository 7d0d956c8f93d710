//! How a column's bytes are compressed: zstd at its quickest, where that makes them shorter.

use std::borrow::Cow;
use std::io;

use zstd::bulk::{Compressor, Decompressor};

use crate::otlp::wire::{put_varint, read_varint};

const LEVEL: i32 = 1;

/// Bytes that short are not worth a frame.
const SHORTEST: usize = 48;

/// The longest a column may be unpacked: bounds what damaged lengths ask for.
const LONGEST: usize = 1 << 30;

/// Compresses columns one after the other.
#[derive(Default)]
pub struct Packer {
    /// Made when first needed; none where that fails, and everything stays as it is.
    compressor: Option<Compressor<'static>>,
}

impl Packer {
    /// `layout`, the unpacked length where the rest is compressed or else 0, and the rest.
    pub fn pack(&mut self, layout: u8, body: &[u8]) -> Vec<u8> {
        let mut out = vec![layout];
        if body.len() >= SHORTEST
            && let Some(compressed) = self.compress(body)
            && compressed.len() + compressed.len() / 32 < body.len()
        {
            put_varint(&mut out, body.len() as u64);
            out.extend_from_slice(&compressed);
            return out;
        }
        Self::keep(layout, body)
    }

    /// The same without an attempt to make it shorter.
    pub fn keep(layout: u8, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(body.len() + 2);
        out.push(layout);
        put_varint(&mut out, 0);
        out.extend_from_slice(body);
        out
    }

    fn compress(&mut self, body: &[u8]) -> Option<Vec<u8>> {
        if self.compressor.is_none() {
            self.compressor = with_checksums().ok();
        }
        self.compressor.as_mut()?.compress(body).ok()
    }
}

/// One whose frames tell whether they are damaged.
fn with_checksums() -> io::Result<Compressor<'static>> {
    let mut compressor = Compressor::new(LEVEL)?;
    compressor.include_checksum(true)?;
    Ok(compressor)
}

/// The bytes behind the layout, unpacked; none where they are damaged.
pub fn unpack(packed: &[u8]) -> Option<Cow<'_, [u8]>> {
    let (length, body) = read_varint(packed).ok()?;
    if length == 0 {
        return Some(Cow::Borrowed(body));
    }
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(LONGEST);
    decompress(body, length).filter(|unpacked| unpacked.len() == length).map(Cow::Owned)
}

/// Undoes zstd for what is at most `length` bytes long; none where it is damaged. Each thread keeps one working memory.
pub fn decompress(compressed: &[u8], length: usize) -> Option<Vec<u8>> {
    thread_local! {
        static DECOMPRESSOR: std::cell::RefCell<Option<Decompressor<'static>>> = const { std::cell::RefCell::new(None) };
    }
    DECOMPRESSOR.with_borrow_mut(|decompressor| {
        if decompressor.is_none() {
            *decompressor = Decompressor::new().ok();
        }
        decompressor.as_mut()?.decompress(compressed, length).ok()
    })
}
