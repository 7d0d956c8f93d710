//! Lines as the formats' specifications have them, and what Prometheus takes beyond those.

use proptest::prelude::*;

use super::*;

fn read(text: &str, format: ExpositionFormat) -> Result<Vec<ExpositionLine<'_>>, String> {
    let mut reader = ExpositionReader::new(text.as_bytes(), format);
    let mut lines = Vec::new();
    while let Some(line) = reader.next_line(b"").map_err(|error| error.to_string())? {
        lines.push(line);
    }
    Ok(lines)
}

fn sample(line: &ExpositionLine<'_>) -> (String, Vec<(String, String)>, f64, Option<i64>) {
    let ExpositionLine::Sample(sample) = line else { panic!("{line:?} is no sample") };
    let series = read_series(sample.series);
    let labels = series.labels.into_iter().map(|label| (label.name, label.value)).collect();
    (series.name, labels, sample.value, sample.timestamp_ms)
}

fn labels(labels: &[(&str, &str)]) -> Vec<(String, String)> {
    labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_text_format_is_read() {
    let text = "# HELP http_requests_total The \\\\ total\\nof \"requests\".\n\
                # TYPE http_requests_total counter\n\
                http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n\
                \n\
                # Escaping in label values:\n\
                msdos_file_access_time_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\",error=\"not found:\\n\\\"FILE.TXT\\\"\"} 1.458255915e9\n\
                metric_without_timestamp_and_labels 12.47\n\
                \x20spaced\t{ a = \"b\" , c=\"d\" ,}  +Inf\t-3\n";
    // A negative timestamp is none that Prometheus takes.
    assert_eq!(
        read(text, ExpositionFormat::Text).unwrap_err(),
        "line 8: expected a timestamp or the end of the line: \" spaced\\t{ a = \\\"b\\\" , c=\\\"d\\\" ,}  +Inf\\t-3\""
    );
    let text = text.replace("\t-3", "\t3");
    let lines = read(&text, ExpositionFormat::Text).unwrap();
    let family = &b"http_requests_total"[..];
    assert_eq!(
        lines[..2],
        [
            ExpositionLine::Help { family, text: "The \\ total\nof \"requests\".".into() },
            ExpositionLine::Type { family, metric_type: MetricType::Counter },
        ]
    );
    let samples: Vec<_> = lines[2..].iter().map(sample).collect();
    assert_eq!(
        samples,
        [
            (
                "http_requests_total".to_owned(),
                labels(&[("method", "post"), ("code", "200")]),
                1027.0,
                Some(1_395_066_363_000)
            ),
            (
                "msdos_file_access_time_seconds".to_owned(),
                labels(&[("path", "C:\\DIR\\FILE.TXT"), ("error", "not found:\n\"FILE.TXT\"")]),
                1.458_255_915e9,
                None
            ),
            ("metric_without_timestamp_and_labels".to_owned(), Vec::new(), 12.47, None),
            ("spaced".to_owned(), labels(&[("a", "b"), ("c", "d")]), f64::INFINITY, Some(3)),
        ]
    );
}

#[test]
fn quoted_names_are_read() {
    let text = "# TYPE \"http.requests\" gauge\n{\"http.requests\",\"a.b\"=\"c\"} 1\n{a=\"b\", \"n\\\"m\"} 2";
    let lines = read(text, ExpositionFormat::Text).unwrap();
    assert_eq!(lines[0], ExpositionLine::Type { family: b"http.requests", metric_type: MetricType::Gauge });
    assert_eq!(sample(&lines[1]), ("http.requests".to_owned(), labels(&[("a.b", "c")]), 1.0, None));
    assert_eq!(sample(&lines[2]), ("n\"m".to_owned(), labels(&[("a", "b")]), 2.0, None));
}

#[test]
fn open_metrics_is_read() {
    let text = "# TYPE foo_seconds histogram\n\
                # UNIT foo_seconds seconds\n\
                # HELP foo_seconds A \\\"text\\\".\n\
                foo_seconds_bucket{le=\"+Inf\"} 17 1520879607.789 # {trace_id=\"KOO5S4vxi0o\"} 0.67 1520879606.5\n\
                foo_seconds_count 17 # {} 0.5\n\
                # EOF\n";
    let lines = read(text, ExpositionFormat::OpenMetrics).unwrap();
    let family = &b"foo_seconds"[..];
    assert_eq!(
        lines[..3],
        [
            ExpositionLine::Type { family, metric_type: MetricType::Histogram },
            ExpositionLine::Unit { family, unit: "seconds".into() },
            ExpositionLine::Help { family, text: "A \"text\".".into() },
        ]
    );
    let ExpositionLine::Sample(bucket) = &lines[3] else { panic!("{:?}", lines[3]) };
    assert_eq!(bucket.timestamp_ms, Some(1_520_879_607_789));
    let exemplar = bucket.exemplar.as_ref().unwrap();
    assert_eq!((exemplar.value, exemplar.timestamp_ms), (0.67, Some(1_520_879_606_500)));
    assert_eq!(
        read_series(exemplar.labels).labels,
        [crate::prometheus::Label::new("trace_id", "KOO5S4vxi0o")]
    );
    let ExpositionLine::Sample(count) = &lines[4] else { panic!("{:?}", lines[4]) };
    assert_eq!(count.exemplar, Some(ExemplarText { labels: b"{}", value: 0.5, timestamp_ms: None }));
}

#[test]
fn the_expected_series_is_found_without_reading_it() {
    let text = "a{b=\"c\"} 1\na{b=\"c\",d=\"e\"} 2\na 3\na {f=\"g\"} 4\nab 5\n";
    let mut reader = ExpositionReader::new(text.as_bytes(), ExpositionFormat::Text);
    let mut next = |expected: &str| match reader.next_line(expected.as_bytes()).unwrap() {
        Some(ExpositionLine::Sample(sample)) => {
            (String::from_utf8_lossy(sample.series).into_owned(), sample.is_expected, sample.value)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(next("a{b=\"c\"}"), ("a{b=\"c\"}".to_owned(), true, 1.0));
    assert_eq!(next("a{b=\"c\"}"), ("a{b=\"c\",d=\"e\"}".to_owned(), false, 2.0));
    assert_eq!(next("a"), ("a".to_owned(), true, 3.0));
    assert_eq!(next("a"), ("a {f=\"g\"}".to_owned(), false, 4.0));
    assert_eq!(next("a"), ("ab".to_owned(), false, 5.0));
}

#[test]
fn what_prometheus_refuses_is_refused() {
    for (text, problem) in [
        ("# TYPE a foo\n", "line 1: invalid metric type \"foo\": \"# TYPE a foo\""),
        ("# TYPE a  gauge\n", "line 1: invalid metric type \" gauge\": \"# TYPE a  gauge\""),
        ("# HELP {} x\n", "line 1: expected a metric name after HELP: \"# HELP {} x\""),
        ("a 1\nb\n", "line 2: expected a value: \"\" is not a number: \"b\""),
        ("a{b=\"c\"} 1 x\n", "line 1: expected a timestamp or the end of the line: \"a{b=\\\"c\\\"} 1 x\""),
        ("a{b} 1\n", "line 1: expected = after the label's name: \"a{b} 1\""),
        ("a{b=c} 1\n", "line 1: expected a label value in quotes: \"a{b=c} 1\""),
        ("a{,} 1\n", "line 1: expected a label name: \"a{,} 1\""),
        ("{b=\"c\"} 1\n", "line 1: expected a metric name: \"{b=\\\"c\\\"} 1\""),
        ("a{\"b\"} 1\n", "line 1: the metric's name is written twice: \"a{\\\"b\\\"} 1\""),
        ("1a 1\n", "line 1: expected a metric name: \"1a 1\""),
    ] {
        assert_eq!(read(text, ExpositionFormat::Text).unwrap_err(), problem);
    }
}

/// Texts of the letters that mean something, around names that may be expected.
fn any_text() -> impl Strategy<Value = String> {
    let pieces = [
        "a", "ab", "{", "}", "=", "\"", ",", " ", "\t", "\n", "\\", "# ", "# EOF\n", "1", "-2.5", "le",
        "\"x\"",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn it_does_not_matter_which_series_is_expected(
        text in any_text(),
        expected in prop::sample::select(vec!["a", "ab", "a{}", "a{le=\"x\"}", "{\"x\"}"]),
    ) {
        for format in [ExpositionFormat::Text, ExpositionFormat::OpenMetrics] {
            let (mut plain, mut expecting) =
                (ExpositionReader::new(text.as_bytes(), format), ExpositionReader::new(text.as_bytes(), format));
            loop {
                let line = plain.next_line(b"");
                let mut same = expecting.next_line(expected.as_bytes());
                if let Ok(Some(ExpositionLine::Sample(sample))) = &mut same {
                    sample.is_expected = false;
                }
                prop_assert_eq!(&line, &same);
                if !matches!(line, Ok(Some(_))) {
                    break;
                }
            }
        }
    }
}
