//! The page as a scraper meets it, over HTTP.

mod conflicts;
mod shapes;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as NumberValue;
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::{PrometheusExporter, PrometheusExporterConfig};
use crate::network::http_server::testing::loopback;
use crate::otlp::export_response::ExportResponse;
use crate::otlp::{Batch, Signal};
use crate::pipeline::exporting::Sender;
use crate::pipeline::tasks::Joined;
use crate::pipeline::testing::settings;

/// The labels of a scope without name, version and schema.
const NO_SCOPE: &str = r#"otel_scope_name="",otel_scope_schema_url="",otel_scope_version="""#;

/// An exporter that listens on loopback.
struct Exporter {
    exporter: PrometheusExporter,
    address: String,
}

impl Exporter {
    /// Without scope labels, which every line would have.
    async fn start() -> Self {
        Self::start_with(|config| config.without_scope_info = true).await
    }

    async fn start_with(change: impl FnOnce(&mut PrometheusExporterConfig)) -> Self {
        let mut config =
            PrometheusExporterConfig { server: loopback(), ..PrometheusExporterConfig::default() };
        change(&mut config);
        let exporter = PrometheusExporter::new(&config, &settings("prometheus", Signal::Metrics)).unwrap();
        let address = exporter.serve().await.unwrap();
        Self { exporter, address }
    }

    async fn send(&self, resource: Vec<KeyValue>, metrics: Vec<Metric>) -> ExportResponse {
        self.exporter.send(batch(resource, InstrumentationScope::default(), metrics)).await.unwrap()
    }

    /// Head and body of the answer to a scrape.
    async fn get(&self, path: &str, fields: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{fields}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let body = answer.split_off(end + 4);
        (String::from_utf8(answer).unwrap(), body)
    }

    async fn scrape(&self) -> String {
        let (head, body) = self.get("/metrics", "").await;
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
        String::from_utf8(body).unwrap()
    }

    /// The samples of a scrape, without the lines about families.
    async fn samples(&self) -> Vec<String> {
        samples_of(&self.scrape().await)
    }

    async fn stop(self) {
        let deadline = Instant::now() + Duration::from_secs(5);
        assert_eq!(self.exporter.scope.join(deadline).await, Joined::All);
    }
}

fn samples_of(text: &str) -> Vec<String> {
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn batch(resource: Vec<KeyValue>, scope: InstrumentationScope, metrics: Vec<Metric>) -> Batch {
    let scope_metrics = vec![ScopeMetrics { scope: Some(scope), metrics, ..ScopeMetrics::default() }];
    let resource = Resource { attributes: resource, ..Resource::default() };
    let resource_metrics =
        vec![ResourceMetrics { resource: Some(resource), scope_metrics, ..ResourceMetrics::default() }];
    let body = ExportMetricsServiceRequest { resource_metrics }.encode_to_vec();
    Batch::from_untrusted_part(Signal::Metrics, Bytes::from(body)).unwrap()
}

fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

fn metric(name: &str, unit: &str, data: Data) -> Metric {
    Metric { name: name.to_owned(), unit: unit.to_owned(), data: Some(data), ..Metric::default() }
}

/// A point from `start` to `time`, in seconds.
fn point(attributes: Vec<KeyValue>, start: u64, time: u64, value: i64) -> NumberDataPoint {
    NumberDataPoint {
        attributes,
        start_time_unix_nano: start * 1_000_000_000,
        time_unix_nano: time * 1_000_000_000,
        value: Some(NumberValue::AsInt(value)),
        ..NumberDataPoint::default()
    }
}

fn gauge(data_points: Vec<NumberDataPoint>) -> Data {
    Data::Gauge(Gauge { data_points })
}

fn sum(aggregation_temporality: i32, is_monotonic: bool, data_points: Vec<NumberDataPoint>) -> Data {
    Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic })
}

const DELTA: i32 = 1;
const CUMULATIVE: i32 = 2;

#[tokio::test]
async fn resources_scopes_and_attributes_become_labels() {
    let exporter = Exporter::start_with(|config| {
        config.namespace = "shop".to_owned();
        config.const_labels.insert("data.center".to_owned(), "e1".to_owned());
    })
    .await;
    let resource = vec![
        text("service.namespace", "n"),
        text("service.name", "cart"),
        text("service.instance.id", "i-1"),
        text("host.name", "h"),
    ];
    let scope = InstrumentationScope {
        name: "lib".to_owned(),
        version: "1.2".to_owned(),
        attributes: vec![text("kind", "k"), text("name", "hidden")],
        ..InstrumentationScope::default()
    };
    let mut temperature =
        metric("room.temperature", "Cel", gauge(vec![point(vec![text("room", "a")], 0, 1, 21)]));
    temperature.description = "How warm it is".to_owned();
    let response = exporter.exporter.send(batch(resource, scope, vec![temperature])).await.unwrap();
    assert_eq!(response, ExportResponse::default());
    assert_eq!(
        exporter.scrape().await,
        "# HELP shop_room_temperature_celsius How warm it is\n\
         # TYPE shop_room_temperature_celsius gauge\n\
         shop_room_temperature_celsius{data_center=\"e1\",instance=\"i-1\",job=\"n/cart\",otel_scope_kind=\"k\",\
         otel_scope_name=\"lib\",otel_scope_schema_url=\"\",otel_scope_version=\"1.2\",room=\"a\"} 21\n\
         # HELP shop_target_info Target metadata\n\
         # TYPE shop_target_info gauge\n\
         shop_target_info{host_name=\"h\",instance=\"i-1\",job=\"n/cart\"} 1\n"
    );
    exporter.stop().await;
}

#[tokio::test]
async fn resource_attributes_become_labels_where_asked_for() {
    let exporter = Exporter::start_with(|config| {
        config.without_scope_info = true;
        config.resource_constant_labels.included = vec!["host.*".to_owned()];
    })
    .await;
    let resource = vec![text("host.name", "h"), text("service.name", "s")];
    exporter
        .send(resource, vec![metric("a", "", gauge(vec![point(vec![text("host.name", "x")], 0, 1, 5)]))])
        .await;
    assert_eq!(exporter.samples().await, [r#"a{host_name="h",job="s"} 5"#]);
    exporter.stop().await;
}

#[tokio::test]
async fn only_metrics_is_a_page_and_its_format_is_agreed_upon() {
    let exporter = Exporter::start_with(|config| config.enable_open_metrics = true).await;
    let counter = metric("a.count", "", sum(CUMULATIVE, true, vec![point(vec![], 1, 2, 5)]));
    exporter.send(vec![], vec![counter]).await;
    assert!(exporter.get("/", "").await.0.starts_with("HTTP/1.1 404 "));

    let (head, body) = exporter.get("/metrics", "accept: application/openmetrics-text\r\n").await;
    let content_type =
        "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores";
    assert!(head.contains(content_type), "{head}");
    let expected = format!("# HELP a_count \n# TYPE a_count counter\na_count_total{{{NO_SCOPE}}} 5\n# EOF\n");
    assert_eq!(String::from_utf8(body).unwrap(), expected);

    let (head, body) = exporter.get("/metrics", "accept-encoding: gzip\r\n").await;
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    let mut plain = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(body.as_slice()), &mut plain).unwrap();
    assert_eq!(plain, exporter.scrape().await);
    exporter.stop().await;
}

#[tokio::test]
async fn names_keep_their_letters_for_those_that_take_them() {
    let exporter = Exporter::start_with(|config| {
        config.without_scope_info = true;
        config.translation_strategy = "NoUTF8EscapingWithSuffixes".to_owned();
    })
    .await;
    exporter
        .send(vec![], vec![metric("a.b", "s", gauge(vec![point(vec![text("c.d", "v")], 0, 1, 5)]))])
        .await;
    assert_eq!(exporter.samples().await, [r#"a_b_seconds{c_d="v"} 5"#]);
    let (head, body) = exporter.get("/metrics", "accept: text/plain;escaping=allow-utf-8\r\n").await;
    assert!(head.contains("escaping=allow-utf-8"), "{head}");
    let text = String::from_utf8(body).unwrap();
    assert_eq!(samples_of(&text), [r#"{"a.b_seconds","c.d"="v"} 5"#]);
    exporter.stop().await;
}

#[tokio::test]
async fn timestamps_are_those_of_the_points() {
    let exporter = Exporter::start_with(|config| {
        config.without_scope_info = true;
        config.send_timestamps = true;
    })
    .await;
    exporter.send(vec![], vec![metric("a", "", gauge(vec![point(vec![], 0, 1_500, 5)]))]).await;
    assert_eq!(exporter.samples().await, ["a 5 1500000"]);
    exporter.stop().await;
}

#[tokio::test]
async fn series_without_points_expire_and_ended_ones_go_at_once() {
    let mut settings = settings("prometheus", Signal::Metrics);
    settings.clock = crate::pipeline::Clock::default();
    let config = PrometheusExporterConfig::default();
    let intake = Arc::new(super::Intake::new(&config).unwrap());
    let second = 1_000_000_000;
    let resource = || vec![text("service.name", "s"), text("service.instance.id", "i")];
    let send = |name, at| {
        let sent = batch(
            resource(),
            InstrumentationScope::default(),
            vec![metric(name, "", gauge(vec![point(vec![], 0, 1, 5)]))],
        );
        assert_eq!(intake.take(&sent, at * second), ExportResponse::default());
    };
    let names = || intake.shown(false).into_iter().map(|family| family.name).collect::<Vec<_>>();
    send("a", 0);
    send("b", 200);
    intake.forget_expired(300 * second);
    assert_eq!(names(), ["a", "b", "target_info"]);
    intake.forget_expired(301 * second);
    assert_eq!(names(), ["b", "target_info"]);
    let mut ended = point(vec![], 0, 2, 0);
    (ended.value, ended.flags) = (None, 1);
    let sent = batch(resource(), InstrumentationScope::default(), vec![metric("b", "", gauge(vec![ended]))]);
    assert_eq!(intake.take(&sent, 400 * second), ExportResponse::default());
    assert_eq!(names(), ["target_info"]);
    intake.forget_expired(701 * second);
    assert_eq!(names(), [""; 0]);
    send("b", 800);
    assert_eq!(names(), ["b", "target_info"]);
}
