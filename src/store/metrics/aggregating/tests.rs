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
    Aggregation, Condition, Cut, Field, Filter, Limits, MemoryStore, MetricQuery, MetricSeries, StoreError,
    TelemetryStore, Test, TimeRange,
};

const SECOND: u64 = 1_000_000_000;

/// Where seconds are counted from.
const ZERO: u64 = 1_000_000;

/// A start long before everything that is read.
const LONG_AGO: u64 = 1;

fn nano(second: u64) -> u64 {
    (ZERO + second) * SECOND
}

fn second(unix_nano: u64) -> u64 {
    unix_nano / SECOND - ZERO
}

fn start_nano(start: u64) -> u64 {
    match start {
        0 => 0,
        LONG_AGO => nano(0) - 3_600 * SECOND,
        start => nano(start),
    }
}

fn of_host(host: &str) -> Vec<KeyValue> {
    let value = Some(AnyValue { value: Some(Value::StringValue(host.to_owned())) });
    vec![KeyValue { key: "host".to_owned(), value, ..KeyValue::default() }]
}

/// Host, second of start (0 for none), second, value.
type Row = (&'static str, u64, u64, f64);

fn numbers(rows: &[Row]) -> Vec<NumberDataPoint> {
    let point = |(host, start, second, value): &Row| NumberDataPoint {
        attributes: of_host(host),
        start_time_unix_nano: start_nano(*start),
        time_unix_nano: nano(*second),
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
        time_unix_nano: nano(*second),
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
        range: TimeRange { from_unix_nano: nano(100), to_unix_nano: nano(130) },
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
        .map(|point| (second(point.unix_nano), point.value, point.minimum, point.maximum))
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
    // The 9 of b holds until its next point; a has ended, as it was silent for longer than twice seven seconds.
    let later = [(110, 9.0, 9.0, 9.0), (120, 5.0, 5.0, 5.0)];
    assert_eq!(of(Aggregation::Sum), [(100, 11.0, 11.0, 13.0), later[0], later[1]]);
    assert_eq!(of(Aggregation::Average), [(100, 5.0, 2.0, 9.0), later[0], later[1]]);
    assert_eq!(of(Aggregation::Minimum), [(100, 2.0, 2.0, 9.0), later[0], later[1]]);
    assert_eq!(of(Aggregation::Maximum), [(100, 9.0, 2.0, 9.0), later[0], later[1]]);
    assert_eq!(of(Aggregation::Last), [(100, 2.0, 2.0, 9.0), later[0], later[1]]);
    let series = [(100, 2.0, 2.0, 2.0), (110, 1.0, 1.0, 1.0), (120, 1.0, 1.0, 1.0)];
    assert_eq!(of(Aggregation::Series), series);
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
    // Of the 3 of six seconds before second 101 one second is within the range.
    assert_eq!(increase, [(100, 20.5), (110, 40.0), (120, 5.0)]);
    // Of the 40 of six seconds one is of the first step, of the 5 of ten seconds half are of the second.
    let rate = values(counter(2, &rows), Aggregation::Rate).into_iter();
    let in_hundredths: Vec<(u64, i64)> =
        rate.map(|(at, value)| (at, (value * 100.0).round() as i64)).collect();
    assert_eq!(in_hundredths, [(100, 272), (110, 358), (120, 50)]);
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
        points.iter().map(|point| (second(point.unix_nano), point.value)).collect::<Vec<_>>()
    };
    // The second goes on as it did until the newest point of all.
    assert_eq!(of_step(5), [(100, 2.0), (105, 3.0), (110, 3.0), (115, 3.0)]);
    assert_eq!(of_step(10), [(100, 2.5), (110, 3.0)]);
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
    let began_before = [("a", LONG_AGO, 105, 10.0), ("a", LONG_AGO, 115, 30.0)];
    assert_eq!(values(counter(2, &began_before), Aggregation::Increase), [(110, 20.0)]);
    // What it counted from second 95 to 105 is in the range by half.
    let began_shortly_before = [("a", 95, 105, 10.0), ("a", 95, 115, 30.0)];
    assert_eq!(values(counter(2, &began_shortly_before), Aggregation::Increase), [(100, 5.0), (110, 20.0)]);
    let began_anew_with_more = [("a", LONG_AGO, 105, 10.0), ("a", 106, 115, 30.0)];
    assert_eq!(values(counter(2, &began_anew_with_more), Aggregation::Increase), [(110, 30.0)]);
    let unknown_beginning = [("a", 105, 105, 10.0), ("a", 105, 115, 30.0)];
    assert_eq!(values(counter(2, &unknown_beginning), Aggregation::Increase), [(110, 20.0)]);
}

#[test]
fn a_steady_counter_is_a_flat_line_from_the_first_step_to_the_last() {
    // By two a second; the newest points are of second 123 and 127, steps end at 110, 120 and 130.
    let at = |host, seconds: [u64; 4]| seconds.map(|second| (host, LONG_AGO, second, second as f64 * 2.0));
    let rows = [at("a", [93, 103, 113, 123]), at("b", [97, 107, 117, 127])].concat();
    let rates = |rows: &[Row]| {
        let rates = values(counter(2, rows), Aggregation::Rate).into_iter();
        rates.map(|(second, rate)| (second, (rate * 1e6).round() / 1e6)).collect::<Vec<_>>()
    };
    assert_eq!(rates(&rows), [(100, 4.0), (110, 4.0), (120, 4.0)]);
    // It began in the middle of the first step, and nobody else was there.
    let began = [("a", 105, 115, 20.0), ("a", 105, 125, 40.0)];
    assert_eq!(rates(&began), [(100, 2.0), (110, 2.0), (120, 2.0)]);
    // This one has ended, since nothing came for longer than twice ten seconds: the rest goes on alone.
    let ended = [at("a", [75, 85, 95, 105]).as_slice(), &at("b", [98, 108, 118, 128])].concat();
    assert_eq!(rates(&ended), [(100, 3.0), (110, 2.0), (120, 2.0)]);
}

#[test]
fn what_was_added_is_shared_by_ranges_that_follow_each_other() {
    let rows = [("a", LONG_AGO, 80, 0.0), ("a", LONG_AGO, 110, 30.0), ("a", LONG_AGO, 140, 90.0)];
    let within = |from, to, aggregation| {
        let range = TimeRange { from_unix_nano: nano(from), to_unix_nano: nano(to) };
        let query = MetricQuery { range, step_nano: (to - from) * SECOND, ..question(aggregation, &[]) };
        ask(counter(2, &rows), &query).unwrap()[0].points[0].value
    };
    let ranges = [(80, 100), (100, 120), (120, 140)];
    assert_eq!(ranges.map(|(from, to)| within(from, to, Aggregation::Increase)), [20.0, 30.0, 40.0]);
    assert_eq!(within(80, 140, Aggregation::Increase), 90.0);
    // Also where no point is in the range at all.
    assert_eq!(within(120, 125, Aggregation::Increase), 10.0);
    assert_eq!(within(120, 125, Aggregation::Rate), 2.0);
}

#[test]
fn sums_are_of_all_series_that_live_however_rare_their_points() {
    let rows =
        [("a", 0, 85, 5.0), ("a", 0, 105, 1.0), ("a", 0, 125, 1.0), ("b", 0, 95, 10.0), ("b", 0, 115, 20.0)];
    assert_eq!(
        points(gauge(&rows), Aggregation::Sum),
        [(100, 11.0, 11.0, 11.0), (110, 21.0, 21.0, 21.0), (120, 21.0, 21.0, 21.0)]
    );
    assert_eq!(values(gauge(&rows), Aggregation::Average), [(100, 5.5), (110, 10.5), (120, 10.5)]);
    assert_eq!(values(gauge(&rows), Aggregation::Series), [(100, 2.0), (110, 2.0), (120, 2.0)]);
    // More than five minutes apart they say nothing of the time between.
    let query = MetricQuery {
        range: TimeRange { from_unix_nano: nano(100), to_unix_nano: nano(600) },
        step_nano: 100 * SECOND,
        ..question(Aggregation::Last, &[])
    };
    let apart = ask(gauge(&[("a", 0, 150, 1.0), ("a", 0, 550, 2.0)]), &query).unwrap().remove(0).points;
    assert_eq!(
        apart.iter().map(|point| (second(point.unix_nano), point.value)).collect::<Vec<_>>(),
        [(100, 1.0), (500, 2.0)]
    );
}

#[test]
fn totals_of_processes_that_say_the_same_of_themselves_are_told_apart_by_their_starts() {
    let rows = [
        ("a", LONG_AGO, 95, 5_000.0),
        ("a", 50, 96, 20.0),
        ("a", LONG_AGO, 105, 5_010.0),
        ("a", 50, 106, 24.0),
        ("a", LONG_AGO, 115, 5_020.0),
        // The second began anew, with a third.
        ("a", 108, 116, 7.0),
        ("a", LONG_AGO, 125, 5_030.0),
        ("a", 108, 126, 9.0),
    ];
    // Of the 10 of seconds 95 to 105 half, of the 4 of seconds 96 to 106 six tenths.
    assert_eq!(values(counter(2, &rows), Aggregation::Increase), [(100, 7.4), (110, 17.0), (120, 12.0)]);
    // One process that reckons its start anew each time.
    let Data::Sum(mut sum) = counter(2, &[("a", 50, 105, 10.0), ("a", 50, 115, 30.0)]) else {
        unreachable!()
    };
    sum.data_points[0].start_time_unix_nano += 300_000_000;
    sum.data_points[1].start_time_unix_nano -= 400_000_000;
    let increase = values(Data::Sum(sum), Aggregation::Increase);
    assert_eq!(increase.last(), Some(&(110, 20.0)));
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
    assert_eq!(values(Data::Gauge(ended.clone()), Aggregation::Last), [(100, 1.0)]);
    assert_eq!(values(Data::Gauge(ended), Aggregation::Sum), [(100, 1.0)], "it told that it ended");
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
    let rows = [(95, [10, 10, 10]), (101, [10, 10, 10]), (105, [10, 14, 10]), (115, [10, 14, 18])];
    let of = |aggregation| values(histogram(&rows), aggregation);
    assert_eq!(of(Aggregation::Increase), [(100, 4.0), (110, 8.0)]);
    // Half of the last eight came before second 110, half in the five seconds after it of which anything is known.
    assert_eq!(of(Aggregation::Rate), [(100, 0.8), (110, 0.8)]);
    assert_eq!(of(Aggregation::Average), [(100, 1.5), (110, 1.5)]);
    assert_eq!(of(Aggregation::Quantile(0.5)), [(100, 1.5), (110, 2.0)]);
    assert_eq!(of(Aggregation::Minimum), [(100, 1.0), (110, 2.0)]);
    assert_eq!(of(Aggregation::Maximum), [(100, 2.0), (110, 2.0)]);
    let series = ask(histogram(&rows), &question(Aggregation::Heatmap, &[])).unwrap();
    let columns: Vec<_> =
        series[0].heatmap.iter().map(|column| (second(column.unix_nano), column.buckets.clone())).collect();
    assert_eq!(columns, [(100, vec![(1.0, 2.0, 4.0)]), (110, vec![(2.0, f64::INFINITY, 8.0)])]);
    assert!(series[0].points.is_empty());
}

#[test]
fn of_what_a_histogram_counted_across_an_end_of_the_range_a_part_is_in_it() {
    let rows = [(96, [0, 0, 0]), (104, [2, 4, 0]), (128, [2, 4, 0]), (132, [2, 4, 6])];
    let series = ask(histogram(&rows), &question(Aggregation::Heatmap, &[])).unwrap();
    let columns: Vec<_> =
        series[0].heatmap.iter().map(|column| (second(column.unix_nano), column.buckets.clone())).collect();
    let first = vec![(f64::NEG_INFINITY, 1.0, 1.0), (1.0, 2.0, 2.0)];
    assert_eq!(columns, [(100, first), (120, vec![(2.0, f64::INFINITY, 3.0)])]);
    assert_eq!(values(histogram(&rows), Aggregation::Increase), [(100, 3.0), (120, 3.0)]);
}

#[test]
fn answers_have_the_first_groups_and_say_when_there_are_more() {
    let rows = [("c", 0, 105, 3.0), ("a", 0, 105, 1.0), ("d", 0, 105, 4.0), ("b", 0, 105, 2.0)];
    let store = store_of(vec![gauge(&rows)]);
    let limits = Limits { rows: 2, ..Limits::NONE };
    let answer = store.query_metric(&question(Aggregation::Last, &["host"]), &limits).unwrap();
    let hosts: Vec<_> = answer.value.iter().map(|series| series.group[0].as_deref()).collect();
    assert_eq!((hosts, answer.cut), (vec![Some("a"), Some("b")], Some(Cut::Rows)));
    // What is held while it is answered counts too.
    let limits = Limits { bytes: 1, ..Limits::NONE };
    let answer = store.query_metric(&question(Aggregation::Sum, &[]), &limits).unwrap();
    assert_eq!((answer.value[0].points[0].value, answer.cut), (3.0, Some(Cut::Bytes)));
}

#[test]
fn summaries_are_asked_for_their_nearest_quantile() {
    let point = |second: u64, count, values: [f64; 2]| SummaryDataPoint {
        time_unix_nano: nano(second),
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
        .map(|entry| (&*entry.name, &*entry.unit, entry.kind, entry.series, second(entry.newest_unix_nano)))
        .collect();
    assert_eq!(shown, [("m", "s", Gauge, 1, 105), ("m", "s", Counter, 1, 105)]);
    assert_eq!(catalogue[0].attributes, [(Field::Attribute("host".to_owned()), 1)]);
    assert_eq!(catalogue[0].services, ["unknown_service"]);
}

#[test]
fn exemplars_come_with_the_answer() {
    let Data::Gauge(mut gauge) = gauge(&[("a", 0, 105, 1.0)]) else { unreachable!() };
    gauge.data_points[0].exemplars = vec![Exemplar {
        time_unix_nano: nano(104),
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        value: Some(exemplar::Value::AsInt(7)),
        ..Exemplar::default()
    }];
    let series = ask(Data::Gauge(gauge), &question(Aggregation::Last, &[])).unwrap();
    let [exemplar] = &series[0].exemplars[..] else { panic!("{series:?}") };
    assert_eq!((exemplar.unix_nano, exemplar.value), (nano(104), 7.0));
    assert_eq!((exemplar.trace_id, exemplar.span_id), ([1; 16], [2; 8]));
}
