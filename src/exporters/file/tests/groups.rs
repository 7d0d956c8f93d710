//! A file for each value of a resource attribute.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

use super::*;
use crate::config::telemetry::MetricsLevel;
use crate::telemetry::SeriesValue;

/// One resource with one span for each pair of a path segment and the span's name.
fn resources(spans: &[(Option<&str>, &str)]) -> Batch {
    let resource_spans = |(segment, name): &(Option<&str>, &str)| {
        let attribute = |segment: &str| KeyValue {
            key: "fileexporter.path_segment".to_owned(),
            value: Some(AnyValue { value: Some(any_value::Value::StringValue(segment.to_owned())) }),
            ..KeyValue::default()
        };
        let attributes = segment.iter().map(|segment| attribute(segment)).collect();
        let span = Span { name: (*name).to_owned(), ..Span::default() };
        ResourceSpans {
            resource: Some(Resource { attributes, ..Resource::default() }),
            scope_spans: vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        }
    };
    let request = ExportTraceServiceRequest { resource_spans: spans.iter().map(resource_spans).collect() };
    Batch::from_untrusted_part(Signal::Traces, Bytes::from(request.encode_to_vec())).unwrap()
}

fn grouped(directory: &TempDir, most_open: u32) -> FileExporterConfig {
    FileExporterConfig {
        path: directory.path().join("out/*.json").to_str().unwrap().to_owned(),
        group_by: GroupByConfig { enabled: true, max_open_files: most_open, ..GroupByConfig::default() },
        ..FileExporterConfig::default()
    }
}

fn dropped(settings: &Settings) -> f64 {
    let readings = settings.telemetry.read(MetricsLevel::Basic);
    let drops = readings.iter().find(|reading| reading.description.name == "weir_dropped_items").unwrap();
    let items = drops.series.iter().map(|series| match series.value {
        SeriesValue::Number(items) => items,
        SeriesValue::Histogram(_) => unreachable!(),
    });
    items.sum()
}

#[tokio::test]
async fn each_value_has_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let config = grouped(&directory, 100);
    let batch = resources(&[(Some("shop"), "a"), (Some("eu/pay"), "b"), (Some("shop"), "c")]);
    write(&config, &[batch, resources(&[(Some("shop"), "d")])]).await;
    let names = |path: &str| names_in(&config, &directory.path().join(path));
    assert_eq!(names("out/shop.json"), [vec!["a", "c"], vec!["d"]]);
    assert_eq!(names("out/eu/pay.json"), [["b"]]);
}

#[tokio::test]
async fn a_file_that_was_closed_to_make_room_is_continued() {
    let directory = tempfile::tempdir().unwrap();
    let config = grouped(&directory, 1);
    let batches: Vec<_> = [("x", "a"), ("y", "b"), ("x", "c")]
        .map(|(segment, name)| resources(&[(Some(segment), name)]))
        .into();
    write(&config, &batches).await;
    let path = directory.path().join("out/x.json");
    assert_eq!(names_in(&config, &path), [["a"], ["c"]]);
    write(&config, &batches[..1]).await;
    assert_eq!(names_in(&config, &path), [["a"]], "without append a run begins anew");
}

#[tokio::test]
async fn what_has_no_place_is_dropped_and_counted() {
    let directory = tempfile::tempdir().unwrap();
    let config = grouped(&directory, 100);
    let settings = settings("file", Signal::Traces);
    let exporter = FileExporter::create(Arc::new(config.clone()), settings.clone()).unwrap();
    exporter.start(&Host::default()).await.unwrap();
    let too_long = "x".repeat(300);
    let batch = resources(&[
        (None, "a"),
        (Some("x"), "b"),
        (Some(&too_long), "c"),
        (Some("x.json/y"), "d"),
        (Some("nul\0"), "e"),
    ]);
    exporter.consume(batch).await.unwrap();
    exporter.shutdown(soon()).await;
    assert_eq!(names_in(&config, &directory.path().join("out/x.json")), [["b"]]);
    assert_eq!(dropped(&settings), 4.0);
}

#[tokio::test]
async fn no_value_leads_out_of_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let config = grouped(&directory, 100);
    write(&config, &[resources(&[(Some("../../evil"), "a"), (Some("/evil"), "b")])]).await;
    assert_eq!(names_in(&config, &directory.path().join("out/evil.json")).concat(), ["a", "b"]);
    let beside: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(beside, [directory.path().join("out")]);
}
