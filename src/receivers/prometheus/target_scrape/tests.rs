//! Scrape after scrape: which series end, what fails a scrape, and what is counted of it.

use super::*;
use crate::receivers::prometheus::testing::{GivenTarget, OPEN_METRICS, TEXT, lines, without_report};

/// The data points of a metric that is a gauge of unknown type.
fn points(lines: &str, metric: &str) -> Vec<String> {
    let head = format!("    gauge {metric} [");
    let after = lines.lines().skip_while(|line| !line.starts_with(&head)).skip(1);
    after.take_while(|line| line.starts_with("      ")).map(|line| line.trim().to_owned()).collect()
}

/// The values of the metrics about a scrape, in their order.
fn report(lines: &str) -> Vec<String> {
    let value = |metric: &&str| Some(points(lines, metric).first()?.rsplit_once("= ")?.1.to_owned());
    REPORT.iter().filter_map(value).collect()
}

#[test]
fn series_that_vanish_are_ended_once() {
    let mut target = GivenTarget::new(TEXT, "");
    let both = target.scrape("a{b=\"1\"} 1\na{b=\"2\"} 2\n", 1000);
    assert_eq!(points(&both, "a"), ["b=1 @1000 = 1", "b=2 @1000 = 2"]);
    let one = target.scrape("a{b=\"2\"} 3\n", 2000);
    assert_eq!(points(&one, "a"), ["b=2 @2000 = 3", "b=1 @2000 = none ended"]);
    assert_eq!(points(&target.scrape("a{b=\"2\"} 3\n", 3000), "a"), ["b=2 @3000 = 3"]);
    // The same labels in another text are the same series.
    let rewritten = target.scrape("a{ b=\"2\" } 4\na{b=\"1\"} 5\n", 4000);
    assert_eq!(points(&rewritten, "a"), ["b=2 @4000 = 4", "b=1 @4000 = 5"]);
}

#[test]
fn distributions_end_as_a_whole() {
    let mut target = GivenTarget::new(TEXT, "");
    let text = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n\
                # TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 3\ns_count 2\nother 1\n";
    target.scrape(text, 1000);
    let after = target.scrape("other 1\n", 2000);
    let ended: Vec<&str> = after.lines().filter(|line| line.contains("ended")).map(str::trim).collect();
    assert_eq!(
        ended,
        [
            "@2000 = count 0 sum None bounds [1.0] counts [0, 0] ended",
            "@2000 = count 0 sum 0 quantiles [\"0.5: 0\"] ended"
        ]
    );
}

#[test]
fn a_failed_scrape_ends_every_series() {
    let mut target = GivenTarget::new(TEXT, "");
    target.scrape("a 1\nb 2\n", 1000);
    let failed = target.fail(2000);
    assert_eq!(points(&failed, "a"), ["@2000 = none ended"]);
    assert_eq!(points(&failed, "b"), ["@2000 = none ended"]);
    assert_eq!(report(&failed), ["0", "0.25", "0", "0", "0"]);
    let again = target.fail(3000);
    assert_eq!(without_report(&again).lines().count(), 2, "{again}");
    assert_eq!(points(&target.scrape("a 3\n", 4000), "a"), ["@4000 = 3"]);
}

#[test]
fn nothing_of_an_exposition_that_is_none_is_taken() {
    let mut target = GivenTarget::new(TEXT, "");
    target.scrape("a 1\nb 2\n", 1000);
    let outcome = target.outcome("a 3\nb 4\nc 5\nd\n", 2000);
    assert_eq!(outcome.failure.as_deref(), Some("line 4: expected a value: \"\" is not a number: \"d\""));
    let failed = lines(&outcome.written);
    assert_eq!(points(&failed, "a"), ["@2000 = none ended"]);
    assert_eq!(points(&failed, "b"), ["@2000 = none ended"]);
    assert_eq!(points(&failed, "c"), Vec::<String>::new());
    assert_eq!(report(&failed), ["0", "0.25", "3", "3", "1"]);
}

#[test]
fn a_target_that_is_gone_ends_with_its_report() {
    let mut target = GivenTarget::new(TEXT, "");
    target.scrape("a 1\n", 1000);
    let gone = target.end(2000);
    assert_eq!(points(&gone, "a"), ["@2000 = none ended"]);
    assert_eq!(report(&gone), ["none ended"; 5]);
}

#[test]
fn scrapes_are_counted() {
    let mut target = GivenTarget::new(
        TEXT,
        ", extra_scrape_metrics: true, sample_limit: 5, \
         metric_relabel_configs: [{source_labels: [__name__], regex: dropped, action: drop}]",
    );
    let outcome = target.outcome("a 1\ndropped 2\nb 3\na 4\n", 1000);
    // A series that comes twice is kept once, but counted as what a scrape exposes.
    assert_eq!(points(&lines(&outcome.written), "a"), ["@1000 = 1"]);
    assert_eq!(report(&lines(&outcome.written)), ["1", "0.25", "4", "3", "2", "10", "5", "22"]);
    let outcome = target.outcome("a 1\ndropped 2\nb 3\n", 2000);
    assert_eq!(report(&lines(&outcome.written)), ["1", "0.25", "3", "2", "0", "10", "5", "18"]);
}

#[test]
fn timestamps_are_honoured_where_wanted() {
    let mut honouring = GivenTarget::new(TEXT, "");
    assert_eq!(points(&honouring.scrape("a 1 500\n", 1000), "a"), ["@500 = 1"]);
    // Series with times of their own do not end.
    assert_eq!(points(&honouring.scrape("b 1\n", 2000), "a"), Vec::<String>::new());
    let mut tracking = GivenTarget::new(TEXT, ", track_timestamps_staleness: true");
    tracking.scrape("a 1 500\n", 1000);
    assert_eq!(points(&tracking.scrape("b 1\n", 2000), "a"), ["@2000 = none ended"]);
    let mut ignoring = GivenTarget::new(TEXT, ", honor_timestamps: false");
    assert_eq!(points(&ignoring.scrape("a 1 500\n", 1000), "a"), ["@1000 = 1"]);
    assert_eq!(points(&ignoring.scrape("b 1 700000\n", 2000), "a"), ["@2000 = none ended"]);
    // Later than ten minutes from now.
    assert_eq!(points(&honouring.scrape("a 1 700000\nb 1\n", 3000), "a"), Vec::<String>::new());
}

#[test]
fn labels_of_target_and_series_meet() {
    let text = "a{job=\"x\",instance=\"y\",exported_job=\"z\"} 1\n";
    let mut overruling = GivenTarget::new(TEXT, "");
    assert_eq!(
        points(&overruling.scrape(text, 1000), "a"),
        ["exported_exported_job=x exported_instance=y exported_job=z @1000 = 1"]
    );
    let mut honouring = GivenTarget::new(TEXT, ", honor_labels: true");
    let honoured = honouring.scrape(text, 1000);
    assert!(
        honoured.starts_with("resource service.name=x server.address=y service.instance.id=y server.port=")
    );
    assert_eq!(points(&honoured, "a"), ["exported_job=z @1000 = 1"]);
}

#[test]
fn external_labels_overrule_all() {
    let section = "config: {global: {external_labels: {region: eu, b: x}}, scrape_configs: [{job_name: j}]}";
    let mut target = GivenTarget::of_section(TEXT, section);
    assert_eq!(points(&target.scrape("a{b=\"c\"} 1\n", 1000), "a"), ["b=x region=eu @1000 = 1"]);
}

#[test]
fn limits_fail_a_scrape() {
    for (fields, text, problem) in [
        (", sample_limit: 2", "a 1\nb 1\nc 1\n", "sample limit exceeded"),
        (
            ", label_limit: 3",
            "a{b=\"1\"} 1\n",
            "label_limit exceeded (metric: a, number of labels: 4, limit: 3)",
        ),
        (
            ", label_name_length_limit: 10",
            "a{much_too_long=\"1\"} 1\n",
            "label_name_length_limit exceeded (metric: a, label name: much_too_long, length: 13, limit: 10)",
        ),
        (
            ", label_value_length_limit: 9",
            "a{b=\"much too long\"} 1\n",
            "label_value_length_limit exceeded (metric: a, label name: b, value: \"much too long\", length: 13, \
             limit: 9)",
        ),
        (
            ", metric_name_validation_scheme: legacy",
            "{\"a.b\"} 1\n",
            "invalid metric name or label names: a.b",
        ),
        ("", "a{b=\"1\",b=\"2\"} 1\n", "invalid sample: non-unique label names: \"b\""),
        (
            ", metric_relabel_configs: [{target_label: __name__, replacement: ''}]",
            "a 1\n",
            "missing metric name (__name__ label)",
        ),
    ] {
        let outcome = GivenTarget::new(TEXT, fields).outcome(text, 1000);
        assert_eq!(outcome.failure.as_deref(), Some(problem));
        assert_eq!(outcome.written.points, 5, "{fields}");
    }
}

#[test]
fn what_is_said_of_a_metric_may_change() {
    let mut target = GivenTarget::new(OPEN_METRICS, "");
    let head = target.scrape("# TYPE a gauge\na 1\n# EOF\n", 1000);
    assert!(head.contains("    gauge a [] \"\" prometheus.type=gauge\n      @1000 = 1\n"), "{head}");
    let changed = target.scrape("# TYPE a info\n# HELP a Now.\na 1\n# EOF\n", 2000);
    assert!(changed.contains("    sum a [] \"Now.\" prometheus.type=info\n      @2000 = 1\n"), "{changed}");
    assert!(!changed.contains("ended"), "{changed}");
}

#[test]
fn former_series_are_forgotten() {
    let mut target = GivenTarget::new(TEXT, "");
    for turn in 0..20_u32 {
        let text: String =
            (0..200).map(|series| format!("a{{turn=\"{turn}\",series=\"{series}\"}} 1\n")).collect();
        let scraped = target.scrape(&text, 1000);
        let ended = if turn == 0 { 0 } else { 200 };
        assert_eq!(scraped.lines().filter(|line| line.contains("ended")).count(), ended);
    }
    assert!(target.known_points() < 1700, "{}", target.known_points());
}
