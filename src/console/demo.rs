//! Demonstration data: an hour of a shop of four services, as their SDKs would have sent it. The same moment makes the same
//! data.
//!
//! The storefront asks the catalog and the checkout; the checkout asks the payment service and a database. In the last
//! twenty minutes the database of the checkout is slow, so that requests are, and some fail.

mod metrics;
mod records;
mod requests;

use bytes::Bytes;
use fastrand::Rng;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

use self::requests::Shop;
use crate::otlp::{Batch, Signal};
use crate::store::{StoreError, TelemetryStore};

/// How much was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DemoCounts {
    /// Traces.
    pub traces: u64,
    /// Log records.
    pub logs: u64,
    /// Data points.
    pub points: u64,
}

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const MINUTES: u64 = 60;
/// The dependency is slow for so many of the last minutes.
const SLOW_MINUTES: u64 = 20;

/// A service of the shop: name, version, runtime, host.
#[derive(Clone, Copy)]
struct Service {
    name: &'static str,
    version: &'static str,
    language: &'static str,
    host: &'static str,
}

const STOREFRONT: Service =
    Service { name: "storefront", version: "4.2.0", language: "nodejs", host: "shop-1" };
const CATALOG: Service = Service { name: "catalog", version: "1.9.3", language: "go", host: "shop-1" };
const CHECKOUT: Service = Service { name: "checkout", version: "2.7.1", language: "java", host: "shop-2" };
const PAYMENT: Service = Service { name: "payment", version: "3.0.5", language: "python", host: "shop-2" };
const SERVICES: [Service; 4] = [STOREFRONT, CATALOG, CHECKOUT, PAYMENT];

/// Appends the hour before `now_unix_nano` to `store`, minute by minute.
///
/// # Errors
///
/// The store's.
pub fn append_demo(store: &dyn TelemetryStore, now_unix_nano: u64) -> Result<DemoCounts, StoreError> {
    let mut counts = DemoCounts::default();
    let start = now_unix_nano.saturating_sub(MINUTES * MINUTE);
    let mut shop = Shop::new(Rng::with_seed(now_unix_nano));
    for minute in 0..MINUTES {
        let is_slow = minute >= MINUTES - SLOW_MINUTES;
        let traffic = shop.minute(start + minute * MINUTE, minute, is_slow);
        counts.traces += traffic.traces;
        counts.logs += traffic.logs.iter().map(|(_, records)| records.len() as u64).sum::<u64>();
        let resource_spans =
            traffic.spans.into_iter().map(|(service, spans)| requests::group(service, spans));
        let spans = ExportTraceServiceRequest { resource_spans: resource_spans.collect() };
        store.append(&batch(Signal::Traces, &spans))?;
        let resource_logs = traffic.logs.into_iter().map(|(service, logs)| records::group(service, logs));
        let logs = ExportLogsServiceRequest { resource_logs: resource_logs.collect() };
        store.append(&batch(Signal::Logs, &logs))?;
        let measured = SERVICES.iter().map(|service| {
            metrics::of_service(*service, &shop.measured, start, start + (minute + 1) * MINUTE, is_slow)
        });
        let points =
            batch(Signal::Metrics, &ExportMetricsServiceRequest { resource_metrics: measured.collect() });
        counts.points += points.items() as u64;
        store.append(&points)?;
    }
    Ok(counts)
}

fn batch(signal: Signal, request: &impl Message) -> Batch {
    let body = Bytes::from(request.encode_to_vec());
    let items = crate::otlp::item_count(signal, &body);
    Batch::from_valid_part(signal, body, items)
}

fn resource(service: Service) -> Option<Resource> {
    let attributes = vec![
        text("service.name", service.name),
        text("service.namespace", "demo-shop"),
        text("service.version", service.version),
        text("service.instance.id", &format!("{}-0", service.name)),
        text("host.name", service.host),
        text("telemetry.sdk.language", service.language),
        text("telemetry.sdk.name", "opentelemetry"),
    ];
    Some(Resource { attributes, ..Resource::default() })
}

fn scope() -> Option<InstrumentationScope> {
    let version = "1.0.0".to_owned();
    Some(InstrumentationScope { name: "demo-shop".to_owned(), version, ..InstrumentationScope::default() })
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, any_value::Value::StringValue(value.to_owned()))
}

fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, any_value::Value::IntValue(value))
}

fn attribute(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}
