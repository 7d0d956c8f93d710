//! Data points of the four shapes as samples.

use super::super::native::put_histogram;
use super::super::protocol::Protocol;
use super::super::rejection::Rejection;
use super::super::series::{Sample, SampleValue};
use super::metric_names::EncodedName;
use super::{HistogramShape, Place, Writing, milliseconds};
use crate::metric_streams::{ExponentialHistogram, Histogram};
use crate::otlp::{
    ExemplarView, ExponentialHistogramDataPointView, HistogramDataPointView, KeyValueView, List, MetricData,
    NumberDataPointView, SummaryDataPointView, View,
};
use crate::prometheus::{Exemplar, FamilyKind, Label, NativeHistogram, STALE};

/// Bit 0 of a data point's flags: the series has ended.
const NO_RECORDED_VALUE: u32 = 1;

/// What a data point says beside its labels.
#[derive(Clone, Copy)]
struct Moment {
    time_ms: i64,
    start_time_ms: i64,
    is_over: bool,
}

impl Writing<'_> {
    /// Writes the points of a metric, and counts those that cannot be.
    pub(super) fn write_points(&mut self, place: &Place<'_>) {
        match place.metric.data {
            MetricData::Empty => {}
            MetricData::Gauge { data_points } | MetricData::Sum { data_points, .. } => {
                self.write_each(place, data_points, Self::write_number);
            }
            MetricData::Histogram { data_points, .. } => {
                self.write_each(place, data_points, Self::write_histogram);
            }
            MetricData::ExponentialHistogram { data_points, .. } => {
                self.write_each(place, data_points, Self::write_exponential_histogram);
            }
            MetricData::Summary { data_points } => self.write_each(place, data_points, Self::write_summary),
        }
    }

    fn write_each<'a, V: View<'a>>(
        &mut self,
        place: &Place<'_>,
        data_points: List<'a, V>,
        write: impl Fn(&mut Self, &Place<'_>, &V) -> Result<(), Rejection>,
    ) {
        for point in data_points.iter() {
            if let Err(rejection) = write(self, place, &point) {
                self.rejected.note(1, rejection);
            }
        }
    }

    fn write_number(&mut self, place: &Place<'_>, point: &NumberDataPointView<'_>) -> Result<(), Rejection> {
        let is_counter = place.kind == FamilyKind::Counter;
        let starts = if is_counter { point.start_time_unix_nano } else { 0 };
        let moment = Moment::of(place, point.time_unix_nano, starts, point.flags)?;
        let value = match point.value {
            Some(value) => value.to_double(),
            None if moment.is_over => STALE,
            None => return Err(Rejection::NoValue(place.metric.name.to_string())),
        };
        self.read_labels(place, point.attributes)?;
        let series = self.add(place, &place.names.plain, moment.sample(value));
        if is_counter || self.translation.protocol == Protocol::V2 {
            point.exemplars.iter().filter_map(|exemplar| Exemplar::of(&exemplar)).for_each(|exemplar| {
                self.add_exemplar(series, &exemplar);
            });
        }
        Ok(())
    }

    fn write_histogram(
        &mut self,
        place: &Place<'_>,
        point: &HistogramDataPointView<'_>,
    ) -> Result<(), Rejection> {
        let moment = Moment::of(place, point.time_unix_nano, point.start_time_unix_nano, point.flags)?;
        self.read_labels(place, point.attributes)?;
        let shape = self.translation.histograms;
        if shape != HistogramShape::Native {
            self.write_classic(place, point, moment);
        }
        if shape == HistogramShape::Classic {
            return Ok(());
        }
        let native = match moment.is_over {
            true => Ok(NativeHistogram::ended(true)),
            false => NativeHistogram::of_explicit(&Histogram::of(point)),
        };
        let native = match native {
            // The classic series are there.
            Err(_) if shape == HistogramShape::Both => return Ok(()),
            native => native?,
        };
        let mut sample = self.native_sample(moment, &native);
        sample.points = usize::from(shape == HistogramShape::Native);
        let series = self.add(place, &place.names.plain, sample);
        self.add_exemplars(point.exemplars, |_| Some(series));
        Ok(())
    }

    /// A series for each bucket, one for the count and one for the sum.
    fn write_classic(&mut self, place: &Place<'_>, point: &HistogramDataPointView<'_>, moment: Moment) {
        if let Some(sum) = point.sum {
            self.add(place, &place.names.sum, moment.sample(sum).as_part());
        }
        self.add(place, &place.names.count, moment.sample(point.count as f64));
        let mut buckets: Vec<(f64, usize)> = Vec::new();
        let mut cumulative_count = 0_u64;
        let mut bounds = point.explicit_bounds.iter().peekable();
        for count in point.bucket_counts.iter() {
            cumulative_count = cumulative_count.saturating_add(count);
            let Some(bound) = bounds.next() else { break };
            // Of equal bounds the last has all; the infinite one is always there.
            if bound != f64::INFINITY && bounds.peek() != Some(&bound) {
                let series =
                    self.add_bucket(place, buckets.len(), bound, moment.sample(cumulative_count as f64));
                buckets.push((bound, series));
            }
        }
        // A bucket never holds more than all of them, whatever a client counted.
        let all = moment.sample(point.count.max(cumulative_count) as f64);
        let series = self.add_bucket(place, buckets.len(), f64::INFINITY, all);
        buckets.push((f64::INFINITY, series));
        self.add_exemplars(point.exemplars, |exemplar| {
            buckets.iter().find(|(bound, _)| exemplar.value <= *bound).map(|(_, series)| *series)
        });
    }

    fn write_exponential_histogram(
        &mut self,
        place: &Place<'_>,
        point: &ExponentialHistogramDataPointView<'_>,
    ) -> Result<(), Rejection> {
        let moment = Moment::of(place, point.time_unix_nano, point.start_time_unix_nano, point.flags)?;
        let native = match moment.is_over {
            true => NativeHistogram::ended(false),
            false => NativeHistogram::of_exponential(&ExponentialHistogram::of(point))?,
        };
        self.read_labels(place, point.attributes)?;
        let sample = self.native_sample(moment, &native);
        let series = self.add(place, &place.names.plain, sample);
        self.add_exemplars(point.exemplars, |_| Some(series));
        Ok(())
    }

    fn write_summary(
        &mut self,
        place: &Place<'_>,
        point: &SummaryDataPointView<'_>,
    ) -> Result<(), Rejection> {
        let moment = Moment::of(place, point.time_unix_nano, point.start_time_unix_nano, point.flags)?;
        self.read_labels(place, point.attributes)?;
        self.add(place, &place.names.sum, moment.sample(point.sum).as_part());
        self.add(place, &place.names.count, moment.sample(point.count as f64));
        for (number, at) in point.quantile_values.iter().enumerate() {
            let label = self.sample_labels.at(&mut self.table, number, "quantile", at.quantile);
            let sample = moment.sample(at.value).as_part();
            self.point.add(&mut self.table, &place.names.plain, Some(label), place.metadata, sample);
        }
        Ok(())
    }

    fn read_labels(
        &mut self,
        place: &Place<'_>,
        attributes: List<'_, KeyValueView<'_>>,
    ) -> Result<(), Rejection> {
        self.labels.read(place.group, place.scope_group, attributes, place.kind)?;
        self.point.read(&mut self.table, self.labels.iter(), place.kind.sample_label());
        Ok(())
    }

    fn add(&mut self, place: &Place<'_>, name: &EncodedName, sample: Sample) -> usize {
        self.point.add(&mut self.table, name, None, place.metadata, sample)
    }

    fn add_bucket(&mut self, place: &Place<'_>, number: usize, bound: f64, sample: Sample) -> usize {
        let label = self.sample_labels.at(&mut self.table, number, "le", bound);
        self.point.add(&mut self.table, &place.names.bucket, Some(label), place.metadata, sample.as_part())
    }

    fn native_sample(&mut self, moment: Moment, native: &NativeHistogram) -> Sample {
        let protocol = self.translation.protocol;
        let Moment { time_ms, start_time_ms, .. } = moment;
        let piece = self.table.keep(|out| put_histogram(out, protocol, native, time_ms, start_time_ms));
        moment.sample(0.0).with_value(SampleValue::Histogram(piece))
    }

    /// Adds each exemplar to the series that `series_of` says.
    fn add_exemplars(
        &mut self,
        exemplars: List<'_, ExemplarView<'_>>,
        series_of: impl Fn(&Exemplar) -> Option<usize>,
    ) {
        for exemplar in exemplars.iter().filter_map(|exemplar| Exemplar::of(&exemplar)) {
            if let Some(series) = series_of(&exemplar) {
                self.add_exemplar(series, &exemplar);
            }
        }
    }

    fn add_exemplar(&mut self, series: usize, exemplar: &Exemplar) {
        let time_ms = milliseconds(exemplar.time_unix_nano);
        let mut labels: Vec<&Label> = exemplar.labels.iter().collect();
        labels.sort();
        self.table.add_exemplar(series, exemplar.value, time_ms, |writer, out| {
            labels.iter().for_each(|label| writer.put(out, &label.name, &label.value));
        });
    }
}

impl Moment {
    fn of(
        place: &Place<'_>,
        time_unix_nano: u64,
        start_time_unix_nano: u64,
        flags: u32,
    ) -> Result<Self, Rejection> {
        if time_unix_nano == 0 {
            return Err(Rejection::NoTime(place.metric.name.to_string()));
        }
        Ok(Self {
            time_ms: milliseconds(time_unix_nano),
            start_time_ms: milliseconds(start_time_unix_nano),
            is_over: flags & NO_RECORDED_VALUE != 0,
        })
    }

    /// A sample of this moment, which of a series that has ended says so.
    const fn sample(self, value: f64) -> Sample {
        let value = if self.is_over { STALE } else { value };
        Sample::new(self.time_ms, self.start_time_ms, value)
    }
}
