//! Metrics, out of all data points.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Reading;
use crate::otlp::wire::{Fields, put_fields};
use crate::otlp::{
    Batch, ExponentialHistogramDataPointView, HistogramDataPointView, KeyValueView, List, MetricData,
    MetricView, NumberDataPointView, ResourceGroup, ScopeGroup, SummaryDataPointView,
};
use crate::store::grouped_items::{GroupedItems, Level, for_each_scope_group, group_header};
use crate::store::metrics::aggregating::{Aggregating, SeriesPlace};
use crate::store::metrics::cataloguing::Cataloguing;
use crate::store::metrics::series_header::SeriesHeader;
use crate::store::metrics::series_point::{SeriesPoint, exemplars, for_each_series_point};
use crate::store::{
    Answer, ExemplarOfTime, Limits, MetricCatalogueEntry, MetricQuery, MetricSeries, StoreError, TimeRange,
};

/// Calls `visit` with the attributes, the time and the bytes of every data point of a metric.
pub(super) fn for_each_point<'a>(
    metric: &MetricView<'a>,
    mut visit: impl FnMut(List<'a, KeyValueView<'a>>, u64, &'a [u8]),
) {
    match metric.data {
        MetricData::Empty => {}
        MetricData::Gauge { data_points } | MetricData::Sum { data_points, .. } => {
            let point =
                |point: NumberDataPointView<'a>| visit(point.attributes, point.time_unix_nano, point.bytes);
            data_points.iter().for_each(point);
        }
        MetricData::Histogram { data_points, .. } => {
            let point = |point: HistogramDataPointView<'a>| {
                visit(point.attributes, point.time_unix_nano, point.bytes)
            };
            data_points.iter().for_each(point);
        }
        MetricData::ExponentialHistogram { data_points, .. } => {
            let point = |point: ExponentialHistogramDataPointView<'a>| {
                visit(point.attributes, point.time_unix_nano, point.bytes);
            };
            data_points.iter().for_each(point);
        }
        MetricData::Summary { data_points } => {
            let point =
                |point: SummaryDataPointView<'a>| visit(point.attributes, point.time_unix_nano, point.bytes);
            data_points.iter().for_each(point);
        }
    }
}

/// Appends the points of a scope group that lie in `range`.
pub(super) fn push_points(
    items: &mut GroupedItems,
    resource_group: &ResourceGroup<'_>,
    scope_group: &ScopeGroup<'_>,
    range: TimeRange,
) {
    let (resource_header, scope_header) =
        (group_header(resource_group.bytes), group_header(scope_group.bytes));
    for metric in scope_group.metrics() {
        let Some((data_field, data)) = Fields::of(metric.bytes).filter(|(number, _)| is_data(*number)).last()
        else {
            continue;
        };
        let (mut metric_header, mut data_header) = (Vec::new(), Vec::new());
        put_fields(&mut metric_header, metric.bytes, |number, _| !is_data(number));
        put_fields(&mut data_header, data.bytes(), |number, _| number != 1);
        let levels = [
            Level { field_number: 1, header: &resource_header },
            Level { field_number: 2, header: &scope_header },
            Level { field_number: 2, header: &metric_header },
            Level { field_number: data_field, header: &data_header },
        ];
        for_each_point(&metric, |_, time, point| {
            if range.contains(time) {
                items.push(&levels, 1, point);
            }
        });
    }
}

/// True for the numbers of a `Metric`'s fields that hold data points.
const fn is_data(number: u32) -> bool {
    matches!(number, 5 | 7 | 9 | 10 | 11)
}

/// What metrics there are.
pub(super) fn catalogue(
    batches: &[Arc<Batch>],
    range: TimeRange,
    name: Option<&str>,
    limits: &Limits,
) -> Answer<Vec<MetricCatalogueEntry>> {
    let mut reading = Reading::new(limits);
    let mut cataloguing = Cataloguing::default();
    for (_, batch) in reading.newest_first(batches) {
        for_each_scope_group(batch, |resource_group, scope_group| {
            let is_asked = |metric: &MetricView<'_>| name.is_none_or(|name| metric.name == *name);
            for metric in scope_group.metrics().filter(is_asked) {
                let (resource, scope) = (&resource_group.resource, &scope_group.scope);
                for_each_point(&metric, |attributes, time, _| {
                    if range.contains(time)
                        && let Some(header) = SeriesHeader::of(resource, scope, &metric, attributes)
                    {
                        cataloguing.add(&header, &metric.description.to_str(), time);
                    }
                });
            }
        });
    }
    cataloguing.answer(limits, reading.cut)
}

/// One metric over time.
pub(super) fn query(
    batches: &[Arc<Batch>],
    query: &MetricQuery,
    limits: &Limits,
) -> Result<Answer<Vec<MetricSeries>>, StoreError> {
    let mut reading = Reading::new(limits);
    let mut aggregating = Aggregating::new(query, limits)?;
    let read = aggregating.read();
    let mut collected = BTreeMap::<SeriesPlace, (Vec<SeriesPoint>, Vec<ExemplarOfTime>)>::new();
    for (_, batch) in reading.newest_first(batches) {
        for_each_scope_group(batch, |resource_group, scope_group| {
            for metric in scope_group.metrics().filter(|metric| metric.name == *query.name) {
                let (resource, scope) = (&resource_group.resource, &scope_group.scope);
                for_each_series_point(metric.data, |attributes, point, examples| {
                    if read.contains(point.unix_nano)
                        && let Some(header) = SeriesHeader::of(resource, scope, &metric, attributes)
                        && let Some(place) = aggregating.place(&header)
                    {
                        let (points, of_points) = collected.entry(place).or_default();
                        if query.range.contains(point.unix_nano) {
                            of_points.extend(exemplars(examples));
                        }
                        points.push(point);
                    }
                });
            }
        });
    }
    for (place, (mut points, mut examples)) in collected {
        aggregating.add(place, &mut points, &mut examples, 0);
    }
    aggregating.answer(reading.cut)
}
