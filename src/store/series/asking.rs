//! Questions about metrics, asked of the files and of what is not yet in one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use rusqlite::{Connection, params};

use super::piece::{
    BlockContents, BlockHeader, BlockSeries, Chunk, ChunkPoint, damaged, number_point, unpack, unpack_times,
};
use super::taking_apart::{attributes_field, data_field_of};
use super::{SeriesFormat, SeriesStore};
use crate::otlp::wire::put_fields;
use crate::otlp::{
    Batch, ExponentialHistogramDataPointView, HistogramDataPointView, KeyValueView, List, MetricView,
    NumberDataPointView, ResourceGroup, ScopeGroup, Signal, SummaryDataPointView, View,
};
use crate::store::engine::view::View as SignalView;
use crate::store::grouped_items::{GroupedItems, Level};
use crate::store::metrics::aggregating::Aggregating;
use crate::store::metrics::cataloguing::Cataloguing;
use crate::store::metrics::series_header::SeriesHeader;
use crate::store::metrics::series_point::{PointValue, SeriesPoint, exemplars};
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
        let (aggregating, cut) = self.ask(
            Wanted::Name(&query.name),
            query.range,
            limits,
            Aggregating::new(query)?,
            |aggregating, block| aggregate(aggregating, block, query.range),
        )?;
        aggregating.answer(limits, cut)
    }

    /// What metrics there are.
    pub fn metric_catalogue(
        &self,
        range: TimeRange,
        limits: &Limits,
    ) -> Result<Answer<Vec<MetricCatalogueEntry>>, StoreError> {
        let (cataloguing, cut) =
            self.ask(Wanted::Headers, range, limits, Cataloguing::default(), |cataloguing, block| {
                for_each_chunk(block, range, |chunk, series| {
                    let (_, newest) = points_in(block, chunk, range)?;
                    if let (Some(newest), Some(parts)) = (newest, series.parts()) {
                        let description = parts.metric.description.to_str();
                        if let Some(header) = parts.header() {
                            cataloguing.add(&header, &description, newest);
                        }
                    }
                    Ok(())
                })
            })?;
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
        let (counts, cut) = self.ask(
            Wanted::Headers,
            range,
            limits,
            vec![BTreeMap::<String, u64>::new(); fields.len()],
            |counts, block| {
                for_each_chunk(block, range, |chunk, series| {
                    let Some(parts) = series.parts() else {
                        return Ok(());
                    };
                    let Some(header) = parts.header().filter(|header| filter.fits(header.placed())) else {
                        return Ok(());
                    };
                    let (points, _) = points_in(block, chunk, range)?;
                    for (field, counts) in fields.iter().zip(counts.iter_mut()) {
                        if let Some(value) = header.placed().value(field).filter(|_| points > 0) {
                            *counts.entry(value.to_text().into_owned()).or_default() += points;
                        }
                    }
                    Ok(())
                })
            },
        )?;
        let facets = fields.iter().zip(counts).map(|(field, counts)| Facet::of(field, counts, values_each));
        Ok(Answer { value: facets.collect(), cut })
    }

    /// The attribute keys there are.
    pub fn attribute_keys(
        &self,
        range: TimeRange,
        limits: &Limits,
    ) -> Result<Answer<Vec<Field>>, StoreError> {
        let (keys, cut) = self.ask(Wanted::Headers, range, limits, BTreeSet::new(), |keys, block| {
            for_each_chunk(block, range, |chunk, series| {
                if let Some(parts) = series.parts()
                    && points_in(block, chunk, range)?.0 > 0
                {
                    let lists =
                        [parts.attributes, parts.scope.scope.attributes, parts.resource.resource.attributes];
                    let texts =
                        lists.into_iter().flatten().map(|attribute| attribute.key.to_str().into_owned());
                    keys.extend(texts);
                }
                Ok(())
            })
        })?;
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
                    FileError::Database(error) => {
                        StoreError::Engine(format!("{}: {error}", partition.path.display()))
                    }
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
        Wanted::Name(name) => ("name = ?2", name.as_bytes()),
        Wanted::Everything | Wanted::Headers => ("?2 IS NOT NULL", &b""[..]),
    };
    let data = if wanted == Wanted::Headers { "x''" } else { "data" };
    // The order by piece unpacks each list of times once.
    let mut statement = connection.prepare_cached(&format!(
        "SELECT metric_block.id, piece, first_unix_nano, last_unix_nano FROM metric_block
         JOIN piece ON piece.id = piece WHERE cut <= ?1 AND {condition} ORDER BY piece DESC, metric_block.id"
    ))?;
    let blocks: Vec<(i64, i64, i64, i64)> = statement
        .query_map(params![last_cut, name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut times = (None, Vec::new());
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
            times = (Some(piece), unpack_times(&encoded)?);
        }
        visit_block(&times.1, &header, &data, visit)?;
    }
    Ok(None)
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

fn aggregate(
    aggregating: &mut Aggregating<'_>,
    block: &ReadBlock<'_>,
    range: TimeRange,
) -> Result<(), StoreError> {
    let data = unpack(block.packed_data)?;
    for_each_chunk(block, range, |chunk, series| {
        let Some(parts) = series.parts() else {
            return Ok(());
        };
        let Some(header) = parts.header().filter(|header| aggregating.wants(header)) else {
            return Ok(());
        };
        let (mut points, mut examples) = (Vec::new(), Vec::new());
        chunk.for_each_point(block.times, &data, |unix_nano, start_unix_nano, value| {
            if !range.contains(unix_nano) {
                return;
            }
            let value = match value {
                ChunkPoint::Integer(value) => value as f64,
                ChunkPoint::Double(bits) => f64::from_bits(bits),
                ChunkPoint::Other(bytes) => {
                    points.push(parts.other_point(bytes, &mut examples));
                    return;
                }
            };
            points.push(SeriesPoint { unix_nano, start_unix_nano, value: PointValue::Number(value) });
        })?;
        aggregating.add(&header, points, examples);
        Ok(())
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
            Self::Name(wanted) => wanted.as_bytes() == name,
            Self::Everything | Self::Headers => true,
        }
    }
}

const fn overlaps(range: TimeRange, first: u64, last: u64) -> bool {
    first < range.to_unix_nano && last >= range.from_unix_nano
}

/// A series of a block, read.
struct SeriesParts<'a> {
    resource: ResourceGroup<'a>,
    scope: ScopeGroup<'a>,
    metric: MetricView<'a>,
    data_field: u32,
    attributes: List<'a, KeyValueView<'a>>,
}

impl<'a> BlockSeries<'a> {
    fn parts(self) -> Option<SeriesParts<'a>> {
        let data_field = data_field_of(self.metric)?;
        Some(SeriesParts {
            resource: ResourceGroup::parse(self.resource),
            scope: ScopeGroup::parse(self.scope),
            metric: MetricView::parse(self.metric),
            data_field,
            attributes: List::of(self.attributes, attributes_field(data_field)?),
        })
    }
}

impl SeriesParts<'_> {
    fn header(&self) -> Option<SeriesHeader<'_>> {
        SeriesHeader::of(&self.resource.resource, &self.scope.scope, &self.metric, self.attributes)
    }

    /// A point that is more than a number, without its attributes.
    fn other_point(&self, bytes: &[u8], examples: &mut Vec<ExemplarOfTime>) -> SeriesPoint {
        match self.data_field {
            9 => {
                let point = HistogramDataPointView::parse(bytes);
                examples.extend(exemplars(point.exemplars));
                SeriesPoint::of_histogram(&point)
            }
            10 => {
                let point = ExponentialHistogramDataPointView::parse(bytes);
                examples.extend(exemplars(point.exemplars));
                SeriesPoint::of_exponential(&point)
            }
            11 => SeriesPoint::of_summary(&SummaryDataPointView::parse(bytes)),
            _ => {
                let point = NumberDataPointView::parse(bytes);
                examples.extend(exemplars(point.exemplars));
                SeriesPoint::of_number(&point)
            }
        }
    }
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
