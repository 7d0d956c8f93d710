//! Blocks read again: what is in them by their headers, and the points of their chunks.

use std::borrow::Cow;

use super::Form;
use super::packing::{damaged, unpack};
use super::time_lists::ReadTimes;
use crate::store::series::columns::{Reader, read_doubles, read_integers};
use crate::store::series::series_numbers::Above;
use crate::store::series::words::read_alike;
use crate::store::{StoreError, TimeRange};

/// An unpacked header of a block.
#[derive(Debug, Default)]
pub struct BlockHeader {
    unpacked: Vec<u8>,
}

/// A block's header taken apart.
#[derive(Debug, Default)]
pub struct BlockContents<'a> {
    resources: Vec<&'a [u8]>,
    scopes: Vec<&'a [u8]>,
    metrics: Vec<&'a [u8]>,
    series: Vec<(Above, &'a [u8])>,
    /// The chunks in order.
    pub chunks: Vec<Chunk>,
}

/// A series of a block.
#[derive(Debug, Clone, Copy)]
pub struct BlockSeries<'a> {
    /// The header of its resource group.
    pub resource: &'a [u8],
    /// The header of its scope group.
    pub scope: &'a [u8],
    /// Its metric without points.
    pub metric: &'a [u8],
    /// Its encoded attributes, with the keys of their fields.
    pub attributes: &'a [u8],
}

/// Points of one series.
#[derive(Debug, Clone, Copy)]
pub struct Chunk {
    /// The place of its series in the block.
    pub series: usize,
    form: Form,
    /// How many points there are.
    pub points: usize,
    /// Which list of times it has.
    times: usize,
    /// The time of the oldest point.
    pub first: u64,
    /// The time of the newest point.
    pub last: u64,
    begin: usize,
    length: usize,
}

/// A point out of a chunk.
#[derive(Debug, Clone, Copy)]
pub enum ChunkPoint<'a> {
    /// An integer.
    Integer(i64),
    /// The bits of a double.
    Double(u64),
    /// A whole point but for its attributes.
    Other(&'a [u8]),
}

impl BlockHeader {
    /// Unpacks the header of a block.
    pub fn unpack(header: &[u8]) -> Result<Self, StoreError> {
        Ok(Self { unpacked: unpack(header)? })
    }

    /// Takes it apart.
    pub fn contents(&self) -> Result<BlockContents<'_>, StoreError> {
        let mut reader = Reader(&self.unpacked);
        read_contents(&mut reader).ok_or_else(damaged)
    }
}

impl<'a> BlockContents<'a> {
    /// The series of a chunk.
    pub fn series(&self, chunk: &Chunk) -> Option<BlockSeries<'a>> {
        let (above, attributes) = self.series.get(chunk.series)?;
        Some(BlockSeries {
            resource: self.resources.get(above.resource as usize)?,
            scope: self.scopes.get(above.scope as usize)?,
            metric: self.metrics.get(above.metric as usize)?,
            attributes,
        })
    }
}

impl Chunk {
    /// True where it may have points in `range`.
    pub const fn overlaps(&self, range: TimeRange) -> bool {
        range.meets(self.first, self.last)
    }

    /// The times of its points, of all lists of times of its piece.
    pub fn times<'t>(&self, times: &'t ReadTimes) -> Result<&'t [u64], StoreError> {
        times.get(self.times).filter(|times| times.len() == self.points).ok_or_else(damaged)
    }

    /// Calls `visit` with each point of the chunk: time, start and value. The start of others is in their bytes.
    pub fn for_each_point(
        &self,
        times: &ReadTimes,
        data: &[u8],
        mut visit: impl FnMut(u64, u64, ChunkPoint<'_>),
    ) -> Result<(), StoreError> {
        let times = self.times(times)?;
        let end = self.begin.saturating_add(self.length);
        let mut reader = Reader(data.get(self.begin..end).ok_or_else(damaged)?);
        if self.form == Form::Others {
            for time in times {
                visit(*time, 0, ChunkPoint::Other(reader.sized().ok_or_else(damaged)?));
            }
            return Ok(());
        }
        if self.form == Form::Alike {
            let points = read_alike(&mut reader, self.points).ok_or_else(damaged)?;
            times.iter().zip(&points).for_each(|(time, point)| visit(*time, 0, ChunkPoint::Other(point)));
            return Ok(());
        }
        let starts = read_integers(&mut reader, self.points).ok_or_else(damaged)?;
        let places = times.iter().zip(starts).map(|(time, start)| (*time, start.cast_unsigned()));
        if self.form == Form::Integers {
            let values = read_integers(&mut reader, self.points).ok_or_else(damaged)?;
            places
                .zip(values)
                .for_each(|((time, start), value)| visit(time, start, ChunkPoint::Integer(value)));
        } else {
            let values = read_doubles(&mut reader, self.points).ok_or_else(damaged)?;
            places.zip(values).for_each(|((time, start), bits)| visit(time, start, ChunkPoint::Double(bits)));
        }
        Ok(())
    }
}

fn read_contents<'a>(reader: &mut Reader<'a>) -> Option<BlockContents<'a>> {
    let mut lists = [Vec::new(), Vec::new(), Vec::new()];
    for list in &mut lists {
        for _ in 0..reader.size()? {
            list.push(reader.sized()?);
        }
    }
    let [resources, scopes, metrics] = lists;
    let mut contents = BlockContents { resources, scopes, metrics, ..BlockContents::default() };
    for _ in 0..reader.size()? {
        let mut number = || u32::try_from(reader.varint()?).ok();
        let above = Above { resource: number()?, scope: number()?, metric: number()? };
        contents.series.push((above, reader.sized()?));
    }
    let mut begin = 0_usize;
    for _ in 0..reader.size()? {
        let series_and_form = reader.size()?;
        let form = match series_and_form & 3 {
            0 => Form::Integers,
            1 => Form::Doubles,
            2 => Form::Others,
            _ => Form::Alike,
        };
        let (points, times, first) = (reader.size()?, reader.size()?, reader.varint()?);
        let last = first.checked_add(reader.varint()?)?;
        let length = reader.size()?;
        contents.chunks.push(Chunk {
            series: series_and_form >> 2,
            form,
            points,
            times,
            first,
            last,
            begin,
            length,
        });
        begin = begin.checked_add(length)?;
    }
    Some(contents)
}

impl BlockSeries<'_> {
    /// The encoded attributes and a point without them, as one point.
    pub fn whole_point(&self, rest: &[u8]) -> Vec<u8> {
        [self.attributes, rest].concat()
    }
}

/// The bytes of a point of a gauge or sum without its attributes.
pub fn number_point(time: u64, start: u64, value: ChunkPoint<'_>) -> Cow<'_, [u8]> {
    let mut point = Vec::with_capacity(27);
    let mut put = |key: u8, bits: u64| {
        point.push(key);
        point.extend_from_slice(&bits.to_le_bytes());
    };
    if let ChunkPoint::Other(bytes) = value {
        return Cow::Borrowed(bytes);
    }
    // Fields 2, 3, 4 and 6, all of eight bytes.
    if start != 0 {
        put(0x11, start);
    }
    if time != 0 {
        put(0x19, time);
    }
    match value {
        ChunkPoint::Integer(value) => put(0x31, value.cast_unsigned()),
        ChunkPoint::Double(bits) => put(0x21, bits),
        ChunkPoint::Other(_) => {}
    }
    Cow::Owned(point)
}
