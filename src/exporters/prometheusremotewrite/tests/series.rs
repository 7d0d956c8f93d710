//! What series batches become.

use super::*;
use crate::prometheus::STALE;

const SHOP: &str = "otel_scope_name=lib,otel_scope_version=1";

#[tokio::test]
async fn numbers_become_series_with_the_labels_of_who_sent_them() {
    let store = Store::start(|config| {
        config.external_labels = [("region".to_owned(), "north".to_owned())].into();
        config.namespace = "ns".to_owned();
    })
    .await;
    let resource = json!({"service.name": "cart", "service.namespace": "shop", "service.instance.id": "i-1", "host.name": "h"});
    let metrics = json!([
        {"name": "cpu.load", "unit": "1", "gauge": {"dataPoints": [point(json!({"Zone": "a", "x": ""}), 0, json!({"asDouble": 0.5}))]}},
        counter("hits", 2, json!([point(json!({"region": "south", "a.b": "2", "a-b": "1"}), 1, json!({"asInt": "7"}))])),
    ]);
    let lines = store.lines(resource, metrics).await;
    let [load, hits, target] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(
        load,
        &format!("Zone=a,__name__=ns_cpu_load_ratio,instance=i-1,job=shop/cart,{SHOP},region=north 0.5@0")
    );
    assert_eq!(
        hits,
        &format!("__name__=ns_hits_total,a_b=1;2,instance=i-1,job=shop/cart,{SHOP},region=south 7@1")
    );
    assert_eq!(target, "__name__=ns_target_info,host_name=h,instance=i-1,job=shop/cart,region=north 1@1");
}

#[tokio::test]
async fn a_series_stands_once_in_a_request_with_its_samples_in_the_order_of_time() {
    let store = Store::start(|config| config.disable_scope_info = true).await;
    let value = |after_ms, value: &str| point(json!({"a": "1"}), after_ms, json!({"asInt": value}));
    let metrics = json!([
        gauge("g", json!([value(5, "5"), value(2, "2"), value(2, "2")])),
        gauge("other", json!([value(0, "9")])),
        gauge("g", json!([value(3, "3")])),
    ]);
    let lines = store.lines(json!({}), metrics).await;
    assert_eq!(lines, ["__name__=g,a=1 2@2 3@3 5@5", "__name__=other,a=1 9@0"]);
}

#[tokio::test]
async fn of_two_values_at_one_time_the_later_is_written_and_the_other_counted() {
    let store = Store::start(|config| config.disable_scope_info = true).await;
    let value = |value: &str| point(json!({}), 0, json!({"asInt": value}));
    let metrics =
        json!([gauge("g", json!([value("1"), value("2")])), gauge("no time", json!([{"asInt": "1"}]))]);
    let response = store.sender.write(batch(json!({}), metrics)).await.unwrap();
    assert_eq!(response.rejected, 2);
    assert_eq!(line(&store.requests()[0].timeseries[0]), "__name__=g 2@0");
}

#[tokio::test]
async fn classic_histograms_and_summaries_have_a_series_for_each_bucket_and_quantile() {
    let store = Store::start(|config| config.disable_scope_info = true).await;
    let exemplar = |value: f64| json!({"timeUnixNano": (TIME_MS * 1_000_000).to_string(), "asDouble": value, "traceId": "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"});
    let histogram = json!({"count": "6", "sum": 9.5, "bucketCounts": ["1", "2", "3"], "explicitBounds": [0.5, 10],
        "exemplars": [exemplar(0.1), exemplar(10.0), exemplar(11.0)]});
    let summary = json!({"count": "3", "sum": 4.5, "quantileValues": [{"quantile": 0.99, "value": "NaN"}]});
    let metrics = json!([
        {"name": "h", "unit": "s", "histogram": {"aggregationTemporality": 2, "dataPoints": [point(json!({"le": "mine", "m": "1", "a": "2"}), 0, histogram)]}},
        {"name": "s", "summary": {"dataPoints": [point(json!({}), 0, summary)]}},
    ]);
    let lines = store.lines(json!({}), metrics).await;
    let expected = [
        "__name__=h_seconds_sum,a=2,exported_le=mine,m=1 9.5@0",
        "__name__=h_seconds_count,a=2,exported_le=mine,m=1 6@0",
        "__name__=h_seconds_bucket,a=2,exported_le=mine,le=0.5,m=1 1@0",
        "__name__=h_seconds_bucket,a=2,exported_le=mine,le=10,m=1 3@0",
        "__name__=h_seconds_bucket,a=2,exported_le=mine,le=+Inf,m=1 6@0",
        "__name__=s_sum 4.5@0",
        "__name__=s_count 3@0",
        "__name__=s,quantile=0.99 NaN@0",
    ];
    assert_eq!(lines, expected);
    let request = &store.requests()[0];
    let exemplars: Vec<_> = request.timeseries[2..5].iter().map(|series| &series.exemplars[..]).collect();
    let of_value = |value| v1::Exemplar {
        labels: vec![v1::Label { name: "trace_id".to_owned(), value: "0a".repeat(16) }],
        value,
        timestamp: TIME_MS,
    };
    assert_eq!(exemplars, [[of_value(0.1)], [of_value(10.0)], [of_value(11.0)]]);
}

fn exponential() -> Value {
    json!({"count": "9", "sum": 20.5, "scale": 10, "zeroCount": "2", "zeroThreshold": 0.25,
        "positive": {"offset": -5, "bucketCounts": ["1", "2", "0", "3"]}, "negative": {"offset": 3, "bucketCounts": ["1"]}})
}

#[tokio::test]
async fn exponential_histograms_become_native_ones() {
    let store = Store::start(|config| config.disable_scope_info = true).await;
    let mut contradictory = exponential();
    contradictory["count"] = "10".into();
    let too_coarse = json!({"count": "0", "scale": -5});
    let points = [exponential(), contradictory, too_coarse];
    let points: Vec<_> = points.into_iter().map(|fields| point(json!({}), 0, fields)).collect();
    let metric =
        json!({"name": "e", "exponentialHistogram": {"aggregationTemporality": 2, "dataPoints": points}});
    let response = store.sender.write(batch(json!({}), json!([metric]))).await.unwrap();
    assert_eq!(response.rejected, 2);
    let series = store.series();
    let expected = messages::Histogram {
        count_int: Some(9),
        sum: 20.5,
        schema: 8,
        zero_threshold: 0.25,
        zero_count_int: Some(2),
        negative_spans: vec![messages::BucketSpan { offset: 1, length: 1 }],
        negative_deltas: vec![1],
        positive_spans: vec![messages::BucketSpan { offset: -1, length: 2 }],
        positive_deltas: vec![1, 4],
        timestamp: TIME_MS,
        ..messages::Histogram::default()
    };
    assert_eq!((series.len(), &series[0].histograms), (1, &vec![expected]));
    assert_eq!(line(&series[0]), "__name__=e ");
}

#[tokio::test]
async fn explicit_histograms_become_native_ones_where_asked_for() {
    let fields = json!({"count": "4", "sum": 3.0, "bucketCounts": ["1", "0", "3"], "explicitBounds": [1, 2]});
    for (keep_classic, count) in [(false, 1), (true, 6)] {
        let store = Store::start(|config| {
            config.convert_explicit_histograms_to_nhcb = true;
            config.keep_classic_histograms = keep_classic;
        })
        .await;
        let points = json!([point(json!({}), 0, fields.clone())]);
        let metric = json!({"name": "h", "histogram": {"aggregationTemporality": 2, "dataPoints": points}});
        let response = store.sender.write(batch(json!({}), json!([metric]))).await.unwrap();
        assert_eq!(response.rejected, 0);
        let series = store.series();
        assert_eq!(series.len(), count);
        let histogram = &series.last().unwrap().histograms[0];
        assert_eq!(
            (histogram.schema, histogram.count_int, &histogram.custom_values[..]),
            (-53, Some(4), &[1.0, 2.0][..])
        );
        assert_eq!(histogram.positive_deltas, [1, -1, 3]);
    }
}

#[tokio::test]
async fn a_series_that_has_ended_says_so() {
    let store = Store::start(|config| config.disable_scope_info = true).await;
    let over = |fields: Value| {
        let mut point = point(json!({}), 0, fields);
        point["flags"] = 1.into();
        json!([point])
    };
    let metrics = json!([
        gauge("g", over(json!({}))),
        {"name": "h", "histogram": {"aggregationTemporality": 2, "dataPoints": over(json!({"sum": 0.0}))}},
        {"name": "e", "exponentialHistogram": {"aggregationTemporality": 2, "dataPoints": over(json!({}))}},
    ]);
    store.sender.write(batch(json!({}), metrics)).await.unwrap();
    let series = store.series();
    let values = series.iter().flat_map(|series| {
        let histograms = series.histograms.iter().map(|histogram| histogram.sum);
        series.samples.iter().map(|sample| sample.value).chain(histograms).collect::<Vec<_>>()
    });
    let values: Vec<u64> = values.map(f64::to_bits).collect();
    assert_eq!(values, [STALE.to_bits(); 5]);
}

#[tokio::test]
async fn metadata_comes_in_a_request_of_its_own_where_asked_for() {
    let store = Store::start(|config| config.send_metadata = true).await;
    let points = json!([point(json!({}), 0, json!({"asInt": "7"}))]);
    let mut metric = counter("hits", 2, points);
    metric["unit"] = "By/s".into();
    metric["description"] = "How many.".into();
    store.sender.write(batch(json!({}), json!([metric.clone(), metric]))).await.unwrap();
    let requests = store.requests();
    assert_eq!((requests.len(), requests[1].timeseries.len()), (2, 0));
    let expected = v1::MetricMetadata {
        r#type: 1,
        metric_family_name: "hits_bytes_per_second_total".to_owned(),
        help: "How many.".to_owned(),
        unit: "bytes_per_second".to_owned(),
    };
    assert_eq!(requests[1].metadata, [expected]);
}

#[tokio::test]
async fn the_second_version_writes_each_text_once_and_starts_and_metadata_with_each_series() {
    let store = Store::start(|config| config.protobuf_message = V2.to_owned()).await;
    let mut metric = counter("hits", 2, json!([point(json!({"a": "hits_total"}), 0, json!({"asInt": "7"}))]));
    metric["description"] = "How many.".into();
    let points = json!([point(json!({}), 1, exponential())]);
    let native = json!({"name": "e", "unit": "s", "exponentialHistogram": {"aggregationTemporality": 2, "dataPoints": points}});
    store.sender.write(batch(json!({}), json!([metric, native]))).await.unwrap();
    let requests = store.requests_v2();
    let [first, second] = &requests[..] else { panic!("{requests:?}") };
    let text = |request: &v2::Request, number: u32| request.symbols[number as usize].clone();
    for request in &requests {
        assert_eq!(request.symbols[0], "");
        let mut distinct = request.symbols.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!((distinct.len(), request.timeseries.len()), (request.symbols.len(), 1));
    }
    let (hits, native) = (&first.timeseries[0], &second.timeseries[0]);
    let texts: Vec<_> = hits.labels_refs.iter().map(|number| text(first, *number)).collect();
    assert_eq!(texts.join(" "), "__name__ hits_total a hits_total otel_scope_name lib otel_scope_version 1");
    let sample = v2::Sample { value: 7.0, timestamp: TIME_MS, start_timestamp: TIME_MS - 10_000 };
    assert_eq!(hits.samples, [sample]);
    let said = |request: &v2::Request, series: &v2::TimeSeries| {
        let metadata = series.metadata.as_ref().unwrap();
        (metadata.r#type, text(request, metadata.help_ref), text(request, metadata.unit_ref))
    };
    assert_eq!(said(first, hits), (1, "How many.".to_owned(), String::new()));
    assert_eq!(said(second, native), (3, String::new(), "seconds".to_owned()));
    let histogram = &native.histograms[0];
    assert_eq!((histogram.timestamp, histogram.start_timestamp), (TIME_MS + 1, TIME_MS - 10_000));
}

#[tokio::test]
async fn large_batches_are_cut_into_requests_without_a_series_in_common() {
    for protocol in ["prometheus.WriteRequest", V2] {
        let store = Store::start(|config| {
            config.protobuf_message = protocol.to_owned();
            config.max_batch_size_bytes = 2_000;
        })
        .await;
        let points: Vec<_> = (0..200)
            .map(|number| {
                point(json!({"n": format!("text {}", number % 100)}), number, json!({"asInt": "7"}))
            })
            .collect();
        store.sender.write(batch(json!({}), json!([gauge("g", json!(points))]))).await.unwrap();
        let bodies = store.server.requests();
        assert!(bodies.len() > 3, "{}", bodies.len());
        assert!(bodies.iter().all(|(_, body)| body.len() <= 2_000));
        let mut seen: Vec<String> = match protocol {
            V2 => store.requests_v2().iter().flat_map(of_second_version).collect(),
            _ => store.requests().iter().flat_map(|request| &request.timeseries).map(line).collect(),
        };
        seen.sort();
        let mut expected: Vec<String> = (0..100)
            .map(|number| {
                format!(
                    "__name__=g,n=text {number},otel_scope_name=lib,otel_scope_version=1 7@{number} 7@{}",
                    number + 100
                )
            })
            .collect();
        expected.sort();
        assert_eq!(seen, expected);
    }
}

fn of_second_version(request: &v2::Request) -> Vec<String> {
    let text = |number: &u32| request.symbols[*number as usize].as_str();
    let lines = request.timeseries.iter().map(|series| {
        let labels: Vec<_> = series
            .labels_refs
            .chunks(2)
            .map(|pair| format!("{}={}", text(&pair[0]), text(&pair[1])))
            .collect();
        let samples: Vec<_> = series
            .samples
            .iter()
            .map(|sample| format!("{}@{}", sample.value, sample.timestamp - TIME_MS))
            .collect();
        format!("{} {}", labels.join(","), samples.join(" "))
    });
    lines.collect()
}
