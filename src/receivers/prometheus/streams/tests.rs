//! What becomes of each type of metric, expected from the Collector's receiver.

use crate::receivers::prometheus::testing::{GivenTarget, OPEN_METRICS, TEXT};

const HEAD: &str = "resource service.name=j server.address=target service.instance.id=target:80 server.port=80 \
                    url.scheme=http\n  scope prometheusreceiver\n";

#[track_caller]
fn assert_scraped(content_type: &'static str, text: &str, expected: &str) {
    let mut target = GivenTarget::new(content_type, "");
    for time_ms in [1000, 2000] {
        let expected = expected.replace("@NOW", &format!("@{time_ms}"));
        assert_eq!(target.scrape(text, time_ms), format!("{HEAD}{expected}"));
    }
}

#[test]
fn classic_types_become_otlp() {
    assert_scraped(
        TEXT,
        "# HELP load The \\\\ load.\n# TYPE load gauge\nload{cpu=\"0\",empty=\"\"} 1.5\nload{cpu=\"1\"} NaN 500\n\
         # TYPE requests_total counter\nrequests_total 7\n\
         untyped -Inf\n\
         # TYPE latency histogram\n\
         latency_bucket{route=\"/\",le=\"1\"} 2\nlatency_bucket{route=\"/\",le=\"0.5\"} 1\n\
         latency_bucket{route=\"/\",le=\"+Inf\"} 5\nlatency_sum{route=\"/\"} 12.5\nlatency_count{route=\"/\"} 5\n\
         # TYPE size summary\nsize{quantile=\"0.5\"} 3\nsize{quantile=\"0.9\"} 8\nsize_sum 40\nsize_count 10\n",
        "    gauge load [] \"The \\\\ load.\" prometheus.type=gauge\n      \
         cpu=0 @NOW = 1.5\n      \
         cpu=1 @500 = NaN\n    \
         counter requests_total [] \"\" prometheus.type=counter\n      \
         @NOW = 7\n    \
         gauge untyped [] \"\" prometheus.type=unknown\n      \
         @NOW = -inf\n    \
         histogram latency [] \"\" prometheus.type=histogram\n      \
         route=/ @NOW = count 5 sum Some(12.5) bounds [0.5, 1.0] counts [1, 1, 3]\n    \
         summary size [] \"\" prometheus.type=summary\n      \
         @NOW = count 10 sum 40 quantiles [\"0.5: 3\", \"0.9: 8\"]\n",
    );
}

#[test]
fn open_metrics_become_otlp() {
    assert_scraped(
        OPEN_METRICS,
        "# TYPE io_bytes counter\n# UNIT io_bytes bytes\n# HELP io_bytes Moved.\n\
         io_bytes_total{disk=\"a\"} 3.0 1.5 # {trace_id=\"0123456789abcdef0123456789abcdef\",\
         span_id=\"0123456789abcdef\",user=\"u\"} 2.0 1.25\n\
         io_bytes_created{disk=\"a\"} 0.75 1.5\n\
         # TYPE build info\nbuild_info{version=\"1\"} 1\n\
         # TYPE state stateset\nstate{state=\"on\"} 1\nstate{state=\"off\"} 0\n\
         # TYPE wait_seconds histogram\n# UNIT wait_seconds seconds\n\
         wait_seconds_bucket{le=\"1.0\"} 1 # {trace_id=\"short\"} 0.5\nwait_seconds_bucket{le=\"+Inf\"} 2\n\
         wait_seconds_count 2\nwait_seconds_sum 3\nwait_seconds_created 0.5\n\
         # TYPE queue gaugehistogram\nqueue_bucket{le=\"+Inf\"} 4\nqueue_gcount 4\nqueue_gsum 6\n\
         # EOF\n",
        "    counter io_bytes_total [By] \"Moved.\" prometheus.type=counter\n      \
         disk=a @1500 since 750 = 3 # user=u 2@1250 trace 0123456789abcdef0123456789abcdef span 0123456789abcdef\n    \
         sum build [] \"\" prometheus.type=info\n      \
         version=1 @NOW = 1\n    \
         sum state [] \"\" prometheus.type=stateset\n      \
         state=on @NOW = 1\n      state=off @NOW = 0\n    \
         histogram wait_seconds [s] \"\" prometheus.type=histogram\n      \
         @NOW since 500 = count 2 sum Some(3.0) bounds [1.0] counts [1, 1] # trace_id=short 0.5@NOW trace  span\n    \
         gauge queue [] \"\" prometheus.type=gaugehistogram\n      le=+Inf @NOW = 4\n    \
         gauge queue_gcount [] \"\" prometheus.type=unknown\n      @NOW = 4\n    \
         gauge queue_gsum [] \"\" prometheus.type=unknown\n      @NOW = 6\n",
    );
}

#[test]
fn scopes_and_resources_come_from_labels() {
    let mut target = GivenTarget::new(TEXT, ", honor_labels: true");
    let text = "target_info{job=\"other\",instance=\"10.0.0.1:9\",service_version=\"1.2\"} 1\n\
                a{job=\"other\",instance=\"10.0.0.1:9\",otel_scope_name=\"lib\",otel_scope_version=\"2\",\
                otel_scope_schema_url=\"http://s\",otel_scope_tier=\"x\"} 1\n\
                a{b=\"c\"} 2\n";
    let expected = "resource service.name=other server.address=10.0.0.1 service.instance.id=10.0.0.1:9 server.port=9 \
                    url.scheme=http service_version=1.2\n  \
                    scope lib 2 http://s tier=x\n    \
                    gauge a [] \"\" prometheus.type=unknown\n      @1000 = 1\n";
    let own = format!("{HEAD}    gauge a [] \"\" prometheus.type=unknown\n      b=c @1000 = 2\n");
    assert_eq!(target.scrape(text, 1000), format!("{expected}{own}"));
    // Without the info its labels are gone.
    let rest = text.split_once('\n').unwrap().1;
    let expected = expected.replace(" service_version=1.2", "");
    assert_eq!(target.scrape(rest, 2000), format!("{expected}{own}").replace("@1000", "@2000"));
}

#[test]
fn suffixes_are_trimmed_where_asked() {
    let section = "{config: {scrape_configs: [{job_name: j}]}, trim_metric_suffixes: true}";
    let mut target = GivenTarget::of_section(OPEN_METRICS, section);
    let text = "# TYPE io_bytes counter\n# UNIT io_bytes bytes\nio_bytes_total 3\n# EOF\n";
    assert_eq!(
        target.scrape(text, 1000),
        format!("{HEAD}    counter io [By] \"\" prometheus.type=counter\n      @1000 = 3\n")
    );
}

#[test]
fn a_histogram_that_contradicts_itself_is_left_out() {
    let mut target = GivenTarget::new(TEXT, "");
    let text = "# TYPE h histogram\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"2\"} 2\nh_bucket{le=\"+Inf\"} 4\nh_count 4\na 1\n";
    let outcome = target.outcome(text, 1000);
    assert_eq!((outcome.failure, outcome.written.contradictory, outcome.written.points), (None, 1, 6));
}
