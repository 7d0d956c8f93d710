//! Questions about metrics, asked of the files and of what is not yet in one.

mod collecting_points;
mod reading_blocks;
mod series_met;

use std::collections::{BTreeMap, BTreeSet};

use self::collecting_points::CollectingPoints;
use self::reading_blocks::{ReadBlock, Stop, Wanted, for_each_chunk};
use self::series_met::{SeriesMet, SeriesParts};
use super::SeriesStore;
use super::piece::{BlockSeries, Chunk, number_point, unpack};
use super::taking_apart::data_field_of;
use crate::otlp::wire::put_fields;
use crate::otlp::{Batch, Signal};
use crate::store::grouped_items::{GroupedItems, Level};
use crate::store::metrics::cataloguing::Cataloguing;
use crate::store::{
    Answer, Cut, Facet, Field, Filter, Limits, MetricCatalogueEntry, MetricQuery, MetricSeries, StoreError,
    TimeRange,
};

/// How many items a batch of an export has at most.
const EXPORTED_ITEMS: usize = 4_096;

impl SeriesStore {
    /// One metric over time.
    pub fn query_metric(
        &self,
        query: &MetricQuery,
        limits: &Limits,
    ) -> Result<Answer<Vec<MetricSeries>>, StoreError> {
        let mut collecting = CollectingPoints::new(query, limits)?;
        let wanted = Wanted::Name(&query.name);
        let cut = self.read_blocks(wanted, collecting.read(), limits, &mut |block| collecting.take(block))?;
        collecting.answer(cut)
    }

    /// What metrics there are; only those called `name` where one is given.
    pub fn metric_catalogue(
        &self,
        range: TimeRange,
        name: Option<&str>,
        limits: &Limits,
    ) -> Result<Answer<Vec<MetricCatalogueEntry>>, StoreError> {
        let wanted = name.map_or(Wanted::Headers, Wanted::HeadersOf);
        let mut met = SeriesMet::<Option<u64>>::default();
        let cut = self.read_blocks(wanted, range, limits, &mut |block| {
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
        let mut export_block = |block: &ReadBlock<'_>| {
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
                })?;
                Ok(())
            })?;
            full.push(items);
            let batches = full.into_iter().map(GroupedItems::into_batch);
            batches.filter(|batch| !batch.is_empty()).try_for_each(&mut *take).map_err(Stop::Store)
        };
        self.read_blocks(Wanted::Everything, range, &Limits::NONE, &mut export_block).map(drop)
    }

    /// How many points each series has in `range`.
    fn count_points(
        &self,
        range: TimeRange,
        limits: &Limits,
    ) -> Result<(SeriesMet<u64>, Option<Cut>), StoreError> {
        let mut met = SeriesMet::default();
        let cut = self.read_blocks(Wanted::Headers, range, limits, &mut |block| {
            for_each_chunk(block, range, |chunk, series| {
                let (points, _) = points_in(block, chunk, range)?;
                *met.note(series) += points;
                Ok(())
            })
        })?;
        Ok((met, cut))
    }
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
