//! A piece: points of one piece of time as blocks, one for each metric name. Points of one series lie together as a
//! chunk; times are written once for all chunks that have the same.
//!
//! A block has a header (its resources, scopes, metrics, series and where the chunks are) and data (the chunks), each
//! compressed for itself, so that questions about what there is need no data.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::collecting::{Above, Collecting, NumberPoint, OtherPoint, data_field_of, name_of};
use super::columns::{Reader, put_doubles, put_integers, put_sized, read_doubles, read_integers};
use super::words::{alike, read_alike};
use crate::otlp::wire::put_varint;
use crate::store::StoreError;

/// What is shorter is not compressed.
const LEAST_TO_COMPRESS: usize = 64;

/// What a compressed part may unpack to, so that a damaged length asks for no absurd memory.
const MOST_UNPACKED: usize = 1 << 30;

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Integers,
    Doubles,
    Others,
    Alike,
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

impl MetricPiece {
    /// Makes a piece of points.
    pub fn of(collecting: &Collecting<'_>) -> Self {
        let numbers = by_column(&collecting.numbers, collecting.series.len() * 2);
        let mut others: Vec<&OtherPoint<'_>> = collecting.others.iter().collect();
        others.sort_by_key(|point| point.series);
        let mut by_name = BTreeMap::<&[u8], Vec<u32>>::new();
        for (number, series) in (0..).zip(&collecting.series) {
            let name = name_of(collecting.metrics.get(series.above.metric));
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
        let series = collecting.series.len() as u64;
        Self { blocks, times: packer.pack(&times.encoded), points, series }
    }
}

/// Points in order of their columns, and where each column ends.
struct Columns {
    points: Vec<NumberPoint>,
    ends: Vec<usize>,
}

/// Counts how many points each column has, then puts each where it belongs.
fn by_column(points: &[NumberPoint], columns: usize) -> Columns {
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
    let mut sorted = vec![NumberPoint { column: 0, time: 0, start: 0, bits: 0 }; points.len()];
    for point in points {
        if let Some(next) = ends.get_mut(point.column as usize)
            && let Some(place) = sorted.get_mut(*next)
        {
            *place = *point;
            *next += 1;
        }
    }
    Columns { points: sorted, ends }
}

impl Columns {
    fn get(&self, column: usize) -> &[NumberPoint] {
        let end = self.ends.get(column).copied().unwrap_or_default();
        let begin = column.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        self.points.get(begin.unwrap_or_default()..end).unwrap_or_default()
    }
}

/// Different lists of times, one behind the other.
#[derive(Default)]
struct TimeLists {
    encoded: Vec<u8>,
    known: HashMap<Vec<u64>, u64>,
    /// The list last asked for: series that are sent together have the same.
    recent: (Vec<u64>, u64),
}

impl TimeLists {
    fn number_of(&mut self, times: impl Iterator<Item = u64> + Clone) -> u64 {
        if times.clone().eq(self.recent.0.iter().copied()) && !self.recent.0.is_empty() {
            return self.recent.1;
        }
        let times: Vec<u64> = times.collect();
        let number = match self.known.get(&times) {
            Some(number) => *number,
            None => {
                let number = self.known.len() as u64;
                put_varint(&mut self.encoded, times.len() as u64);
                put_integers(&mut self.encoded, times.iter().map(|time| time.cast_signed()));
                self.known.insert(times.clone(), number);
                number
            }
        };
        self.recent = (times, number);
        number
    }
}

/// A block in the making.
#[derive(Default)]
struct BlockWriting {
    resources: LocalNumbers,
    scopes: LocalNumbers,
    metrics: LocalNumbers,
    series: Vec<u8>,
    series_count: u64,
    chunks: Vec<u8>,
    chunk_count: u64,
    data: Vec<u8>,
    points: u64,
    span: Option<(u64, u64)>,
}

/// Headers that a block has, in the order they were met.
#[derive(Default)]
struct LocalNumbers {
    numbers: HashMap<u32, u64>,
    encoded: Vec<u8>,
}

impl LocalNumbers {
    fn number_of(&mut self, global: u32, header: &[u8]) -> u64 {
        let next = self.numbers.len() as u64;
        *self.numbers.entry(global).or_insert_with(|| {
            put_sized(&mut self.encoded, header);
            next
        })
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.numbers.len() as u64);
        out.extend_from_slice(&self.encoded);
    }
}

impl BlockWriting {
    fn add(
        &mut self,
        collecting: &Collecting<'_>,
        number: u32,
        columns: &Columns,
        others: &[&OtherPoint<'_>],
        times: &mut TimeLists,
    ) {
        let Some(series) = collecting.series.get(number as usize) else {
            return;
        };
        let Above { resource, scope, metric } = series.above;
        let data_field = data_field_of(collecting.metrics.get(metric)).unwrap_or_default();
        let resource = self.resources.number_of(resource, collecting.resources.get(resource));
        let scope = self.scopes.number_of(scope, collecting.scopes.get(scope));
        let metric = self.metrics.number_of(metric, collecting.metrics.get(metric));
        for above in [resource, scope, metric] {
            put_varint(&mut self.series, above);
        }
        put_sized(&mut self.series, &series.attributes);
        self.series_count += 1;

        let column = number as usize * 2;
        for (form, points) in
            [(Form::Integers, columns.get(column)), (Form::Doubles, columns.get(column + 1))]
        {
            let list = times.number_of(points.iter().map(|point| point.time));
            let begin = self.data.len();
            if !points.is_empty() {
                put_integers(&mut self.data, points.iter().map(|point| point.start.cast_signed()));
                let bits = points.iter().map(|point| point.bits);
                match form {
                    Form::Integers => put_integers(&mut self.data, bits.map(u64::cast_signed)),
                    _ => put_doubles(&mut self.data, bits),
                }
            }
            self.add_chunk(form, points.iter().map(|point| point.time), list, begin);
        }

        let from = others.partition_point(|point| point.series < number);
        let to = others.partition_point(|point| point.series <= number);
        let points = others.get(from..to).unwrap_or_default();
        self.add_others(points, data_field, times);
    }

    /// Adds points of a series that are more than a number: those that are alike as columns, the rest as they came.
    fn add_others(&mut self, points: &[&OtherPoint<'_>], data_field: u32, times: &mut TimeLists) {
        let (groups, rest) = alike(points.iter().map(|point| &*point.bytes), data_field);
        for group in &groups {
            let of_group = group.places.iter().filter_map(|place| points.get(*place));
            let group_times = of_group.map(|point| point.time);
            let (list, begin) = (times.number_of(group_times.clone()), self.data.len());
            group.put(&mut self.data);
            self.add_chunk(Form::Alike, group_times, list, begin);
        }
        let rest = rest.iter().filter_map(|place| points.get(*place));
        let rest_times = rest.clone().map(|point| point.time);
        let (list, begin) = (times.number_of(rest_times.clone()), self.data.len());
        rest.for_each(|point| put_sized(&mut self.data, &point.bytes));
        self.add_chunk(Form::Others, rest_times, list, begin);
    }

    fn add_chunk(&mut self, form: Form, times: impl Iterator<Item = u64> + Clone, list: u64, begin: usize) {
        let (Some(first), Some(last)) = (times.clone().min(), times.clone().max()) else {
            return;
        };
        let points = times.count() as u64;
        let length = self.data.len().saturating_sub(begin) as u64;
        let series = self.series_count.saturating_sub(1);
        for number in [series << 2 | form as u64, points, list, first, last - first, length] {
            put_varint(&mut self.chunks, number);
        }
        self.chunk_count += 1;
        self.points += points;
        self.span = Some(self.span.map_or((first, last), |(from, to)| (from.min(first), to.max(last))));
    }

    fn block(self, name: &[u8], packer: &mut Packer) -> MetricBlock {
        let mut header = Vec::new();
        self.resources.put(&mut header);
        self.scopes.put(&mut header);
        self.metrics.put(&mut header);
        put_varint(&mut header, self.series_count);
        header.extend_from_slice(&self.series);
        put_varint(&mut header, self.chunk_count);
        header.extend_from_slice(&self.chunks);
        let (first, last) = self.span.unwrap_or_default();
        MetricBlock {
            name: name.to_vec(),
            first,
            last,
            points: self.points,
            header: packer.pack(&header),
            data: packer.pack(&self.data),
        }
    }
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
    /// The times of its points, of all lists of times of its piece.
    pub fn times<'t>(&self, times: &'t [Vec<u64>]) -> Result<&'t [u64], StoreError> {
        let times = times.get(self.times).filter(|times| times.len() == self.points);
        times.map(Vec::as_slice).ok_or_else(damaged)
    }

    /// Calls `visit` with each point of the chunk: time, start and value. The start of others is in their bytes.
    pub fn for_each_point(
        &self,
        times: &[Vec<u64>],
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

/// Unpacks the lists of times of a piece.
pub fn unpack_times(times: &[u8]) -> Result<Vec<Vec<u64>>, StoreError> {
    let unpacked = unpack(times)?;
    let mut reader = Reader(&unpacked);
    let mut lists = Vec::new();
    while !reader.0.is_empty() {
        let count = reader.size().filter(|count| *count <= MOST_UNPACKED / 8).ok_or_else(damaged)?;
        let times = read_integers(&mut reader, count).ok_or_else(damaged)?;
        lists.push(times.into_iter().map(i64::cast_unsigned).collect());
    }
    Ok(lists)
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

/// Compresses, with one working memory for all it is given.
struct Packer(Option<zstd::bulk::Compressor<'static>>);

impl Packer {
    fn new() -> Self {
        Self(zstd::bulk::Compressor::new(1).ok())
    }

    /// The bytes with the length they unpack to before them; 0 where they are as they were.
    fn pack(&mut self, bytes: &[u8]) -> Vec<u8> {
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

/// Undoes [`Packer::pack`].
pub fn unpack(packed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut reader = Reader(packed);
    match reader.size().filter(|length| *length <= MOST_UNPACKED).ok_or_else(damaged)? {
        0 => Ok(reader.0.to_vec()),
        length => zstd::bulk::decompress(reader.0, length).map_err(|_| damaged()),
    }
}

/// What is said of bytes that no piece has.
pub fn damaged() -> StoreError {
    StoreError::Engine("a block of metrics is damaged".to_owned())
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
