//! The points of a metric on their way from blocks to an answer.

use std::collections::BTreeSet;

use super::reading_blocks::{ReadBlock, Stop};
use crate::store::metrics::aggregating::fingerprint::{ByFingerprint, Fingerprinting};
use crate::store::metrics::aggregating::{Aggregating, SeriesPlace};
use crate::store::metrics::series_point::{PointValue, SeriesPoint};
use crate::store::series::piece::{BlockSeries, Chunk, ChunkPoint, ReadTimes, damaged, unpack};
use crate::store::{Answer, Cut, ExemplarOfTime, Limits, MetricQuery, MetricSeries, StoreError, TimeRange};

/// Collects the points that a question is about.
pub(super) struct CollectingPoints<'q> {
    aggregating: Aggregating<'q>,
    asked: TimeRange,
    fingerprinting: Fingerprinting,
    /// Where series are collected, by the bytes of what stands above their points and of their attributes; none for those
    /// that are not.
    places: ByFingerprint<Option<SeriesPlace>>,
    /// Room for the points of a chunk.
    points: Vec<SeriesPoint>,
    examples: Vec<ExemplarOfTime>,
}

impl<'q> CollectingPoints<'q> {
    pub fn new(query: &'q MetricQuery, limits: &Limits) -> Result<Self, StoreError> {
        Ok(Self {
            aggregating: Aggregating::new(query, limits)?,
            asked: query.range,
            fingerprinting: Fingerprinting::default(),
            places: ByFingerprint::default(),
            points: Vec::new(),
            examples: Vec::new(),
        })
    }

    /// The range of points to be read.
    pub const fn read(&self) -> TimeRange {
        self.aggregating.read()
    }

    /// Takes the points of a block.
    pub fn take(&mut self, block: &ReadBlock<'_>) -> Result<(), Stop> {
        // What a block before was found damaged at.
        self.points.clear();
        self.examples.clear();
        let data = unpack(block.packed_data)?;
        let read = self.read();
        let places = self.places_in(block)?;
        let mut in_order: Vec<SeriesPlace> = places.iter().flatten().copied().collect();
        in_order.sort_unstable();
        let pairs = in_order.iter().zip(in_order.iter().skip(1));
        let comes_again: BTreeSet<SeriesPlace> =
            pairs.filter(|(one, next)| one == next).map(|(one, _)| *one).collect();
        let mut chunks = block.contents.chunks.as_slice();
        // The chunks of a series follow each other.
        while let Some(first) = chunks.first() {
            let (of_series, rest) =
                chunks.split_at(chunks.partition_point(|chunk| chunk.series == first.series));
            chunks = rest;
            let Some(place) = places.get(first.series).copied().flatten() else {
                continue;
            };
            let series = block.contents.series(first).ok_or_else(damaged)?;
            for chunk in of_series.iter().filter(|chunk| chunk.overlaps(read)) {
                self.collect(chunk, series, block.times, &data, read)?;
            }
            // A series of two encodings comes twice; its points must be put in order first.
            let settled_after = if comes_again.contains(&place) { u64::MAX } else { block.latest_of_rest };
            self.aggregating.add(place, &mut self.points, &mut self.examples, settled_after);
        }
        self.aggregating.is_full().map_or(Ok(()), |cut| Err(Stop::Cut(cut)))
    }

    /// Where the series of a block are collected; none for those that are not.
    fn places_in(&mut self, block: &ReadBlock<'_>) -> Result<Vec<Option<SeriesPlace>>, Stop> {
        let mut places = Vec::new();
        let read = self.read();
        for chunk in block.contents.chunks.iter().filter(|chunk| chunk.overlaps(read)) {
            if chunk.series >= places.len() {
                places.resize(chunk.series, None);
                places.push(self.place(block.contents.series(chunk).ok_or_else(damaged)?));
            }
        }
        Ok(places)
    }

    /// Collects the points of a chunk.
    fn collect(
        &mut self,
        chunk: &Chunk,
        series: BlockSeries<'_>,
        times: &ReadTimes,
        data: &[u8],
        read: TimeRange,
    ) -> Result<(), StoreError> {
        let Self { points, examples, asked, .. } = self;
        chunk.for_each_point(times, data, |unix_nano, start_unix_nano, value| {
            if !read.contains(unix_nano) {
                return;
            }
            let value = match value {
                ChunkPoint::Integer(value) => value as f64,
                ChunkPoint::Double(bits) => f64::from_bits(bits),
                ChunkPoint::Other(bytes) => {
                    let examples = asked.contains(unix_nano).then_some(&mut *examples);
                    let mut point = series.other_point(bytes, examples);
                    share_bounds(&mut point, points.last());
                    points.push(point);
                    return;
                }
            };
            points.push(SeriesPoint { unix_nano, start_unix_nano, value: PointValue::Number(value) });
        })
    }

    /// The answer, which `cut` cut.
    pub fn answer(self, cut: Option<Cut>) -> Result<Answer<Vec<MetricSeries>>, StoreError> {
        self.aggregating.answer(cut)
    }

    fn place(&mut self, series: BlockSeries<'_>) -> Option<SeriesPlace> {
        let above = [series.resource, series.scope, series.metric];
        let fingerprint =
            self.fingerprinting.of_parts(&above.map(|part| self.fingerprinting.of(part)), series.attributes);
        *self.places.entry(fingerprint).or_insert_with(|| {
            let parts = series.parts()?;
            self.aggregating.place(&parts.header()?)
        })
    }
}

/// Mostly the points of a series have the same bounds.
fn share_bounds(point: &mut SeriesPoint, before: Option<&SeriesPoint>) {
    if let (PointValue::Distribution(new), Some(PointValue::Distribution(before))) =
        (&mut point.value, before.map(|before| &before.value))
    {
        new.share_bounds(before);
    }
}
