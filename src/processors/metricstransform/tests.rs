//! What the specs cannot show: which bytes stay, how many items are counted, and odd numbers.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics as ScopeMetricsMessage,
};
use proptest::prelude::*;
use prost::Message;

use super::*;
use crate::build_info::VERSION;
use crate::config::{ConfigValue, Decoding, parse_yaml};
use crate::pipeline::testing::{Sink, settings};

/// An unknown field, number 2004, as a newer client may send it.
const UNKNOWN_FIELD: &[u8] = b"\xa2\x7d\x05later";

struct Processor {
    processor: Consuming,
    sink: Arc<Sink>,
}

impl Processor {
    fn new(yaml: &str) -> Self {
        let mut config = MetricsTransformConfig::default();
        let mut decoding = Decoding::default();
        config.update(&parse_yaml(yaml, &Arc::from("test")).unwrap(), &mut decoding);
        assert_eq!(decoding.into_errors(), []);
        let sink = Sink::new();
        let settings = settings("metrics_transform", Signal::Metrics);
        let processor = MetricsTransform::create(Arc::new(config), settings, Arc::clone(&sink) as _).unwrap();
        Self { processor, sink }
    }

    /// What comes out of a batch of these encoded metrics in one scope.
    async fn transform(&self, metrics: &[Vec<u8>]) -> Vec<Batch> {
        let mut body = Vec::new();
        metrics.iter().for_each(|metric| put_length_delimited(&mut body, 2, metric));
        for number in [2, 1] {
            let inner = std::mem::take(&mut body);
            put_length_delimited(&mut body, number, &inner);
        }
        let batch = Batch::from_untrusted_part(Signal::Metrics, Bytes::from(body)).unwrap();
        self.processor.consume(batch).await.unwrap();
        self.sink.taken()
    }
}

fn gauge(name: &str, values: &[Value]) -> Metric {
    let point = |value: &Value| NumberDataPoint { value: Some(*value), ..NumberDataPoint::default() };
    let data_points = values.iter().map(point).collect();
    Metric { name: name.to_owned(), data: Some(Data::Gauge(Gauge { data_points })), ..Metric::default() }
}

fn encoded(name: &str, values: &[Value]) -> Vec<u8> {
    gauge(name, values).encode_to_vec()
}

/// The encoded metrics of a batch.
fn metrics_in(batch: &Batch) -> Vec<Vec<u8>> {
    let scope_groups = batch.resource_groups().flat_map(|group| group.scope_groups.iter());
    scope_groups.flat_map(|group| group.records().iter()).map(<[u8]>::to_vec).collect()
}

fn decoded(batch: &Batch) -> Vec<Metric> {
    metrics_in(batch).iter().map(|metric| Metric::decode(metric.as_slice()).unwrap()).collect()
}

#[tokio::test]
async fn only_metrics_with_an_operation_are_decoded() {
    let processor = Processor::new(
        "transforms:
        - {include: renamed, action: update, new_name: name}
        - {include: changed, action: update, operations: [{action: toggle_scalar_data_type}]}",
    );
    let with_unknown = |name| [&encoded(name, &[Value::AsInt(1)]), UNKNOWN_FIELD].concat();
    let sent = [with_unknown("other"), with_unknown("renamed"), with_unknown("changed")];
    let taken = processor.transform(&sent).await;
    let found = metrics_in(&taken[0]);
    assert_eq!(found[0], sent[0]);
    assert_eq!(found[1], with_unknown("name"));
    assert_eq!(found[2], encoded("changed", &[Value::AsDouble(1.0)]));
}

#[tokio::test]
async fn a_batch_without_a_match_keeps_its_very_bytes() {
    let processor = Processor::new(
        "transforms:
        - {include: other, action: update, new_name: name}
        - {include: m, action: insert, new_name: n, experimental_match_labels: {a: b}}
        - {include: other, action: combine, new_name: n, aggregation_type: sum}
        - {include: other, action: group, group_resource_labels: {a: b}}",
    );
    let mut request = ExportMetricsServiceRequest::default();
    let scope_metrics = vec![ScopeMetricsMessage {
        metrics: vec![gauge("m", &[Value::AsInt(1)])],
        ..ScopeMetricsMessage::default()
    }];
    request.resource_metrics.push(ResourceMetrics { scope_metrics, ..ResourceMetrics::default() });
    let part = Bytes::from(request.encode_to_vec());
    let batch = Batch::from_untrusted_part(Signal::Metrics, part.clone()).unwrap();
    processor.processor.consume(batch).await.unwrap();
    assert_eq!(processor.sink.taken()[0].parts()[0].as_ptr(), part.as_ptr());
}

#[tokio::test]
async fn items_are_counted_after_every_action() {
    let processor = Processor::new(
        "transforms:
        - {include: copied, action: insert, new_name: copy}
        - {include: ^a, match_type: regexp, action: combine, new_name: combined, aggregation_type: sum}
        - {include: grouped, action: group, group_resource_labels: {a: b}}",
    );
    let one = [Value::AsInt(1)];
    let three = [Value::AsInt(1), Value::AsInt(2), Value::AsInt(3)];
    let sent =
        [encoded("copied", &three), encoded("a1", &one), encoded("a2", &three), encoded("grouped", &three)];
    let taken = processor.transform(&sent).await;
    assert_eq!(taken[0].items(), 3 + 3 + 1 + 3);
    let expected = [
        gauge("copied", &three),
        gauge("copy", &three),
        gauge("combined", &[Value::AsInt(7)]),
        gauge("grouped", &three),
    ];
    assert_eq!(decoded(&taken[0]), expected);
}

#[tokio::test]
async fn a_batch_of_which_nothing_is_left_is_not_handed_on() {
    let processor = Processor::new(
        "transforms: [{include: m, action: update, operations: [
            {action: add_label, new_label: a, new_value: b},
            {action: delete_label_value, label: a, label_value: b}]}]",
    );
    assert_eq!(processor.transform(&[encoded("m", &[Value::AsInt(1)])]).await.len(), 0);
    assert_eq!(processor.transform(&[encoded("m", &[])]).await.len(), 1, "one that was empty before stays");
}

#[tokio::test]
async fn the_version_stands_for_itself() {
    let processor = Processor::new(
        "transforms: [{include: m, action: update, operations: [
            {action: add_label, new_label: a, new_value: 'weir {{version}}'},
            {action: update_label, label: a, value_actions: [
                {value: 'never', new_value: x}, {value: 'weir 0', new_value: y}]}]}]",
    );
    let taken = processor.transform(&[encoded("m", &[Value::AsInt(1)])]).await;
    let mut expected = gauge("m", &[Value::AsInt(1)]);
    data_points::for_each(&mut expected, |point| {
        point.attributes_mut().push(labels::text_attribute("a", &format!("weir {VERSION}")));
    });
    assert_eq!(decoded(&taken[0]), [expected]);
}

#[tokio::test]
async fn a_metric_with_text_that_is_not_utf_8_is_renamed_but_not_changed() {
    let processor = Processor::new(
        "transforms: [{include: m, action: update, new_name: n, operations: [{action: toggle_scalar_data_type}]}]",
    );
    let description = b"\x12\x02\xff\xfe";
    let sent = [&encoded("m", &[Value::AsInt(1)])[..], description].concat();
    let taken = processor.transform(&[sent]).await;
    assert_eq!(metrics_in(&taken[0]), [[&encoded("n", &[Value::AsInt(1)])[..], description].concat()]);
}

#[tokio::test]
async fn no_aggregation_overflows() {
    for (aggregation, expected) in [
        ("sum", Value::AsDouble(3.0 * 9_223_372_036_854_775_808.0)),
        ("mean", Value::AsDouble(9_223_372_036_854_775_808.0)),
        ("median", Value::AsInt(i64::MAX)),
    ] {
        let processor = Processor::new(&format!(
            "transforms: [{{include: m, action: update, operations: [
                {{action: aggregate_labels, aggregation_type: {aggregation}}}]}}]"
        ));
        let taken = processor.transform(&[encoded("m", &[Value::AsInt(i64::MAX); 3])]).await;
        assert_eq!(decoded(&taken[0]), [gauge("m", &[expected])], "{aggregation}");
    }
}

#[tokio::test]
async fn a_value_that_is_not_a_number_makes_the_aggregate_none() {
    for aggregation in ["sum", "mean", "min", "max", "median"] {
        let processor = Processor::new(&format!(
            "transforms: [{{include: m, action: update, operations: [
                {{action: aggregate_labels, aggregation_type: {aggregation}}}]}}]"
        ));
        let values = [Value::AsDouble(1.0), Value::AsDouble(f64::NAN), Value::AsDouble(2.0)];
        let taken = processor.transform(&[encoded("m", &values)]).await;
        let Some(Data::Gauge(gauge)) = &decoded(&taken[0])[0].data else { panic!("no gauge") };
        let Some(Value::AsDouble(value)) = gauge.data_points[0].value else { panic!("no double") };
        assert!(value.is_nan(), "{aggregation} is {value}");
    }
}

proptest! {
    #[test]
    fn a_sum_over_labels_keeps_the_totals_whatever_the_order(
        points in prop::collection::vec((0_u8..4, 0_u64..3, -1000_i64..1000), 0..30),
        seed in any::<u64>(),
    ) {
        let summed = |points: &[(u8, u64, i64)]| {
            let mut metric = gauge("m", &points.iter().map(|point| Value::AsInt(point.2)).collect::<Vec<_>>());
            let Some(Data::Gauge(gauge)) = &mut metric.data else { panic!("no gauge") };
            for (point, (label, time, _)) in gauge.data_points.iter_mut().zip(points) {
                point.time_unix_nano = *time;
                point.attributes.push(labels::text_attribute("label", &label.to_string()));
            }
            aggregate::aggregate(&mut metric, Some(config::Aggregation::Sum));
            let Some(Data::Gauge(gauge)) = metric.data else { panic!("no gauge") };
            let sums = gauge.data_points.into_iter().map(|point| {
                let Some(Value::AsInt(sum)) = point.value else { panic!("no integer") };
                ((labels::get(&point.attributes, "label").unwrap().to_owned(), point.time_unix_nano), sum)
            });
            sums.collect::<Vec<_>>()
        };
        let mut expected = BTreeMap::new();
        for (label, time, value) in &points {
            *expected.entry((label.to_string(), *time)).or_insert(0) += value;
        }
        let expected: Vec<_> = expected.into_iter().collect();
        let mut shuffled = points.clone();
        fastrand::Rng::with_seed(seed).shuffle(&mut shuffled);
        for order in [points, shuffled] {
            let mut found = summed(&order);
            found.sort_unstable();
            prop_assert_eq!(&found, &expected);
        }
    }
}
