//! A piece: points of one piece of time as blocks, one for each metric name. Points of one series lie together as a
//! chunk; times are written once for all chunks that have the same.
//!
//! A block has a header (its resources, scopes, metrics, series and where the chunks are) and data (the chunks), each
//! compressed for itself, so that questions about what there is need no data.

mod packing;
mod reading;
mod time_lists;
mod writing;

use std::collections::BTreeMap;

use self::packing::Packer;
pub use self::packing::{damaged, unpack};
pub use self::reading::{BlockContents, BlockHeader, BlockSeries, Chunk, ChunkPoint, number_point};
pub use self::time_lists::ReadTimes;
use self::time_lists::TimeLists;
use self::writing::BlockWriting;
use super::collecting::{Collecting, NumberPoint, OtherPoint};
use super::taking_apart::name_of;

/// Points of one piece of time.
#[derive(Debug)]
pub struct MetricPiece {
    /// The different lists of times that chunks refer to.
    pub times: Vec<u8>,
    /// A block for each metric name, by name.
    pub blocks: Vec<MetricBlock>,
    /// How many points there are, and how many series.
    pub points: u64,
    /// How many series there are.
    pub series: u64,
}

/// The points of all metrics of one name.
#[derive(Debug)]
pub struct MetricBlock {
    /// The name.
    pub name: Vec<u8>,
    /// The time of the oldest point.
    pub first: u64,
    /// The time of the newest point.
    pub last: u64,
    /// How many points there are.
    pub points: u64,
    /// What there is.
    pub header: Vec<u8>,
    /// The chunks.
    pub data: Vec<u8>,
}

/// What the points of a chunk are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Integers,
    Doubles,
    Others,
    Alike,
}

impl MetricPiece {
    /// Makes a piece of points.
    pub fn of(collecting: &Collecting<'_>) -> Self {
        let numbers = Columns::of(&collecting.numbers, collecting.series.all.len() * 2);
        let mut others: Vec<&OtherPoint<'_>> = collecting.others.iter().collect();
        others.sort_by_key(|point| point.series);
        let mut by_name = BTreeMap::<&[u8], Vec<u32>>::new();
        for (number, series) in (0..).zip(&collecting.series.all) {
            let name = name_of(collecting.series.metrics.get(series.above.metric));
            by_name.entry(name).or_default().push(number);
        }
        let mut times = TimeLists::default();
        let mut packer = Packer::new();
        let blocks = by_name.into_iter().map(|(name, series)| {
            let mut writing = BlockWriting::default();
            for number in series {
                writing.add(collecting, number, &numbers, &others, &mut times);
            }
            writing.block(name, &mut packer)
        });
        let blocks = blocks.collect();
        let points = (collecting.numbers.len() + collecting.others.len()) as u64;
        let series = collecting.series.all.len() as u64;
        Self { blocks, times: packer.pack(times.encoded()), points, series }
    }
}

/// Points in order of their columns, and where each column ends.
struct Columns {
    points: Vec<NumberPoint>,
    ends: Vec<usize>,
}

impl Columns {
    /// Counts how many points each column has, then puts each where it belongs.
    fn of(points: &[NumberPoint], columns: usize) -> Self {
        let mut ends = vec![0_usize; columns];
        for point in points {
            if let Some(end) = ends.get_mut(point.column as usize) {
                *end += 1;
            }
        }
        let mut begin = 0;
        for end in &mut ends {
            begin += std::mem::replace(end, begin);
        }
        let mut sorted = vec![NumberPoint::default(); points.len()];
        for point in points {
            if let Some(next) = ends.get_mut(point.column as usize)
                && let Some(place) = sorted.get_mut(*next)
            {
                *place = *point;
                *next += 1;
            }
        }
        Self { points: sorted, ends }
    }

    fn get(&self, column: usize) -> &[NumberPoint] {
        let end = self.ends.get(column).copied().unwrap_or_default();
        let begin = column.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        self.points.get(begin.unwrap_or_default()..end).unwrap_or_default()
    }
}
