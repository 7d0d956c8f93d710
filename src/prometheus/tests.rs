//! Both text formats of the same families, expected from the formats' specifications.

use super::*;

fn series(labels: &[(&str, &str)], value: SeriesValue) -> ShownSeries {
    let labels = labels.iter().map(|(name, value)| Label::new(*name, *value)).collect();
    ShownSeries { labels, value, timestamp_ms: None }
}

fn number(value: f64) -> SeriesValue {
    SeriesValue::Number { value, exemplar: None }
}

fn family(name: &str, help: &str, kind: FamilyKind, series: Vec<ShownSeries>) -> MetricFamily {
    MetricFamily { name: name.to_owned(), help: help.to_owned(), kind, series }
}

fn exemplar(value: f64) -> Exemplar {
    Exemplar {
        labels: vec![Label::new("trace_id", "0a0b")],
        value,
        time_unix_nano: 1_520_879_607_789_000_000,
    }
}

fn families() -> Vec<MetricFamily> {
    let bucket = |upper_bound, cumulative_count| Bucket { upper_bound, cumulative_count, exemplar: None };
    let mut timed =
        series(&[("path", "a\"\\\nb")], SeriesValue::Number { value: 3.0, exemplar: Some(exemplar(0.67)) });
    timed.timestamp_ms = Some(1_520_879_607_789);
    let latency = HistogramValue {
        count: 7,
        sum: Some(12.5),
        buckets: vec![
            Bucket { exemplar: Some(exemplar(0.5)), ..bucket(1.0, 3) },
            bucket(2.5, 5),
            bucket(f64::INFINITY, 7),
        ],
    };
    let without_sum =
        HistogramValue { count: 2, sum: None, buckets: vec![bucket(-1.0, 1), bucket(f64::INFINITY, 2)] };
    let summary = SummaryValue { count: 9, sum: 4.5, quantiles: vec![(0.5, 0.25), (1.0, f64::NAN)] };
    vec![
        family(
            "latency_seconds",
            "",
            FamilyKind::Histogram,
            vec![
                series(&[("route", "/")], SeriesValue::Histogram(latency)),
                series(&[("route", "/x")], SeriesValue::Histogram(without_sum)),
            ],
        ),
        family(
            "requests_total",
            "The \"requests\"\nby \\.",
            FamilyKind::Counter,
            vec![timed, series(&[], number(1e21))],
        ),
        family("size", "", FamilyKind::Summary, vec![series(&[], SeriesValue::Summary(summary))]),
        family("started", "", FamilyKind::Counter, vec![series(&[], number(1.0))]),
        family(
            "température.now",
            "",
            FamilyKind::Gauge,
            vec![series(&[("ville.où", "é")], number(-0.5)), series(&[], number(f64::NEG_INFINITY))],
        ),
        family("x", "", FamilyKind::Unknown, vec![series(&[], number(f64::NAN))]),
    ]
}

#[test]
fn the_text_format_has_every_kind() {
    let expected = [
        "# HELP latency_seconds ",
        "# TYPE latency_seconds histogram",
        r#"latency_seconds_bucket{route="/",le="1"} 3"#,
        r#"latency_seconds_bucket{route="/",le="2.5"} 5"#,
        r#"latency_seconds_bucket{route="/",le="+Inf"} 7"#,
        r#"latency_seconds_sum{route="/"} 12.5"#,
        r#"latency_seconds_count{route="/"} 7"#,
        r#"latency_seconds_bucket{route="/x",le="-1"} 1"#,
        r#"latency_seconds_bucket{route="/x",le="+Inf"} 2"#,
        r#"latency_seconds_count{route="/x"} 2"#,
        r#"# HELP requests_total The "requests"\nby \\."#,
        "# TYPE requests_total counter",
        r#"requests_total{path="a\"\\\nb"} 3 1520879607789"#,
        "requests_total 1e21",
        "# HELP size ",
        "# TYPE size summary",
        r#"size{quantile="0.5"} 0.25"#,
        r#"size{quantile="1"} NaN"#,
        "size_sum 4.5",
        "size_count 9",
        "# HELP started ",
        "# TYPE started counter",
        "started 1",
        r#"# HELP "température.now" "#,
        r#"# TYPE "température.now" gauge"#,
        r#"{"température.now","ville.où"="é"} -0.5"#,
        r#"{"température.now"} -Inf"#,
        "# HELP x ",
        "# TYPE x untyped",
        "x NaN",
        "",
    ];
    assert_eq!(text::exposition(&families()), expected.join("\n"));
}

#[test]
fn open_metrics_has_exemplars_and_its_own_names() {
    let expected = [
        "# HELP latency_seconds ",
        "# TYPE latency_seconds histogram",
        r#"latency_seconds_bucket{route="/",le="1.0"} 3 # {trace_id="0a0b"} 0.5 1520879607.789"#,
        r#"latency_seconds_bucket{route="/",le="2.5"} 5"#,
        r#"latency_seconds_bucket{route="/",le="+Inf"} 7"#,
        r#"latency_seconds_sum{route="/"} 12.5"#,
        r#"latency_seconds_count{route="/"} 7"#,
        r#"latency_seconds_bucket{route="/x",le="-1.0"} 1"#,
        r#"latency_seconds_bucket{route="/x",le="+Inf"} 2"#,
        r#"# HELP requests The \"requests\"\nby \\."#,
        "# TYPE requests counter",
        r#"requests_total{path="a\"\\\nb"} 3 1520879607.789 # {trace_id="0a0b"} 0.67 1520879607.789"#,
        "requests_total 1e21",
        "# HELP size ",
        "# TYPE size summary",
        r#"size{quantile="0.5"} 0.25"#,
        r#"size{quantile="1.0"} NaN"#,
        "size_sum 4.5",
        "size_count 9",
        "# HELP started ",
        "# TYPE started unknown",
        "started 1",
        r#"# HELP "température.now" "#,
        r#"# TYPE "température.now" gauge"#,
        r#"{"température.now","ville.où"="é"} -0.5"#,
        r#"{"température.now"} -Inf"#,
        "# HELP x ",
        "# TYPE x unknown",
        "x NaN",
        "# EOF",
        "",
    ];
    assert_eq!(open_metrics::exposition(&families()), expected.join("\n"));
}

#[test]
fn a_counter_beside_a_gauge_of_its_short_name_is_of_unknown_kind_in_open_metrics() {
    let both = [
        family("jobs", "", FamilyKind::Gauge, vec![series(&[], number(2.0))]),
        family("jobs_total", "", FamilyKind::Counter, vec![series(&[], number(5.0))]),
    ];
    assert_eq!(
        open_metrics::exposition(&both),
        "# HELP jobs \n# TYPE jobs gauge\njobs 2\n\
         # HELP jobs_total \n# TYPE jobs_total unknown\njobs_total 5\n# EOF\n"
    );
}
