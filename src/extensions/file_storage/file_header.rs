//! The first bytes of a storage file: what it is, and of which version.

use std::path::Path;

use bytes::{Buf, BufMut};

use crate::pipeline::StorageError;

/// How every storage file begins. The control characters fall to whoever treats it as text.
const MAGIC: [u8; 8] = *b"WeirKV\r\n";

/// The version this program writes and the newest it reads.
const VERSION: u32 = 1;

/// Magic, version, and the CRC-32 of both.
pub const FILE_HEADER_LENGTH: usize = 16;

/// What the first bytes say.
#[derive(Debug, PartialEq, Eq)]
pub enum FileStart {
    /// A header of this version; records follow.
    Whole,
    /// Nothing, or a header that was cut off while the file was made: nobody was promised anything.
    Unfinished,
    /// Something else where the header was.
    Damaged,
}

/// Appends the header.
pub fn put_file_header(out: &mut Vec<u8>) {
    out.put_slice(&MAGIC);
    out.put_u32_le(VERSION);
    out.put_u32_le(crc32fast::hash(out));
}

/// Reads the first bytes, at most [`FILE_HEADER_LENGTH`], of the file at `path`.
///
/// # Errors
///
/// A sentence for a file of a newer version.
pub fn read_file_header(bytes: &[u8], path: &Path) -> Result<FileStart, StorageError> {
    let mut expected = Vec::with_capacity(FILE_HEADER_LENGTH);
    put_file_header(&mut expected);
    if bytes == expected {
        return Ok(FileStart::Whole);
    }
    let cut_off = bytes.len() < FILE_HEADER_LENGTH && expected.starts_with(bytes);
    if cut_off || bytes.iter().all(|byte| *byte == 0) {
        return Ok(FileStart::Unfinished);
    }
    let Some((start, mut checksum)) = bytes.split_at_checked(FILE_HEADER_LENGTH - size_of::<u32>()) else {
        return Ok(FileStart::Damaged);
    };
    let is_header = start.starts_with(&MAGIC) && checksum.try_get_u32_le() == Ok(crc32fast::hash(start));
    let version = start.get(MAGIC.len()..).and_then(|mut version| version.try_get_u32_le().ok());
    match version {
        Some(version) if is_header && version > VERSION => Err(StorageError::Unreadable(format!(
            "storage file {} has format version {version}, of a newer Weir; this one reads up to version \
             {VERSION}: run the newer one, or move the file away and lose what it holds",
            path.display()
        ))),
        _ => Ok(FileStart::Damaged),
    }
}
