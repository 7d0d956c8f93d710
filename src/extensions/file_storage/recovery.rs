//! What a storage file holds when it is opened: every change up to the end, or up to where a write was
//! cut off.

use std::fs::File;
use std::io;
use std::ops::Range;

use super::index::Index;
use super::record::Record;
use super::scan::Scanner;

/// What was read.
pub struct Recovered {
    /// Keys and where their values are.
    pub index: Index,
    /// Where the next record goes.
    pub end: u64,
    /// Stretches without a whole record in front of `end` although something there was promised.
    pub damaged: Vec<Range<u64>>,
}

/// Reads `file` from `start` to its end at `length`.
///
/// The first place without a whole record ends what is read where no later record says that this place
/// had been promised: then a write was cut off there, and nobody was told that it had been done. Where a
/// later record does say so, the disk lost what it had; the whole records behind are read too and the
/// gaps are reported.
///
/// # Errors
///
/// The system's, where it does not let the file be read.
pub fn recover(file: &File, start: u64, length: u64) -> io::Result<Recovered> {
    let mut scanner = Scanner::new(file, length);
    let mut recovered = Recovered { index: Index::default(), end: start, damaged: Vec::new() };
    while let Some(record) = scanner.record(recovered.end)? {
        recovered.apply(record);
    }
    if recovered.end == length {
        return Ok(recovered);
    }
    let later = later_records(&mut scanner, recovered.end)?;
    let promised = later.iter().map(|(_, record)| record.acknowledged).max().unwrap_or(0);
    if promised > recovered.end {
        for (position, record) in later {
            if position > recovered.end {
                recovered.damaged.push(recovered.end..position);
            }
            recovered.apply(record);
        }
    }
    Ok(recovered)
}

fn later_records(scanner: &mut Scanner<'_>, from: u64) -> io::Result<Vec<(u64, Record)>> {
    let (mut later, mut position) = (Vec::new(), from);
    while let Some((found, record)) = scanner.next_record(position)? {
        position = record.end;
        later.push((found, record));
    }
    Ok(later)
}

impl Recovered {
    fn apply(&mut self, record: Record) {
        self.end = record.end;
        record.changes.into_iter().for_each(|change| self.index.apply(change));
    }
}
