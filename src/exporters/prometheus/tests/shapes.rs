//! Every shape of metric, as the specification for Prometheus wants it shown.

use opentelemetry_proto::tonic::metrics::v1::exemplar::Value as ExemplarValue;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Histogram, HistogramDataPoint, Summary,
    SummaryDataPoint,
};

use super::*;

fn histogram(aggregation_temporality: i32, points: Vec<HistogramDataPoint>) -> Data {
    Data::Histogram(Histogram { data_points: points, aggregation_temporality })
}

/// With the bounds 1 and 2.5.
fn histogram_point(start: u64, time: u64, counts: [u64; 3], sum: Option<f64>) -> HistogramDataPoint {
    HistogramDataPoint {
        start_time_unix_nano: start * 1_000_000_000,
        time_unix_nano: time * 1_000_000_000,
        count: counts.iter().sum(),
        sum,
        bucket_counts: counts.to_vec(),
        explicit_bounds: vec![1.0, 2.5],
        ..HistogramDataPoint::default()
    }
}

#[tokio::test]
async fn sums_are_counters_and_gauges() {
    let exporter = Exporter::start().await;
    let mut real = point(vec![], 1, 2, 0);
    real.value = Some(NumberValue::AsDouble(f64::NAN));
    let metrics = vec![
        metric("requests", "{request}", sum(CUMULATIVE, true, vec![point(vec![], 1, 2, 7)])),
        metric("queue.size", "By", sum(CUMULATIVE, false, vec![point(vec![], 1, 2, -3)])),
        metric("load", "1", gauge(vec![real])),
    ];
    assert_eq!(exporter.send(vec![], metrics).await.rejected, 0);
    assert_eq!(
        exporter.scrape().await,
        "# HELP load_ratio \n# TYPE load_ratio gauge\nload_ratio NaN\n\
         # HELP queue_size_bytes \n# TYPE queue_size_bytes gauge\nqueue_size_bytes -3\n\
         # HELP requests_total \n# TYPE requests_total counter\nrequests_total 7\n"
    );
    exporter.stop().await;
}

#[tokio::test]
async fn deltas_are_added_up() {
    let exporter = Exporter::start().await;
    let send = async |start, time, value, counts| {
        let metrics = vec![
            metric("n", "", sum(DELTA, true, vec![point(vec![], start, time, value)])),
            metric("h", "", histogram(DELTA, vec![histogram_point(start, time, counts, Some(1.5))])),
        ];
        exporter.send(vec![], metrics).await
    };
    assert_eq!(send(1, 2, 5, [1, 0, 1]).await.rejected, 0);
    assert_eq!(send(2, 3, 4, [0, 2, 0]).await.rejected, 0);
    // The same again counts no second time.
    let again = send(2, 3, 4, [0, 2, 0]).await;
    assert_eq!(again.rejected, 2);
    assert_eq!(again.error_message, "a point of h is older than the one shown, or was sent before");
    assert_eq!(send(9, 10, 1, [0, 0, 1]).await.rejected, 0);
    let expected = [
        r#"h_bucket{le="1"} 1"#,
        r#"h_bucket{le="2.5"} 3"#,
        r#"h_bucket{le="+Inf"} 5"#,
        "h_sum 4.5",
        "h_count 5",
        "n_total 10",
    ];
    assert_eq!(exporter.samples().await, expected);
    exporter.stop().await;
}

#[tokio::test]
async fn histograms_have_each_bound_once_and_the_infinite_one_last() {
    let exporter = Exporter::start().await;
    let odd = HistogramDataPoint {
        count: 10,
        bucket_counts: vec![1, 2, 3, 4, 0],
        explicit_bounds: vec![1.0, 1.0, 2.0, f64::INFINITY],
        ..histogram_point(1, 2, [0; 3], None)
    };
    let without_buckets = HistogramDataPoint {
        count: 3,
        bucket_counts: vec![],
        explicit_bounds: vec![],
        ..histogram_point(1, 2, [0; 3], Some(2.0))
    };
    let metrics = vec![
        metric("odd", "", histogram(CUMULATIVE, vec![odd])),
        metric("plain", "", histogram(CUMULATIVE, vec![without_buckets])),
    ];
    assert_eq!(exporter.send(vec![], metrics).await.rejected, 0);
    let expected = [
        r#"odd_bucket{le="1"} 3"#,
        r#"odd_bucket{le="2"} 6"#,
        r#"odd_bucket{le="+Inf"} 10"#,
        "odd_count 10",
        r#"plain_bucket{le="+Inf"} 3"#,
        "plain_sum 2",
        "plain_count 3",
    ];
    assert_eq!(exporter.samples().await, expected);
    exporter.stop().await;
}

#[tokio::test]
async fn exponential_histograms_show_count_and_sum_and_summaries_their_quantiles() {
    let exporter = Exporter::start().await;
    let exponential = ExponentialHistogramDataPoint {
        time_unix_nano: 2,
        count: 4,
        sum: Some(9.0),
        zero_count: 4,
        ..ExponentialHistogramDataPoint::default()
    };
    let exponential =
        ExponentialHistogram { data_points: vec![exponential], aggregation_temporality: CUMULATIVE };
    let at = |quantile, value| ValueAtQuantile { quantile, value };
    let summary = SummaryDataPoint {
        time_unix_nano: 2,
        count: 2,
        sum: 3.0,
        quantile_values: vec![at(0.9, 2.0), at(0.5, 1.0), at(0.9, 2.5)],
        ..SummaryDataPoint::default()
    };
    let metrics = vec![
        metric("e", "", Data::ExponentialHistogram(exponential)),
        metric("s", "", Data::Summary(Summary { data_points: vec![summary] })),
    ];
    assert_eq!(exporter.send(vec![], metrics).await.rejected, 0);
    let expected = [
        r#"e_bucket{le="+Inf"} 4"#,
        "e_sum 9",
        "e_count 4",
        r#"s{quantile="0.5"} 1"#,
        r#"s{quantile="0.9"} 2.5"#,
        "s_sum 3",
        "s_count 2",
    ];
    assert_eq!(exporter.samples().await, expected);
    exporter.stop().await;
}

#[tokio::test]
async fn exemplars_stand_with_counters_and_buckets_in_open_metrics() {
    let exporter = Exporter::start_with(|config| {
        config.without_scope_info = true;
        config.enable_open_metrics = true;
    })
    .await;
    let exemplar = |value, attributes| Exemplar {
        filtered_attributes: attributes,
        time_unix_nano: 1_500_000_000,
        span_id: vec![0xb; 8],
        trace_id: vec![0xa; 16],
        value: Some(ExemplarValue::AsDouble(value)),
    };
    let mut counted = point(vec![], 1, 2, 7);
    counted.exemplars = vec![exemplar(1.0, vec![]), exemplar(2.0, vec![text("user.id", "u")])];
    let mut measured = histogram_point(1, 2, [1, 0, 1], Some(4.0));
    measured.exemplars = vec![exemplar(0.5, vec![text("note", &"x".repeat(128))]), exemplar(7.0, vec![])];
    let metrics = vec![
        metric("c", "", sum(CUMULATIVE, true, vec![counted])),
        metric("h", "", histogram(CUMULATIVE, vec![measured])),
    ];
    exporter.send(vec![], metrics).await;
    let (_, body) = exporter.get("/metrics", "accept: application/openmetrics-text\r\n").await;
    let ids = r#"trace_id="0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",span_id="0b0b0b0b0b0b0b0b""#;
    let expected = [
        format!("c_total 7 # {{{ids},user_id=\"u\"}} 2 1.5"),
        format!("h_bucket{{le=\"1.0\"}} 1 # {{{ids}}} 0.5 1.5"),
        "h_bucket{le=\"2.5\"} 1".to_owned(),
        format!("h_bucket{{le=\"+Inf\"}} 2 # {{{ids}}} 7 1.5"),
        "h_sum 4".to_owned(),
        "h_count 2".to_owned(),
    ];
    assert_eq!(samples_of(&String::from_utf8(body).unwrap()), expected);
    exporter.stop().await;
}
