//! The lists of times of a piece: chunks of series that are sent together have the same one.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::packing::{MOST_UNPACKED, damaged, unpack};
use crate::otlp::wire::put_varint;
use crate::store::StoreError;
use crate::store::series::collecting::{Moment, NumberPoint};
use crate::store::series::columns::{Reader, put_integers, read_integers, skip_integers};

/// Different lists of times, one behind the other.
#[derive(Default)]
pub(super) struct TimeLists {
    encoded: Vec<u8>,
    known: HashMap<Vec<u64>, u64>,
    recent: RecentMoments,
}

/// The times of a chunk, of which there is at least one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TimeList {
    /// Which list of the piece it is.
    pub number: u64,
    /// How many times it has.
    pub points: usize,
    /// The oldest of them.
    pub first: u64,
    /// The newest.
    pub last: u64,
}

/// The moments last asked for: the next chunk mostly has the same.
#[derive(Default)]
struct RecentMoments {
    moments: Vec<u32>,
    list: TimeList,
    /// The starts as they are written.
    starts: Vec<u8>,
}

impl TimeLists {
    /// All lists as they are written.
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// The list of the times of `points`, and their starts as a column.
    pub fn of_numbers(&mut self, points: &[NumberPoint], moments: &[Moment]) -> (TimeList, &[u8]) {
        if !points.iter().map(|point| point.moment).eq(self.recent.moments.iter().copied()) {
            let moment =
                |point: &NumberPoint| moments.get(point.moment as usize).copied().unwrap_or_default();
            let list = self.list_of(points.iter().map(|point| moment(point).time).collect());
            let recent = &mut self.recent;
            recent.list = list;
            recent.moments.clear();
            recent.moments.extend(points.iter().map(|point| point.moment));
            recent.starts.clear();
            put_integers(&mut recent.starts, points.iter().map(|point| moment(point).start.cast_signed()));
        }
        (self.recent.list, &self.recent.starts)
    }

    /// The list of these times.
    pub fn list_of(&mut self, times: Vec<u64>) -> TimeList {
        let (first, last) = (times.iter().min(), times.iter().max());
        let mut list = TimeList {
            number: self.known.len() as u64,
            points: times.len(),
            first: first.copied().unwrap_or_default(),
            last: last.copied().unwrap_or_default(),
        };
        match self.known.get(&times) {
            Some(number) => list.number = *number,
            None => {
                put_varint(&mut self.encoded, times.len() as u64);
                put_integers(&mut self.encoded, times.iter().map(|time| time.cast_signed()));
                self.known.insert(times, list.number);
            }
        }
        list
    }
}

/// The lists of times of a piece, each read when it is first asked for: a question about one metric needs few of them.
#[derive(Debug, Default)]
pub struct ReadTimes {
    unpacked: Vec<u8>,
    lists: Vec<EncodedList>,
}

#[derive(Debug)]
struct EncodedList {
    begin: usize,
    count: usize,
    times: OnceCell<Vec<u64>>,
}

impl ReadTimes {
    /// Unpacks them and finds where each begins.
    pub fn unpack(times: &[u8]) -> Result<Self, StoreError> {
        let unpacked = unpack(times)?;
        let mut reader = Reader(&unpacked);
        let mut lists = Vec::new();
        while !reader.0.is_empty() {
            let count = reader.size().filter(|count| *count <= MOST_UNPACKED / 8).ok_or_else(damaged)?;
            let begin = unpacked.len() - reader.0.len();
            skip_integers(&mut reader, count).ok_or_else(damaged)?;
            lists.push(EncodedList { begin, count, times: OnceCell::new() });
        }
        Ok(Self { unpacked, lists })
    }

    /// The list with this number; none where there is none, or it is damaged.
    pub fn get(&self, number: usize) -> Option<&[u64]> {
        let EncodedList { begin, count, times } = self.lists.get(number)?;
        if let Some(times) = times.get() {
            return Some(times);
        }
        let numbers = read_integers(&mut Reader(self.unpacked.get(*begin..)?), *count)?;
        Some(times.get_or_init(|| numbers.into_iter().map(i64::cast_unsigned).collect()))
    }
}
