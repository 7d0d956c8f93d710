//! What cannot be shown beside what is: merged or refused, and the scrape goes well.

use opentelemetry_proto::tonic::metrics::v1::{Summary, SummaryDataPoint};

use super::*;

fn job_and_attributes(name: &str, attributes: Vec<KeyValue>, value: i64) -> Metric {
    metric(name, "", gauge(vec![point(attributes, 0, 1, value)]))
}

#[tokio::test]
async fn the_second_type_of_a_name_is_refused() {
    let exporter = Exporter::start().await;
    exporter.send(vec![], vec![job_and_attributes("a.total", vec![], 1)]).await;
    let counter = metric(
        "a",
        "",
        sum(CUMULATIVE, true, vec![point(vec![], 1, 2, 5), point(vec![text("k", "v")], 1, 2, 6)]),
    );
    let response = exporter.send(vec![], vec![counter]).await;
    assert_eq!(response.rejected, 2);
    assert_eq!(
        response.error_message,
        "a_total is shown as a gauge already, so it is not shown as a counter"
    );
    assert_eq!(exporter.samples().await, ["a_total 1"]);
    exporter.stop().await;
}

#[tokio::test]
async fn a_sample_never_has_the_name_of_another_metrics_sample() {
    let exporter = Exporter::start().await;
    let summary = SummaryDataPoint { time_unix_nano: 1, count: 2, sum: 3.0, ..SummaryDataPoint::default() };
    let summary = Data::Summary(Summary { data_points: vec![summary] });
    exporter.send(vec![], vec![job_and_attributes("s_count", vec![], 1)]).await;
    let response = exporter.send(vec![], vec![metric("s", "", summary)]).await;
    assert_eq!(response.rejected, 1);
    assert_eq!(response.error_message, "the sample s_count of s has the name of a sample of s_count");
    let response = exporter.send(vec![], vec![job_and_attributes("target.info", vec![], 1)]).await;
    assert_eq!(response.rejected, 1);
    assert_eq!(exporter.samples().await, ["s_count 1"]);
    exporter.stop().await;
}

#[tokio::test]
async fn label_names_that_become_equal_are_joined_and_the_exporters_own_are_kept() {
    let exporter = Exporter::start_with(|config| {
        config.without_scope_info = true;
        config.const_labels.insert("env".to_owned(), "prod".to_owned());
    })
    .await;
    let attributes = vec![text("a_b", "2"), text("a.b", "1"), text("job", "mine"), text("env", "test")];
    let resource = vec![text("service.name", "s")];
    assert_eq!(exporter.send(resource, vec![job_and_attributes("m", attributes, 1)]).await.rejected, 0);
    let expected = r#"m{a_b="1;2",env="prod",exported_env="test",exported_job="mine",job="s"} 1"#;
    assert_eq!(exporter.samples().await, [expected]);
    exporter.stop().await;
}

#[tokio::test]
async fn streams_that_become_one_series_are_merged() {
    let exporter = Exporter::start().await;
    let host = |name| vec![text("host.name", name)];
    let delta = |time, value| metric("d", "", sum(DELTA, true, vec![point(vec![], 1, time, value)]));
    let total = |time, value| metric("c", "", sum(CUMULATIVE, true, vec![point(vec![], 1, time, value)]));
    assert_eq!(exporter.send(host("a"), vec![delta(3, 5), total(3, 50)]).await.rejected, 0);
    // Of deltas each stream counts, in its own time.
    assert_eq!(exporter.send(host("b"), vec![delta(2, 7)]).await.rejected, 0);
    // Of totals the newest is shown, and an older one is refused.
    assert_eq!(exporter.send(host("b"), vec![total(2, 70)]).await.rejected, 1);
    assert_eq!(exporter.samples().await, ["c_total 50", "d_total 12"]);
    assert_eq!(exporter.send(host("b"), vec![total(4, 70)]).await.rejected, 0);
    assert_eq!(exporter.samples().await, ["c_total 70", "d_total 12"]);
    exporter.stop().await;
}

#[tokio::test]
async fn what_prometheus_has_no_name_or_type_for_is_refused() {
    let exporter = Exporter::start().await;
    let refused = async |metric| exporter.send(vec![], vec![metric]).await;
    let response = refused(metric("m", "", sum(DELTA, false, vec![point(vec![], 1, 2, 5)]))).await;
    let problem = "m is neither cumulative nor a delta that only grows, which Prometheus has no type for";
    assert_eq!((response.rejected, response.error_message.as_str()), (1, problem));
    let response = refused(metric("m", "", sum(0, true, vec![point(vec![], 1, 2, 5)]))).await;
    assert_eq!((response.rejected, response.error_message.as_str()), (1, problem));
    let response = refused(job_and_attributes("...", vec![], 1)).await;
    let problem = "no Prometheus name can be made of the metric name \"...\"";
    assert_eq!((response.rejected, response.error_message.as_str()), (1, problem));
    let response = refused(job_and_attributes("m", vec![text("__name__", "x")], 1)).await;
    let problem = "no label name can be made of the attribute key \"__name__\"";
    assert_eq!((response.rejected, response.error_message.as_str()), (1, problem));
    let mut without_value = point(vec![], 0, 1, 0);
    without_value.value = None;
    let response = refused(metric("m", "", gauge(vec![without_value]))).await;
    assert_eq!((response.rejected, response.error_message.as_str()), (1, "a point of m has no value"));
    assert_eq!(exporter.scrape().await, "");
    exporter.stop().await;
}

#[tokio::test]
async fn the_labels_of_quantiles_and_buckets_are_not_an_attributes() {
    let exporter = Exporter::start().await;
    let summary = SummaryDataPoint {
        attributes: vec![text("quantile", "x"), text("le", "y")],
        time_unix_nano: 1,
        count: 2,
        sum: 3.0,
        ..SummaryDataPoint::default()
    };
    let summary = Data::Summary(Summary { data_points: vec![summary] });
    assert_eq!(exporter.send(vec![], vec![metric("s", "", summary)]).await.rejected, 0);
    let expected = [r#"s_sum{exported_quantile="x",le="y"} 3"#, r#"s_count{exported_quantile="x",le="y"} 2"#];
    assert_eq!(exporter.samples().await, expected);
    exporter.stop().await;
}
