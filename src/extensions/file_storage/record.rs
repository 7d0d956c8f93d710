//! One record of a storage file: the changes of one write, which are read back all or not at all.
//!
//! Numbers are little-endian.
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | the marker |
//! | 4 | length of the changes |
//! | 4 | length of the values |
//! | 8 | position of this record in the file |
//! | 8 | length of the file up to which writes had answered when this record was written |
//! | 4 | CRC-32 of the five numbers above and of the changes |
//! | … | changes: 1 byte kind (1 set, 2 delete), 2 bytes length of the key, the key, and for a set 4 bytes length and 4 bytes CRC-32 of the value |
//! | … | values, in the order of their changes |
//!
//! So every byte is under exactly one checksum, and one value can be read and checked alone. The position
//! keeps a record that is part of somebody's value, or left over from an earlier write, from being taken
//! for one of this file.

use bytes::{Buf, BufMut};

use crate::pipeline::{StorageChange, StorageError};

/// How every record begins.
pub const MARKER: [u8; 4] = [0xF7, b'w', b'r', 0x1B];

/// The bytes before the changes.
pub const RECORD_HEADER_LENGTH: usize = 32;

const SET: u8 = 1;
const DELETE: u8 = 2;

/// The largest value; lengths of records then fit their fields with room to spare.
const LARGEST_VALUE: u32 = 1 << 30;

/// A record that was read, without its values.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    /// Where the next one begins.
    pub end: u64,
    /// Everything before this position was promised to somebody when the record was written.
    pub acknowledged: u64,
    /// In order.
    pub changes: Vec<RecordedChange>,
}

/// One change, the value by its place in the file.
#[derive(Debug, PartialEq, Eq)]
pub enum RecordedChange {
    /// `key` has the value at this place.
    Set(Box<str>, ValuePlace),
    /// `key` has no value.
    Delete(Box<str>),
}

/// Where in the file a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValuePlace {
    /// Its first byte.
    pub position: u64,
    /// In bytes.
    pub length: u32,
    /// CRC-32 of its bytes.
    pub checksum: u32,
}

/// The numbers before the changes.
#[derive(Debug, Clone, Copy)]
pub struct RecordHeader {
    changes_length: u32,
    values_length: u32,
    position: u64,
    acknowledged: u64,
    checksum: u32,
}

/// Appends the record of `changes` to `out`, to stand at `position` of the file; the changes with the places
/// of their values.
///
/// # Errors
///
/// Where a key, a value or all of them together are too large; `out` is then as before.
pub fn put_record(
    out: &mut Vec<u8>,
    position: u64,
    acknowledged: u64,
    changes: &[StorageChange],
) -> Result<Vec<RecordedChange>, StorageError> {
    let (mut block, mut values_length) = (Vec::new(), 0);
    let mut recorded = Vec::with_capacity(changes.len());
    for change in changes {
        recorded.push(put_change(&mut block, change, &mut values_length)?);
    }
    let too_large = |_| StorageError::TooLarge("the changes of one write are larger than 4 GiB".to_owned());
    let mut header = RecordHeader {
        changes_length: u32::try_from(block.len()).map_err(too_large)?,
        values_length: u32::try_from(values_length).map_err(too_large)?,
        position,
        acknowledged,
        checksum: 0,
    };
    header.checksum = header.checksum_with(&block);
    header.put(out);
    out.put_slice(&block);
    for change in changes {
        if let StorageChange::Set { value, .. } = change {
            out.put_slice(value);
        }
    }
    for change in &mut recorded {
        if let RecordedChange::Set(_, place) = change {
            place.position += header.first_value();
        }
    }
    Ok(recorded)
}

/// Appends what a record says of one change, whose value stands behind `values_length` others.
fn put_change(
    block: &mut Vec<u8>,
    change: &StorageChange,
    values_length: &mut u64,
) -> Result<RecordedChange, StorageError> {
    let (kind, key, value) = match change {
        StorageChange::Set { key, value } => (SET, key, Some(value)),
        StorageChange::Delete { key } => (DELETE, key, None),
    };
    let key_length = u16::try_from(key.len()).map_err(|_| {
        StorageError::TooLarge(format!("a key of {} bytes is longer than 65535 bytes", key.len()))
    })?;
    block.put_u8(kind);
    block.put_u16_le(key_length);
    block.put_slice(key.as_bytes());
    let Some(value) = value else { return Ok(RecordedChange::Delete(key.as_str().into())) };
    let length =
        u32::try_from(value.len()).ok().filter(|length| *length <= LARGEST_VALUE).ok_or_else(|| {
            StorageError::TooLarge(format!("a value of {} bytes is larger than 1 GiB", value.len()))
        })?;
    let place = ValuePlace { position: *values_length, length, checksum: crc32fast::hash(value) };
    block.put_u32_le(place.length);
    block.put_u32_le(place.checksum);
    *values_length += u64::from(length);
    Ok(RecordedChange::Set(key.as_str().into(), place))
}

impl RecordHeader {
    /// Reads the header of a record at `position`; none where there is none.
    pub fn read(mut bytes: &[u8], position: u64) -> Option<Self> {
        if bytes.len() < RECORD_HEADER_LENGTH || !bytes.starts_with(&MARKER) {
            return None;
        }
        bytes.advance(MARKER.len());
        let header = Self {
            changes_length: bytes.get_u32_le(),
            values_length: bytes.get_u32_le(),
            position: bytes.get_u64_le(),
            acknowledged: bytes.get_u64_le(),
            checksum: bytes.get_u32_le(),
        };
        (header.position == position).then_some(header)
    }

    /// The length of the whole record in bytes.
    pub const fn record_length(&self) -> u64 {
        RECORD_HEADER_LENGTH as u64 + self.changes_length as u64 + self.values_length as u64
    }

    /// The record, given all its bytes; none where any of them is not what was written.
    pub fn record(&self, bytes: &[u8]) -> Option<Record> {
        let body = bytes.get(RECORD_HEADER_LENGTH..)?;
        let (block, values) = body.split_at_checked(usize::try_from(self.changes_length).ok()?)?;
        if self.checksum != self.checksum_with(block) {
            return None;
        }
        let changes = read_changes(block, values, self.first_value())?;
        Some(Record { end: self.position + self.record_length(), acknowledged: self.acknowledged, changes })
    }

    const fn first_value(&self) -> u64 {
        self.position + RECORD_HEADER_LENGTH as u64 + self.changes_length as u64
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.put_slice(&MARKER);
        self.put_numbers(&mut *out);
        out.put_u32_le(self.checksum);
    }

    fn put_numbers(&self, mut out: impl BufMut) {
        out.put_u32_le(self.changes_length);
        out.put_u32_le(self.values_length);
        out.put_u64_le(self.position);
        out.put_u64_le(self.acknowledged);
    }

    fn checksum_with(&self, block: &[u8]) -> u32 {
        let mut numbers = [0; RECORD_HEADER_LENGTH - MARKER.len() - size_of::<u32>()];
        self.put_numbers(numbers.as_mut_slice());
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&numbers);
        hasher.update(block);
        hasher.finalize()
    }
}

/// The changes in `block`, after checking the values they stand for, which begin at `position`.
fn read_changes(mut block: &[u8], mut values: &[u8], mut position: u64) -> Option<Vec<RecordedChange>> {
    let mut changes = Vec::new();
    while block.has_remaining() {
        let kind = block.try_get_u8().ok()?;
        let key_length = block.try_get_u16_le().ok()?;
        let (key, rest) = block.split_at_checked(usize::from(key_length))?;
        let key = Box::from(std::str::from_utf8(key).ok()?);
        block = rest;
        match kind {
            DELETE => changes.push(RecordedChange::Delete(key)),
            SET => {
                let (length, checksum) = (block.try_get_u32_le().ok()?, block.try_get_u32_le().ok()?);
                let (value, rest) = values.split_at_checked(usize::try_from(length).ok()?)?;
                if crc32fast::hash(value) != checksum {
                    return None;
                }
                changes.push(RecordedChange::Set(key, ValuePlace { position, length, checksum }));
                values = rest;
                position += u64::from(length);
            }
            _ => return None,
        }
    }
    values.is_empty().then_some(changes)
}
