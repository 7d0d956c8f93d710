//! A host made of text files, and what was scraped of it in short lines, for tests.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint};
use prost::Message;
use tempfile::TempDir;

use super::host::{Host, HostPaths};
use crate::config::{Checking, ConfigValue, Decoding, parse_yaml};
use crate::receivers::scraping::{Scrape, Scraper};

/// When the host of a fixture started, in nanoseconds since 1970.
pub const BOOT_TIME: u64 = 1_700_000_000_000_000_000;

/// When the first scrape is; each further one is ten seconds later.
pub const SCRAPE_TIME: u64 = BOOT_TIME + 1_000_000_000_000;

/// A folder that looks like the root of a host.
pub struct Fixture {
    folder: TempDir,
}

impl Fixture {
    /// A host with these files.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let fixture = Self { folder: TempDir::new().unwrap() };
        files.iter().for_each(|(file, text)| fixture.write(file, text));
        fixture
    }

    /// Writes a file.
    pub fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Where a file is.
    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// The paths of the host.
    pub fn paths(&self) -> HostPaths {
        HostPaths::new(self.folder.path().to_str().unwrap(), |_| None)
    }

    /// The host.
    pub fn host(&self) -> Arc<Host> {
        Arc::new(Host { paths: self.paths(), boot_time_unix_nano: BOOT_TIME, ..Host::default() })
    }
}

/// A section from YAML, which must be right.
pub fn config<T: ConfigValue + Default>(yaml: &str) -> T {
    let mut config = T::default();
    let mut decoding = Decoding::default();
    config.update(&parse_yaml(yaml, &Arc::from("test")).unwrap(), &mut decoding);
    let mut checking = Checking::default();
    config.check(&mut checking);
    assert_eq!((decoding.into_errors(), checking.into_errors()), (Vec::new(), Vec::new()));
    config
}

/// The points of a scrape without failures.
pub fn scrape(scraper: &mut impl Scraper) -> Vec<String> {
    scrape_at(scraper, SCRAPE_TIME)
}

/// The points of a scrape at a time, without failures.
pub fn scrape_at(scraper: &mut impl Scraper, time_unix_nano: u64) -> Vec<String> {
    let (lines, failures) = scrape_with_failures(scraper, time_unix_nano);
    assert_eq!(failures, Vec::<String>::new());
    lines
}

/// The points of a scrape as `name{key=value} number`, in the order sent, and the failures.
pub fn scrape_with_failures(scraper: &mut impl Scraper, time_unix_nano: u64) -> (Vec<String>, Vec<String>) {
    let mut scrape = Scrape::at(time_unix_nano);
    scraper.scrape(&mut scrape);
    let lines = metrics(&scrape).iter().flat_map(lines).collect();
    (lines, scrape.failures().to_vec())
}

/// The metrics of a scrape with the start and time of their points.
pub fn metrics(scrape: &Scrape) -> Vec<Metric> {
    let request = ExportMetricsServiceRequest::decode(&scrape.body[..]).unwrap();
    let scopes = request.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
    scopes.flat_map(|scope| scope.metrics).collect()
}

/// The points of a metric.
pub fn points(metric: &Metric) -> &[NumberDataPoint] {
    match metric.data.as_ref().unwrap() {
        Data::Gauge(gauge) => &gauge.data_points,
        Data::Sum(sum) => &sum.data_points,
        other => panic!("neither gauge nor sum: {other:?}"),
    }
}

/// Attributes as `key=value`.
pub fn attribute_texts(attributes: &[KeyValue]) -> Vec<String> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("neither text nor number: {other:?}"),
    };
    attributes.iter().map(|attribute| format!("{}={}", attribute.key, text(&attribute.value))).collect()
}

fn lines(metric: &Metric) -> Vec<String> {
    let line = |point: &NumberDataPoint| {
        let number = match point.value.unwrap() {
            Number::AsInt(number) => number.to_string(),
            // With its fraction, so that a whole double is told from an integer.
            Number::AsDouble(number) => format!("{number:?}"),
        };
        let attributes = attribute_texts(&point.attributes).join(",");
        let attributes = if attributes.is_empty() { attributes } else { format!("{{{attributes}}}") };
        format!("{}{attributes} {number}", metric.name)
    };
    points(metric).iter().map(line).collect()
}
