//! Metrics and points that stay as they came but for what a component changes in them.

use super::{put_data, put_message, put_start_time, put_text, put_value};
use crate::metric_streams::{MetricKind, PointValue};
use crate::otlp::NumberValue;
use crate::otlp::wire::{Fields, put_length_delimited};

/// The encoded `Metric` with data of another kind or other points, which `points` writes. Everything
/// beside the data stays.
pub fn changed_metric(metric: &[u8], kind: MetricKind, points: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(metric.len() + 16);
    copy_without(&mut out, metric, DATA_FIELDS);
    put_data(&mut out, kind, points);
    out
}

/// The same with another unit.
pub fn changed_metric_in_unit(
    metric: &[u8],
    unit: &[u8],
    kind: MetricKind,
    points: impl FnOnce(&mut Vec<u8>),
) -> Vec<u8> {
    let mut out = Vec::with_capacity(metric.len() + unit.len() + 16);
    copy_without(&mut out, metric, DATA_FIELDS | UNIT_FIELD);
    put_text(&mut out, 3, unit);
    put_data(&mut out, kind, points);
    out
}

/// Appends a data point of a metric with another start time and value. Time, attributes, exemplars and
/// flags stay.
pub fn put_changed_point(out: &mut Vec<u8>, point: &[u8], start_time_unix_nano: u64, value: &PointValue) {
    if let PointValue::Number(number) = value
        && let Some(places) = places_of_number(point, *number)
        && start_time_unix_nano != 0
    {
        // Nothing changes its length: the usual case of a sum.
        put_length_delimited(out, 1, point);
        let point_at = out.len() - point.len();
        let bits = match number {
            NumberValue::Int(integer) => integer.cast_unsigned(),
            NumberValue::Double(double) => double.to_bits(),
        };
        overwrite_fixed(out, point_at + places.start_time_at, start_time_unix_nano);
        overwrite_fixed(out, point_at + places.value_at, bits);
        return;
    }
    let replaced = match value {
        PointValue::Number(_) => NUMBER_FIELDS,
        PointValue::Histogram(_) => HISTOGRAM_FIELDS,
        PointValue::ExponentialHistogram(_) => EXPONENTIAL_HISTOGRAM_FIELDS,
    };
    put_message(out, 1, |out| {
        copy_without(out, point, replaced);
        put_start_time(out, start_time_unix_nano);
        put_value(out, value);
    });
}

/// Field numbers below 32, one bit each.
type FieldSet = u32;

/// The five kinds of data in a `Metric`.
const DATA_FIELDS: FieldSet = set_of(&[5, 7, 9, 10, 11]);
/// The unit of a `Metric`.
const UNIT_FIELD: FieldSet = set_of(&[3]);
/// Start time and value of a `NumberDataPoint`.
const NUMBER_FIELDS: FieldSet = set_of(&[2, 4, 6]);
/// Start time, count, sum, buckets, bounds, minimum and maximum of a `HistogramDataPoint`.
const HISTOGRAM_FIELDS: FieldSet = set_of(&[2, 4, 5, 6, 7, 11, 12]);
/// The same of an `ExponentialHistogramDataPoint`, with scale and zero bucket.
const EXPONENTIAL_HISTOGRAM_FIELDS: FieldSet = set_of(&[2, 4, 5, 6, 7, 8, 9, 12, 13, 14]);

const fn set_of(mut numbers: &[u32]) -> FieldSet {
    let mut set = 0;
    while let [number, rest @ ..] = numbers {
        set |= 1 << *number;
        numbers = rest;
    }
    set
}

/// Copies a message in runs, without the fields in `left_out`.
fn copy_without(out: &mut Vec<u8>, message: &[u8], left_out: FieldSet) {
    let (mut run_at, mut field_at) = (0, 0);
    let mut copy = |from: usize, to: usize| out.extend_from_slice(message.get(from..to).unwrap_or_default());
    let mut fields = Fields::of(message);
    while let Some((number, _)) = fields.next() {
        let field_end = message.len() - fields.rest().len();
        if number < 32 && left_out >> number & 1 == 1 {
            copy(run_at, field_at);
            run_at = field_end;
        }
        field_at = field_end;
    }
    copy(run_at, field_at);
}

/// Where the eight bytes of start time and value are in a `NumberDataPoint`.
struct NumberPlaces {
    start_time_at: usize,
    value_at: usize,
}

/// The places, where each field is there once and the value is of the type of `number`.
fn places_of_number(point: &[u8], number: NumberValue) -> Option<NumberPlaces> {
    let value_field = match number {
        NumberValue::Double(_) => 4,
        NumberValue::Int(_) => 6,
    };
    let (mut start_time_at, mut value_at) = (None, None);
    let mut fields = Fields::of(point);
    while let Some((number, _)) = fields.next() {
        let place = (point.len() - fields.rest().len()).checked_sub(8);
        let previous = match number {
            2 => std::mem::replace(&mut start_time_at, place),
            4 | 6 if number == value_field => std::mem::replace(&mut value_at, place),
            4 | 6 => return None,
            _ => None,
        };
        if previous.is_some() {
            return None;
        }
    }
    Some(NumberPlaces { start_time_at: start_time_at?, value_at: value_at? })
}

fn overwrite_fixed(out: &mut [u8], at: usize, value: u64) {
    if let Some(bytes) = out.get_mut(at..at.saturating_add(8)) {
        bytes.copy_from_slice(&value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
    use opentelemetry_proto::tonic::metrics::v1::{self as proto, Exemplar, Metric, NumberDataPoint, Sum};
    use prost::Message;

    use super::*;
    use crate::metric_streams::{Histogram, Temporality};

    /// Changes a point of a sum and reads the sum back.
    fn changed(point: &NumberDataPoint, start: u64, value: NumberValue) -> NumberDataPoint {
        let mut data = Vec::new();
        put_changed_point(&mut data, &point.encode_to_vec(), start, &PointValue::Number(value));
        Sum::decode(&data[..]).unwrap().data_points.remove(0)
    }

    #[test]
    fn of_a_number_start_time_and_value_change_and_nothing_else() {
        let point = NumberDataPoint {
            start_time_unix_nano: 1,
            time_unix_nano: 5,
            value: Some(Value::AsInt(9)),
            exemplars: vec![Exemplar { time_unix_nano: 4, ..Exemplar::default() }],
            flags: 2,
            ..NumberDataPoint::default()
        };
        for (start, value, expected) in [
            (3, NumberValue::Int(-4), Value::AsInt(-4)),
            (3, NumberValue::Double(0.5), Value::AsDouble(0.5)),
            (0, NumberValue::Int(7), Value::AsInt(7)),
        ] {
            let expected =
                NumberDataPoint { start_time_unix_nano: start, value: Some(expected), ..point.clone() };
            assert_eq!(changed(&point, start, value), expected);
            let without_start = NumberDataPoint { start_time_unix_nano: 0, ..point.clone() };
            assert_eq!(changed(&without_start, start, value), expected);
        }
    }

    #[test]
    fn of_a_histogram_the_distribution_is_replaced_whole() {
        let point = proto::HistogramDataPoint {
            start_time_unix_nano: 1,
            time_unix_nano: 5,
            count: 3,
            sum: Some(1.0),
            bucket_counts: vec![1, 2],
            explicit_bounds: vec![1.0],
            min: Some(0.0),
            max: Some(9.0),
            exemplars: vec![Exemplar { time_unix_nano: 4, ..Exemplar::default() }],
            ..proto::HistogramDataPoint::default()
        };
        let value = Histogram { count: 2, ..Histogram::default() };
        let mut data = Vec::new();
        let value = PointValue::Histogram(Box::new(value));
        put_changed_point(&mut data, &point.encode_to_vec(), 3, &value);
        let read = proto::Histogram::decode(&data[..]).unwrap().data_points.remove(0);
        let expected = proto::HistogramDataPoint {
            start_time_unix_nano: 3,
            time_unix_nano: 5,
            count: 2,
            exemplars: point.exemplars,
            ..proto::HistogramDataPoint::default()
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn a_metric_keeps_what_is_beside_its_data() {
        let metric = Metric {
            name: "n".to_owned(),
            unit: "u".to_owned(),
            data: Some(proto::metric::Data::Sum(Sum { is_monotonic: true, ..Sum::default() })),
            ..Metric::default()
        };
        let mut encoded = metric.encode_to_vec();
        let unknown = [0xba, 0x3e, 1, b'x'];
        encoded.extend(unknown);
        let changed = changed_metric(&encoded, MetricKind::Gauge, |_| {});
        assert!(changed.windows(unknown.len()).any(|window| window == unknown));
        let read = Metric::decode(&changed[..]).unwrap();
        assert_eq!((&*read.name, &*read.unit), ("n", "u"));
        assert_eq!(read.data, Some(proto::metric::Data::Gauge(proto::Gauge::default())));
        let changed = changed_metric_in_unit(&encoded, b"u/s", MetricKind::Gauge, |_| {});
        assert_eq!(Metric::decode(&changed[..]).unwrap().unit, "u/s");
        let kind = MetricKind::Sum { temporality: Temporality::Delta, is_monotonic: true };
        let read = Metric::decode(&changed_metric(&encoded, kind, |_| {})[..]).unwrap();
        let sum = Sum { aggregation_temporality: 1, is_monotonic: true, ..Sum::default() };
        assert_eq!(read.data, Some(proto::metric::Data::Sum(sum)));
    }
}
