//! What the exporter `prometheus` writes is what the receiver reads, in both formats.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as NumberValue;
use proptest::prelude::*;
use prost::Message;

use crate::prometheus::{
    Bucket, FamilyKind, HistogramValue, Label, MetricFamily, SeriesValue, ShownSeries, SummaryValue,
    open_metrics, text,
};
use crate::receivers::prometheus::testing::{GivenTarget, OPEN_METRICS, TEXT};

/// Data points by metric, kind and attributes.
type Points = BTreeMap<(String, &'static str, BTreeMap<String, String>), String>;

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("the only one that is none", |value| !value.is_nan()),
        Just(f64::NAN),
        (-1000_i32..1000).prop_map(f64::from),
    ]
}

fn labels() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::btree_map("(a|b|c_d|e\\.f|é)", "(?s:.{1,8})", 0..4)
        .prop_map(|labels| labels.into_iter().collect())
}

fn value_of(kind: FamilyKind) -> BoxedStrategy<SeriesValue> {
    match kind {
        FamilyKind::Histogram => (prop::collection::vec(0_u64..1000, 1..6), number())
            .prop_map(|(counts, sum)| {
                let mut cumulative_count = 0;
                let last = counts.len() - 1;
                let buckets = counts.iter().enumerate().map(|(index, count)| {
                    cumulative_count += count;
                    let upper_bound = if index == last { f64::INFINITY } else { index as f64 - 1.5 };
                    Bucket { upper_bound, cumulative_count, exemplar: None }
                });
                let buckets: Vec<Bucket> = buckets.collect();
                SeriesValue::Histogram(HistogramValue { count: cumulative_count, sum: Some(sum), buckets })
            })
            .boxed(),
        FamilyKind::Summary => (0_u64..1_000_000, number(), prop::collection::vec(number(), 0..3))
            .prop_map(|(count, sum, values)| {
                let quantiles =
                    values.into_iter().enumerate().map(|(index, value)| (index as f64 / 4.0, value));
                SeriesValue::Summary(SummaryValue { count, sum, quantiles: quantiles.collect() })
            })
            .boxed(),
        _ => number().prop_map(|value| SeriesValue::Number { value, exemplar: None }).boxed(),
    }
}

fn family() -> impl Strategy<Value = MetricFamily> {
    let kinds = [FamilyKind::Counter, FamilyKind::Gauge, FamilyKind::Histogram, FamilyKind::Summary];
    (prop::sample::select(kinds.to_vec()), "[a-z ]{0,9}").prop_flat_map(|(kind, help)| {
        prop::collection::btree_map(labels(), value_of(kind), 1..4).prop_map(move |series| {
            let shown = series.into_iter().map(|(labels, value)| {
                let labels = labels.into_iter().map(|(name, value)| Label::new(name, value)).collect();
                ShownSeries { labels, value, timestamp_ms: None }
            });
            MetricFamily { name: String::new(), help: help.clone(), kind, series: shown.collect() }
        })
    })
}

fn families() -> impl Strategy<Value = Vec<MetricFamily>> {
    prop::collection::vec(family(), 1..5).prop_map(|mut families| {
        for (index, family) in families.iter_mut().enumerate() {
            let suffix = if family.kind == FamilyKind::Counter { "_total" } else { "" };
            family.name = format!("m.{index}{suffix}");
        }
        families
    })
}

/// The points that the families are; of series whose attributes are equal, the last.
fn expected(families: &[MetricFamily]) -> Points {
    let mut points = Points::new();
    for family in families {
        for series in &family.series {
            let labels = series.labels.iter().filter(|label| !label.value.is_empty());
            let labels = labels.map(|label| (label.name.clone(), label.value.clone())).collect();
            let (kind, value) = match &series.value {
                SeriesValue::Number { value, .. } => (family.kind.name(), format!("{value:?}")),
                SeriesValue::Histogram(histogram) => {
                    let mut below = 0;
                    let counts = histogram.buckets.iter().map(|bucket| {
                        let count = bucket.cumulative_count - below;
                        below = bucket.cumulative_count;
                        count
                    });
                    let counts: Vec<u64> = counts.collect();
                    let bounds = histogram.buckets.iter().map(|bucket| bucket.upper_bound);
                    let bounds: Vec<f64> = bounds.filter(|bound| bound.is_finite()).collect();
                    (
                        "histogram",
                        format!("{} {:?} {counts:?} {bounds:?}", histogram.count, histogram.sum.unwrap()),
                    )
                }
                SeriesValue::Summary(summary) => {
                    ("summary", format!("{} {:?} {:?}", summary.count, summary.sum, summary.quantiles))
                }
            };
            points.insert((family.name.clone(), kind, labels), value);
        }
    }
    points
}

fn attributes(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let pairs = attributes.iter().map(|attribute| match &attribute.value.as_ref().unwrap().value {
        Some(Value::StringValue(text)) => (attribute.key.clone(), text.clone()),
        other => panic!("{other:?}"),
    });
    pairs.collect()
}

fn found(body: &[u8]) -> Points {
    let request = ExportMetricsServiceRequest::decode(body).unwrap();
    let mut points = Points::new();
    let metrics = request
        .resource_metrics
        .iter()
        .flat_map(|group| &group.scope_metrics)
        .flat_map(|group| &group.metrics);
    for metric in metrics.filter(|metric| metric.name.starts_with("m.")) {
        let mut add = |kind, labels: &[KeyValue], value: String| {
            assert!(points.insert((metric.name.clone(), kind, attributes(labels)), value).is_none());
        };
        let number = |value: &Option<NumberValue>| match value {
            Some(NumberValue::AsDouble(value)) => format!("{value:?}"),
            other => panic!("{other:?}"),
        };
        match metric.data.as_ref().unwrap() {
            Data::Gauge(data) => {
                data.data_points
                    .iter()
                    .for_each(|point| add("gauge", &point.attributes, number(&point.value)));
            }
            Data::Sum(data) => {
                data.data_points
                    .iter()
                    .for_each(|point| add("counter", &point.attributes, number(&point.value)));
            }
            Data::Histogram(data) => data.data_points.iter().for_each(|point| {
                let (counts, bounds) = (&point.bucket_counts, &point.explicit_bounds);
                let value = format!("{} {:?} {counts:?} {bounds:?}", point.count, point.sum.unwrap());
                add("histogram", &point.attributes, value);
            }),
            Data::Summary(data) => data.data_points.iter().for_each(|point| {
                let quantiles = point.quantile_values.iter().map(|value| (value.quantile, value.value));
                let value = format!("{} {:?} {:?}", point.count, point.sum, quantiles.collect::<Vec<_>>());
                add("summary", &point.attributes, value);
            }),
            other => panic!("{other:?}"),
        }
    }
    points
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(families in families()) {
        let expected = expected(&families);
        for (content_type, page) in [(TEXT, text::exposition(&families)), (OPEN_METRICS, open_metrics::exposition(&families))] {
            let mut target = GivenTarget::new(content_type, "");
            for time_ms in [1000, 2000] {
                let outcome = target.outcome(&page, time_ms);
                prop_assert_eq!(outcome.failure, None, "{}", page);
                prop_assert_eq!(&found(&outcome.written.body), &expected, "{}", page);
            }
        }
    }
}
