//! The series that a question meets, and what they are.

use std::collections::BTreeMap;

use crate::otlp::{
    ExponentialHistogramDataPointView, HistogramDataPointView, KeyValueView, List, MetricView,
    NumberDataPointView, ResourceGroup, ScopeGroup, SummaryDataPointView, View,
};
use crate::store::ExemplarOfTime;
use crate::store::metrics::series_header::SeriesHeader;
use crate::store::metrics::series_point::{SeriesPoint, exemplars};
use crate::store::series::piece::BlockSeries;
use crate::store::series::series_numbers::SeriesNumbers;
use crate::store::series::taking_apart::{attributes_field, data_field_of};

/// Series that are met in however many blocks, and what is noted of each. They are read once, when all were met.
#[derive(Default)]
pub struct SeriesMet<T> {
    numbers: SeriesNumbers,
    /// By number.
    notes: BTreeMap<u32, T>,
}

impl<T: Default> SeriesMet<T> {
    /// What is noted of a series.
    pub fn note(&mut self, series: BlockSeries<'_>) -> &mut T {
        let above = self.numbers.above([series.resource, series.scope, series.metric]);
        self.notes.entry(self.numbers.number_of(above, series.attributes)).or_default()
    }

    /// Calls `visit` with every series and its note.
    pub fn for_each(self, mut visit: impl FnMut(BlockSeries<'_>, T)) {
        let SeriesNumbers { resources, scopes, metrics, all, .. } = &self.numbers;
        for (series, note) in all.iter().zip(self.notes.into_values()) {
            let of_block = BlockSeries {
                resource: resources.get(series.above.resource),
                scope: scopes.get(series.above.scope),
                metric: metrics.get(series.above.metric),
                attributes: &series.attributes,
            };
            visit(of_block, note);
        }
    }
}

/// A series of a block, read.
pub struct SeriesParts<'a> {
    /// The header of its resource group.
    pub resource: ResourceGroup<'a>,
    /// The header of its scope group.
    pub scope: ScopeGroup<'a>,
    /// Its metric without points.
    pub metric: MetricView<'a>,
    /// Its attributes.
    pub attributes: List<'a, KeyValueView<'a>>,
}

impl<'a> BlockSeries<'a> {
    /// Reads it; none of a metric without data.
    pub fn parts(self) -> Option<SeriesParts<'a>> {
        let data_field = data_field_of(self.metric)?;
        Some(SeriesParts {
            resource: ResourceGroup::parse(self.resource),
            scope: ScopeGroup::parse(self.scope),
            metric: MetricView::parse(self.metric),
            attributes: List::of(self.attributes, attributes_field(data_field)?),
        })
    }

    /// A point that is more than a number, without its attributes. Its exemplars go to `examples`, where these are wanted.
    pub fn other_point(self, bytes: &[u8], examples: Option<&mut Vec<ExemplarOfTime>>) -> SeriesPoint {
        let collect = |list| {
            if let Some(examples) = examples {
                examples.extend(exemplars(list));
            }
        };
        match data_field_of(self.metric).unwrap_or_default() {
            9 => {
                let point = HistogramDataPointView::parse(bytes);
                collect(point.exemplars);
                SeriesPoint::of_histogram(&point)
            }
            10 => {
                let point = ExponentialHistogramDataPointView::parse(bytes);
                collect(point.exemplars);
                SeriesPoint::of_exponential(&point)
            }
            11 => SeriesPoint::of_summary(&SummaryDataPointView::parse(bytes)),
            _ => {
                let point = NumberDataPointView::parse(bytes);
                collect(point.exemplars);
                SeriesPoint::of_number(&point)
            }
        }
    }
}

impl SeriesParts<'_> {
    /// What tells it from others.
    pub fn header(&self) -> Option<SeriesHeader<'_>> {
        SeriesHeader::of(&self.resource.resource, &self.scope.scope, &self.metric, self.attributes)
    }
}
