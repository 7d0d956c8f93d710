//! What each aggregation answers, from metrics written by hand and asked of a store in memory.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics,
    Sum, Summary, SummaryDataPoint, exemplar, number_data_point, summary_data_point::ValueAtQuantile,
};
use prost::Message;

use crate::otlp::{Batch, Signal};
use crate::store::{
    Aggregation, Condition, Field, Filter, Limits, MemoryStore, MetricQuery, MetricSeries, StoreError,
    TelemetryStore, Test, TimeRange,
};

const SECOND: u64 = 1_000_000_000;

fn of_host(host: &str) -> Vec<KeyValue> {
    let value = Some(AnyValue { value: Some(Value::StringValue(host.to_owned())) });
    vec![KeyValue { key: "host".to_owned(), value, ..KeyValue::default() }]
}

/// Host, second of start (0 for none), second, value.
type Row = (&'static str, u64, u64, f64);

fn numbers(rows: &[Row]) -> Vec<NumberDataPoint> {
    let point = |(host, start, second, value): &Row| NumberDataPoint {
        attributes: of_host(host),
        start_time_unix_nano: start * SECOND,
        time_unix_nano: second * SECOND,
        value: Some(number_data_point::Value::AsDouble(*value)),
        ..NumberDataPoint::default()
    };
    rows.iter().map(point).collect()
}

fn gauge(rows: &[Row]) -> Data {
    Data::Gauge(Gauge { data_points: numbers(rows) })
}

fn counter(aggregation_temporality: i32, rows: &[Row]) -> Data {
    Data::Sum(Sum { data_points: numbers(rows), aggregation_temporality, is_monotonic: true })
}

/// Second, counts of the buckets up to 1, 2 and above; cumulative, without a start.
fn histogram(rows: &[(u64, [u64; 3])]) -> Data {
    let point = |(second, counts): &(u64, [u64; 3])| HistogramDataPoint {
        time_unix_nano: second * SECOND,
        count: counts.iter().sum(),
        sum: Some(counts.iter().sum::<u64>() as f64 * 1.5),
        bucket_counts: counts.to_vec(),
        explicit_bounds: vec![1.0, 2.0],
        ..HistogramDataPoint::default()
    };
    Data::Histogram(Histogram { data_points: rows.iter().map(point).collect(), aggregation_temporality: 2 })
}

fn store_of(data: Vec<Data>) -> MemoryStore {
    let store = MemoryStore::new(u64::MAX);
    let metric =
        |data| Metric { name: "m".to_owned(), unit: "s".to_owned(), data: Some(data), ..Metric::default() };
    let scope_metrics =
        ScopeMetrics { metrics: data.into_iter().map(metric).collect(), ..ScopeMetrics::default() };
    let group = ResourceMetrics { scope_metrics: vec![scope_metrics], ..ResourceMetrics::default() };
    let body = ExportMetricsServiceRequest { resource_metrics: vec![group] }.encode_to_vec();
    store.append(&Batch::from_untrusted_part(Signal::Metrics, body.into()).unwrap()).unwrap();
    store
}

/// From second 100 to 130 in steps of 10.
fn question(aggregation: Aggregation, group_by: &[&str]) -> MetricQuery {
    MetricQuery {
        name: "m".to_owned(),
        range: TimeRange { from_unix_nano: 100 * SECOND, to_unix_nano: 130 * SECOND },
        step_nano: 10 * SECOND,
        filter: Filter::default(),
        group_by: group_by.iter().map(|key| Field::Attribute((*key).to_owned())).collect(),
        aggregation,
    }
}

fn ask(data: Data, query: &MetricQuery) -> Result<Vec<MetricSeries>, StoreError> {
    store_of(vec![data]).query_metric(query, &Limits::NONE).map(|answer| answer.value)
}

/// Second, value, minimum, maximum of the only series.
fn points(data: Data, aggregation: Aggregation) -> Vec<(u64, f64, f64, f64)> {
    let series = ask(data, &question(aggregation, &[])).unwrap();
    assert_eq!(series.len(), 1);
    series[0]
        .points
        .iter()
        .map(|point| (point.unix_nano / SECOND, point.value, point.minimum, point.maximum))
        .collect()
}

fn values(data: Data, aggregation: Aggregation) -> Vec<(u64, f64)> {
    points(data, aggregation).into_iter().map(|(second, value, ..)| (second, value)).collect()
}

#[test]
fn gauges_are_summed_averaged_and_taken_at_their_extremes() {
    let rows = [
        ("a", 0, 99, 1000.0),
        ("a", 0, 101, 4.0),
        ("a", 0, 108, 2.0),
        ("b", 0, 105, 9.0),
        ("b", 0, 121, 5.0),
        ("b", 0, 130, 1000.0),
    ];
    let of = |aggregation| points(gauge(&rows), aggregation);
    assert_eq!(of(Aggregation::Sum), [(100, 11.0, 11.0, 13.0), (120, 5.0, 5.0, 5.0)]);
    assert_eq!(of(Aggregation::Average), [(100, 5.0, 2.0, 9.0), (120, 5.0, 5.0, 5.0)]);
    assert_eq!(of(Aggregation::Minimum), [(100, 2.0, 2.0, 9.0), (120, 5.0, 5.0, 5.0)]);
    assert_eq!(of(Aggregation::Maximum), [(100, 9.0, 2.0, 9.0), (120, 5.0, 5.0, 5.0)]);
    assert_eq!(of(Aggregation::Last), [(100, 2.0, 2.0, 9.0), (120, 5.0, 5.0, 5.0)]);
    assert_eq!(of(Aggregation::Series), [(100, 2.0, 2.0, 2.0), (120, 1.0, 1.0, 1.0)]);
}

#[test]
fn totals_are_taken_by_what_was_added() {
    let rows = [
        ("a", 0, 95, 7.0),
        ("a", 0, 101, 10.0),
        ("a", 0, 109, 30.0),
        ("a", 0, 115, 70.0),
        // It has less: it began anew.
        ("a", 0, 125, 5.0),
    ];
    let increase = values(counter(2, &rows), Aggregation::Increase);
    assert_eq!(increase, [(100, 20.0), (110, 40.0), (120, 5.0)]);
    // Of the 40 of six seconds one is of the first step, of the 5 of ten seconds half are of the second.
    let rate = values(counter(2, &rows), Aggregation::Rate).into_iter();
    let in_hundredths: Vec<(u64, i64)> =
        rate.map(|(at, value)| (at, (value * 100.0).round() as i64)).collect();
    assert_eq!(in_hundredths, [(100, 267), (110, 358), (120, 25)]);
    assert_eq!(values(counter(2, &rows), Aggregation::Last), [(100, 30.0), (110, 70.0), (120, 5.0)]);
}

#[test]
fn a_rate_is_the_same_however_much_shorter_than_the_points_the_steps_are() {
    let rows = [
        ("a", 0, 100, 5.0),
        ("a", 0, 110, 25.0),
        ("a", 0, 120, 45.0),
        ("b", 0, 105, 0.0),
        ("b", 0, 115, 10.0),
    ];
    let of_step = |seconds: u64| {
        let query = MetricQuery { step_nano: seconds * SECOND, ..question(Aggregation::Rate, &[]) };
        let points = ask(counter(2, &rows), &query).unwrap().remove(0).points;
        points.iter().map(|point| (point.unix_nano / SECOND, point.value)).collect::<Vec<_>>()
    };
    assert_eq!(of_step(5), [(100, 2.0), (105, 3.0), (110, 3.0), (115, 2.0)]);
    assert_eq!(of_step(10), [(100, 2.5), (110, 2.5)]);
    let mut query = question(Aggregation::Rate, &[]);
    query.step_nano = SECOND;
    // What was added between 85 and 105 is in view for its last five seconds alone.
    let delta = ask(counter(1, &[("a", 85, 105, 10.0)]), &query).unwrap().remove(0).points;
    assert_eq!(delta.iter().map(|point| point.value).collect::<Vec<_>>(), [0.5; 5]);
}

#[test]
fn starts_say_where_totals_begin() {
    let began_in_view = [("a", 101, 105, 10.0), ("a", 101, 115, 30.0)];
    assert_eq!(values(counter(2, &began_in_view), Aggregation::Increase), [(100, 10.0), (110, 20.0)]);
    let began_before = [("a", 50, 105, 10.0), ("a", 50, 115, 30.0)];
    assert_eq!(values(counter(2, &began_before), Aggregation::Increase), [(110, 20.0)]);
    let began_anew_with_more = [("a", 50, 105, 10.0), ("a", 106, 115, 30.0)];
    assert_eq!(values(counter(2, &began_anew_with_more), Aggregation::Increase), [(110, 30.0)]);
    let unknown_beginning = [("a", 105, 105, 10.0), ("a", 105, 115, 30.0)];
    assert_eq!(values(counter(2, &unknown_beginning), Aggregation::Increase), [(110, 20.0)]);
}

#[test]
fn what_is_sent_as_added_is_taken_as_it_is() {
    let rows = [("a", 0, 105, 10.0), ("b", 0, 106, 1.0), ("a", 0, 115, 3.0)];
    assert_eq!(values(counter(1, &rows), Aggregation::Increase), [(100, 11.0), (110, 3.0)]);
}

#[test]
fn points_without_a_finite_value_are_passed_over() {
    let rows = [("a", 0, 105, f64::NAN), ("a", 0, 106, f64::INFINITY), ("a", 0, 107, 3.0)];
    assert_eq!(points(gauge(&rows), Aggregation::Average), [(100, 3.0, 3.0, 3.0)]);
    let Data::Gauge(mut ended) = gauge(&[("a", 0, 105, 1.0), ("a", 0, 106, 2.0)]) else { unreachable!() };
    ended.data_points[1].flags = 1;
    assert_eq!(values(Data::Gauge(ended), Aggregation::Last), [(100, 1.0)]);
}

#[test]
fn groups_tell_series_apart_and_filters_choose_them() {
    let rows = [("a", 0, 105, 1.0), ("b", 0, 105, 2.0)];
    let mut query = question(Aggregation::Sum, &["host", "nothing"]);
    let shown = |query: &MetricQuery| {
        let series = ask(gauge(&rows), query).unwrap();
        series.into_iter().map(|series| (series.group, series.points[0].value)).collect::<Vec<_>>()
    };
    let group = |host: &str| vec![Some(host.to_owned()), None];
    assert_eq!(shown(&query), [(group("a"), 1.0), (group("b"), 2.0)]);
    let field = Field::Attribute("host".to_owned());
    query.filter.conditions.push(Condition { field, test: Test::Equals("a".to_owned()), negated: true });
    assert_eq!(shown(&query), [(group("b"), 2.0)]);
}

#[test]
fn histograms_are_asked_for_rates_means_quantiles_and_buckets() {
    let rows = [(95, [9, 9, 9]), (101, [10, 10, 10]), (105, [10, 14, 10]), (115, [10, 14, 18])];
    let of = |aggregation| values(histogram(&rows), aggregation);
    assert_eq!(of(Aggregation::Increase), [(100, 4.0), (110, 8.0)]);
    // Half of the last eight came before second 110.
    assert_eq!(of(Aggregation::Rate), [(100, 0.8), (110, 0.4)]);
    assert_eq!(of(Aggregation::Average), [(100, 1.5), (110, 1.5)]);
    assert_eq!(of(Aggregation::Quantile(0.5)), [(100, 1.5), (110, 2.0)]);
    assert_eq!(of(Aggregation::Minimum), [(100, 1.0), (110, 2.0)]);
    assert_eq!(of(Aggregation::Maximum), [(100, 2.0), (110, 2.0)]);
    let series = ask(histogram(&rows), &question(Aggregation::Heatmap, &[])).unwrap();
    let columns: Vec<_> =
        series[0].heatmap.iter().map(|column| (column.unix_nano / SECOND, column.buckets.clone())).collect();
    assert_eq!(columns, [(100, vec![(1.0, 2.0, 4.0)]), (110, vec![(2.0, f64::INFINITY, 8.0)])]);
    assert!(series[0].points.is_empty());
}

#[test]
fn summaries_are_asked_for_their_nearest_quantile() {
    let point = |second: u64, count, values: [f64; 2]| SummaryDataPoint {
        time_unix_nano: second * SECOND,
        count,
        sum: count as f64 * 2.0,
        quantile_values: vec![
            ValueAtQuantile { quantile: 0.5, value: values[0] },
            ValueAtQuantile { quantile: 0.99, value: values[1] },
        ],
        ..SummaryDataPoint::default()
    };
    let of = |aggregation| {
        let data_points = vec![point(105, 10, [1.0, 5.0]), point(115, 14, [2.0, 6.0])];
        values(Data::Summary(Summary { data_points }), aggregation)
    };
    assert_eq!(of(Aggregation::Quantile(0.95)), [(100, 5.0), (110, 6.0)]);
    assert_eq!(of(Aggregation::Increase), [(110, 4.0)]);
    assert_eq!(of(Aggregation::Average), [(110, 2.0)]);
    assert_eq!(of(Aggregation::Last), [(100, 2.0), (110, 2.0)]);
}

#[test]
fn questions_that_mean_nothing_are_refused() {
    let refused = |data, query: &MetricQuery| match ask(data, query) {
        Err(StoreError::Question(sentence)) => sentence,
        other => panic!("{other:?}"),
    };
    let rows = [("a", 0, 105, 1.0)];
    assert_eq!(
        refused(gauge(&rows), &question(Aggregation::Rate, &[])),
        "`m` cannot be asked for its rate: gauges have none."
    );
    refused(counter(2, &rows), &question(Aggregation::Quantile(0.5), &[]));
    refused(gauge(&rows), &question(Aggregation::Quantile(1.5), &[]));
    refused(gauge(&rows), &MetricQuery { step_nano: 0, ..question(Aggregation::Last, &[]) });
    let elsewhere = MetricQuery { name: "other".to_owned(), ..question(Aggregation::Rate, &[]) };
    assert_eq!(ask(gauge(&rows), &elsewhere).unwrap(), []);
}

#[test]
fn metrics_of_one_name_and_other_kinds_are_answered_apart() {
    let rows = [("a", 0, 105, 1.0)];
    let store = store_of(vec![gauge(&rows), counter(1, &rows)]);
    let kinds = |aggregation| {
        let answer = store.query_metric(&question(aggregation, &[]), &Limits::NONE).unwrap();
        answer.value.iter().map(|series| series.kind).collect::<Vec<_>>()
    };
    use crate::store::MetricKind::{Counter, Gauge};
    assert_eq!(kinds(Aggregation::Last), [Gauge, Counter]);
    assert_eq!(kinds(Aggregation::Rate), [Counter]);
    let catalogue = store.metric_catalogue(TimeRange::ALL, None, &Limits::NONE).unwrap().value;
    let shown: Vec<_> = catalogue
        .iter()
        .map(|entry| (&*entry.name, &*entry.unit, entry.kind, entry.series, entry.newest_unix_nano / SECOND))
        .collect();
    assert_eq!(shown, [("m", "s", Gauge, 1, 105), ("m", "s", Counter, 1, 105)]);
    assert_eq!(catalogue[0].attributes, [(Field::Attribute("host".to_owned()), 1)]);
    assert_eq!(catalogue[0].services, ["unknown_service"]);
}

#[test]
fn exemplars_come_with_the_answer() {
    let Data::Gauge(mut gauge) = gauge(&[("a", 0, 105, 1.0)]) else { unreachable!() };
    gauge.data_points[0].exemplars = vec![Exemplar {
        time_unix_nano: 104 * SECOND,
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        value: Some(exemplar::Value::AsInt(7)),
        ..Exemplar::default()
    }];
    let series = ask(Data::Gauge(gauge), &question(Aggregation::Last, &[])).unwrap();
    let [exemplar] = &series[0].exemplars[..] else { panic!("{series:?}") };
    assert_eq!((exemplar.unix_nano, exemplar.value), (104 * SECOND, 7.0));
    assert_eq!((exemplar.trace_id, exemplar.span_id), ([1; 16], [2; 8]));
}
