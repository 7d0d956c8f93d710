//! Questions about metrics, asked of the files and of what is not yet in one.

mod series_met;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use rusqlite::{Connection, params};

use self::series_met::{SeriesMet, SeriesParts};
use super::piece::{
    BlockContents, BlockHeader, BlockSeries, Chunk, ChunkPoint, damaged, number_point, unpack, unpack_times,
};
use super::taking_apart::data_field_of;
use super::{SeriesFormat, SeriesStore};
use crate::otlp::wire::put_fields;
use crate::otlp::{Batch, Signal};
use crate::store::engine::engine_error;
use crate::store::engine::view::View as SignalView;
use crate::store::grouped_items::{GroupedItems, Level};
use crate::store::metrics::aggregating::Aggregating;
use crate::store::metrics::cataloguing::Cataloguing;
use crate::store::metrics::series_point::{PointValue, SeriesPoint};
use crate::store::{
    Answer, Cut, ExemplarOfTime, Facet, Field, Filter, Limits, MetricCatalogueEntry, MetricQuery,
    MetricSeries, StoreError, TimeRange,
};

/// How many items a batch of an export has at most.
const EXPORTED_ITEMS: usize = 4_096;

/// A block that is read: what is in it, the lists of times of its piece, and its chunks, which many questions do not
/// look at.
struct ReadBlock<'a> {
    contents: BlockContents<'a>,
    times: &'a [Vec<u64>],
    packed_data: &'a [u8],
}

/// What a question reads of each block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted<'n> {
    /// Everything in blocks of this metric name.
    Name(&'n str),
    /// The headers of blocks of this metric name.
    HeadersOf(&'n str),
    /// Everything in all blocks.
    Everything,
    /// The headers of all blocks.
    Headers,
}

impl SeriesStore {
    /// One metric over time.
    pub fn query_metric(
        &self,
        query: &MetricQuery,
        limits: &Limits,
    ) -> Result<Answer<Vec<MetricSeries>>, StoreError> {
        let mut aggregating = Aggregating::new(query)?;
        let (met, cut) = self.ask(
            Wanted::Name(&query.name),
            query.range,
            limits,
            SeriesMet::<QueriedSeries>::default(),
            |met, block| collect_points(met, &aggregating, block, query.range),
        )?;
        met.for_each(|series, queried| {
            if let Some(header) = series.parts().as_ref().and_then(SeriesParts::header) {
                aggregating.add(&header, queried.points, queried.examples);
            }
        });
        aggregating.answer(limits, cut)
    }

    /// What metrics there are; only those called `name` where one is given.
    pub fn metric_catalogue(
        &self,
        range: TimeRange,
        name: Option<&str>,
        limits: &Limits,
    ) -> Result<Answer<Vec<MetricCatalogueEntry>>, StoreError> {
        let wanted = name.map_or(Wanted::Headers, Wanted::HeadersOf);
        let (met, cut) =
            self.ask(wanted, range, limits, SeriesMet::<Option<u64>>::default(), |met, block| {
                for_each_chunk(block, range, |chunk, series| {
                    let (_, newest) = points_in(block, chunk, range)?;
                    let known = met.note(series);
                    *known = (*known).max(newest);
                    Ok(())
                })
            })?;
        let mut cataloguing = Cataloguing::default();
        met.for_each(|series, newest| {
            if let (Some(newest), Some(parts)) = (newest, series.parts())
                && let Some(header) = parts.header()
            {
                cataloguing.add(&header, &parts.metric.description.to_str(), newest);
            }
        });
        Ok(cataloguing.answer(limits, cut))
    }

    /// The most frequent values of fields.
    pub fn facets(
        &self,
        range: TimeRange,
        filter: &Filter,
        fields: &[Field],
        values_each: usize,
        limits: &Limits,
    ) -> Result<Answer<Vec<Facet>>, StoreError> {
        let (met, cut) = self.count_points(range, limits)?;
        let mut counts = vec![BTreeMap::<String, u64>::new(); fields.len()];
        met.for_each(|series, points| {
            let parts = series.parts().filter(|_| points > 0);
            let header = parts.as_ref().and_then(SeriesParts::header);
            let Some(header) = header.filter(|header| filter.fits(header.placed())) else {
                return;
            };
            for (field, counts) in fields.iter().zip(counts.iter_mut()) {
                if let Some(value) = header.placed().value(field) {
                    *counts.entry(value.to_text().into_owned()).or_default() += points;
                }
            }
        });
        let facets = fields.iter().zip(counts).map(|(field, counts)| Facet::of(field, counts, values_each));
        Ok(Answer { value: facets.collect(), cut })
    }

    /// The attribute keys there are.
    pub fn attribute_keys(
        &self,
        range: TimeRange,
        limits: &Limits,
    ) -> Result<Answer<Vec<Field>>, StoreError> {
        let (met, cut) = self.count_points(range, limits)?;
        let mut keys = BTreeSet::new();
        met.for_each(|series, points| {
            let Some(parts) = series.parts().filter(|_| points > 0) else {
                return;
            };
            let lists = [parts.attributes, parts.scope.scope.attributes, parts.resource.resource.attributes];
            keys.extend(lists.into_iter().flatten().map(|attribute| attribute.key.to_str().into_owned()));
        });
        let is_cut = keys.len() > limits.rows;
        let keys = keys.into_iter().take(limits.rows).map(Field::Attribute).collect();
        Ok(Answer { value: keys, cut: cut.or(is_cut.then_some(Cut::Rows)) })
    }

    /// Every point in `range`, in batches.
    pub fn export(
        &self,
        range: TimeRange,
        take: &mut dyn FnMut(Batch) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let export_block = |(): &mut (), block: &ReadBlock<'_>| {
            let mut full = Vec::new();
            let mut items = GroupedItems::new(Signal::Metrics);
            let data = unpack(block.packed_data)?;
            for_each_chunk(block, range, |chunk, series| {
                let levels = OwnedLevels::of(series);
                chunk.for_each_point(block.times, &data, |time, start, value| {
                    if range.contains(time) {
                        let point = series.whole_point(&number_point(time, start, value));
                        items.push(&levels.levels(), 1, &point);
                    }
                    if items.items() >= EXPORTED_ITEMS {
                        full.push(std::mem::replace(&mut items, GroupedItems::new(Signal::Metrics)));
                    }
                })
            })?;
            full.push(items);
            let batches = full.into_iter().map(GroupedItems::into_batch);
            batches.filter(|batch| !batch.is_empty()).try_for_each(&mut *take)
        };
        self.ask(Wanted::Everything, range, &Limits::NONE, (), export_block).map(drop)
    }

    /// How many points each series has in `range`.
    fn count_points(
        &self,
        range: TimeRange,
        limits: &Limits,
    ) -> Result<(SeriesMet<u64>, Option<Cut>), StoreError> {
        self.ask(Wanted::Headers, range, limits, SeriesMet::default(), |met, block| {
            for_each_chunk(block, range, |chunk, series| {
                let (points, _) = points_in(block, chunk, range)?;
                *met.note(series) += points;
                Ok(())
            })
        })
    }

    /// Reads all blocks that are wanted into `state`, the newest files first.
    fn ask<T>(
        &self,
        wanted: Wanted<'_>,
        range: TimeRange,
        limits: &Limits,
        mut state: T,
        mut visit: impl FnMut(&mut T, &ReadBlock<'_>) -> Result<(), StoreError>,
    ) -> Result<(T, Option<Cut>), StoreError> {
        // A piece put together of cuts before and after the view would be of neither.
        let _as_they_are = self.pieces_stay.read();
        let view = self.signal.view();
        let mut budget = Budget { limits, bytes: 0 };
        let cut =
            self.read_blocks(&view, wanted, range, &mut budget, &mut |block| visit(&mut state, block))?;
        Ok((state, cut))
    }

    fn read_blocks(
        &self,
        view: &SignalView<SeriesFormat>,
        wanted: Wanted<'_>,
        range: TimeRange,
        budget: &mut Budget<'_>,
        visit: &mut dyn FnMut(&ReadBlock<'_>) -> Result<(), StoreError>,
    ) -> Result<Option<Cut>, StoreError> {
        for routed in view.open.pieces() {
            let mut times = None;
            for block in &routed.piece.blocks {
                let is_wanted = wanted.has(&block.name) && overlaps(range, block.first, block.last);
                if !is_wanted {
                    continue;
                }
                if let Some(cut) = budget.spend(block.header.len() + block.data.len()) {
                    return Ok(Some(cut));
                }
                if times.is_none() {
                    times = Some(unpack_times(&routed.piece.times)?);
                }
                visit_block(times.as_deref().unwrap_or_default(), &block.header, &block.data, visit)?;
            }
        }
        for partition in view.partitions_in(range).rev() {
            let read = self.signal.read(partition, |connection| {
                let read = read_file(connection, view.last_cut, wanted, range, budget, visit);
                read.map_err(|error| match error {
                    FileError::Store(error) => error,
                    FileError::Database(error) => engine_error(&partition.path, &error),
                })
            })?;
            if let Some(Some(cut)) = read {
                return Ok(Some(cut));
            }
        }
        Ok(None)
    }
}

/// Why a file could not be read.
enum FileError {
    Store(StoreError),
    Database(rusqlite::Error),
}

impl From<StoreError> for FileError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for FileError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

fn read_file(
    connection: &Connection,
    last_cut: u64,
    wanted: Wanted<'_>,
    range: TimeRange,
    budget: &mut Budget<'_>,
    visit: &mut dyn FnMut(&ReadBlock<'_>) -> Result<(), StoreError>,
) -> Result<Option<Cut>, FileError> {
    let last_cut = last_cut.cast_signed();
    let (condition, name) = match wanted {
        Wanted::Name(name) | Wanted::HeadersOf(name) => ("name = ?2", name.as_bytes()),
        Wanted::Everything | Wanted::Headers => ("?2 IS NOT NULL", &b""[..]),
    };
    let data = match wanted {
        Wanted::Headers | Wanted::HeadersOf(_) => "x''",
        Wanted::Name(_) | Wanted::Everything => "data",
    };
    // The order by piece unpacks each list of times once.
    let mut statement = connection.prepare_cached(&format!(
        "SELECT metric_block.id, piece, first_unix_nano, last_unix_nano FROM metric_block
         JOIN piece ON piece.id = piece WHERE cut <= ?1 AND {condition} ORDER BY piece DESC, metric_block.id"
    ))?;
    let blocks: Vec<(i64, i64, i64, i64)> = statement
        .query_map(params![last_cut, name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let (mut times, mut damage) = ((None, Vec::new()), None);
    for (id, piece, first, last) in blocks {
        if !overlaps(range, first.cast_unsigned(), last.cast_unsigned()) {
            continue;
        }
        let (header, data): (Vec<u8>, Vec<u8>) = connection
            .prepare_cached(&format!("SELECT header, {data} FROM metric_block WHERE id = ?"))?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if let Some(cut) = budget.spend(header.len() + data.len()) {
            return Ok(Some(cut));
        }
        if times.0 != Some(piece) {
            let encoded: Vec<u8> = connection
                .prepare_cached("SELECT times FROM piece WHERE id = ?")?
                .query_row([piece], |row| row.get(0))?;
            // Without its times each block is found to be damaged below.
            times = (Some(piece), unpack_times(&encoded).unwrap_or_default());
        }
        match visit_block(&times.1, &header, &data, visit) {
            Err(StoreError::Damaged(what)) => damage = Some(what),
            visited => visited?,
        }
    }
    // Said when the others have been read.
    damage.map_or(Ok(None), |damage| Err(StoreError::Damaged(damage).into()))
}

fn visit_block(
    times: &[Vec<u64>],
    header: &[u8],
    data: &[u8],
    visit: &mut dyn FnMut(&ReadBlock<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let header = BlockHeader::unpack(header)?;
    visit(&ReadBlock { contents: header.contents()?, times, packed_data: data })
}

fn for_each_chunk<'a>(
    block: &ReadBlock<'a>,
    range: TimeRange,
    mut visit: impl FnMut(&Chunk, BlockSeries<'a>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    for chunk in block.contents.chunks.iter().filter(|chunk| overlaps(range, chunk.first, chunk.last)) {
        visit(chunk, block.contents.series(chunk).ok_or_else(damaged)?)?;
    }
    Ok(())
}

/// How many points of a chunk lie in `range`, and the time of the newest of them.
fn points_in(
    block: &ReadBlock<'_>,
    chunk: &Chunk,
    range: TimeRange,
) -> Result<(u64, Option<u64>), StoreError> {
    if range.contains(chunk.first) && range.contains(chunk.last) {
        return Ok((chunk.points as u64, Some(chunk.last)));
    }
    let (mut points, mut newest) = (0, None);
    for time in chunk.times(block.times)?.iter().filter(|time| range.contains(**time)) {
        points += 1;
        newest = newest.max(Some(*time));
    }
    Ok((points, newest))
}

/// A series of the metric asked about.
#[derive(Default)]
struct QueriedSeries {
    /// True where it is wanted; none while nobody looked.
    is_wanted: Option<bool>,
    points: Vec<SeriesPoint>,
    examples: Vec<ExemplarOfTime>,
}

fn collect_points(
    met: &mut SeriesMet<QueriedSeries>,
    aggregating: &Aggregating<'_>,
    block: &ReadBlock<'_>,
    range: TimeRange,
) -> Result<(), StoreError> {
    let data = unpack(block.packed_data)?;
    for_each_chunk(block, range, |chunk, series| {
        let QueriedSeries { is_wanted, points, examples } = met.note(series);
        let look = || {
            let parts = series.parts();
            parts.as_ref().and_then(SeriesParts::header).is_some_and(|header| aggregating.wants(&header))
        };
        if !*is_wanted.get_or_insert_with(look) {
            return Ok(());
        }
        chunk.for_each_point(block.times, &data, |unix_nano, start_unix_nano, value| {
            if !range.contains(unix_nano) {
                return;
            }
            let value = match value {
                ChunkPoint::Integer(value) => value as f64,
                ChunkPoint::Double(bits) => f64::from_bits(bits),
                ChunkPoint::Other(bytes) => {
                    let mut point = series.other_point(bytes, examples);
                    if let (PointValue::Distribution(new), Some(PointValue::Distribution(before))) =
                        (&mut point.value, points.last().map(|before| &before.value))
                    {
                        new.share_bounds(before);
                    }
                    points.push(point);
                    return;
                }
            };
            points.push(SeriesPoint { unix_nano, start_unix_nano, value: PointValue::Number(value) });
        })
    })
}

/// What a question may still read.
struct Budget<'l> {
    limits: &'l Limits,
    bytes: u64,
}

impl Budget<'_> {
    /// Why no more may be read; none where it may.
    fn spend(&mut self, bytes: usize) -> Option<Cut> {
        let before = self.bytes;
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if before > 0 && self.bytes > self.limits.bytes {
            return Some(Cut::Bytes);
        }
        self.limits.deadline.is_some_and(|deadline| Instant::now() >= deadline).then_some(Cut::Time)
    }
}

impl Wanted<'_> {
    fn has(self, name: &[u8]) -> bool {
        match self {
            Self::Name(wanted) | Self::HeadersOf(wanted) => wanted.as_bytes() == name,
            Self::Everything | Self::Headers => true,
        }
    }
}

const fn overlaps(range: TimeRange, first: u64, last: u64) -> bool {
    first < range.to_unix_nano && last >= range.from_unix_nano
}

/// What stands above the points of a series in a request, taken apart once for all of them.
struct OwnedLevels<'a> {
    resource: &'a [u8],
    scope: &'a [u8],
    metric: Vec<u8>,
    data_field: u32,
    data: Vec<u8>,
}

impl<'a> OwnedLevels<'a> {
    fn of(series: BlockSeries<'a>) -> Self {
        let data_field = data_field_of(series.metric).unwrap_or_default();
        let (mut metric, mut data) = (Vec::new(), Vec::new());
        put_fields(&mut metric, series.metric, |number, value| {
            if number == data_field {
                data = value.bytes().to_vec();
            }
            number != data_field
        });
        Self { resource: series.resource, scope: series.scope, metric, data_field, data }
    }

    fn levels(&self) -> [Level<'_>; 4] {
        [
            Level { field_number: 1, header: self.resource },
            Level { field_number: 2, header: self.scope },
            Level { field_number: 2, header: &self.metric },
            Level { field_number: self.data_field, header: &self.data },
        ]
    }
}
