//! From batches handed to the exporter to what the store answers.

use std::time::Duration;

use super::*;
use crate::extensions::store::{StoreConfig, StoreExtension};
use crate::pipeline::testing::{settings, spans};
use crate::pipeline::{ComponentId, Extension, ExtensionType};
use crate::store::TimeRange;

/// An extension that was started, and a host with it.
async fn host() -> (Arc<dyn Extension>, Host) {
    let config = Arc::new(StoreConfig { in_memory: true, ..StoreConfig::default() });
    let extension = StoreExtension::create(config, settings("store", Signal::Traces)).unwrap();
    extension.start(&Host::default()).await.unwrap();
    let mut host = Host::default();
    host.extensions.insert(ComponentId::parse("store").unwrap(), Arc::clone(&extension));
    (extension, host)
}

fn exporter(store: &str) -> Consuming {
    let config = StoreExporterConfig { store: store.to_owned(), ..StoreExporterConfig::default() };
    StoreExporter::create(Arc::new(config), settings("store", Signal::Traces)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_is_in_the_store_once_the_exporter_has_stopped() {
    let (extension, host) = host().await;
    let exporter = exporter("store");
    exporter.start(&host).await.unwrap();
    exporter.consume(spans(&["a", "b"])).await.unwrap();
    exporter.shutdown(Instant::now() + Duration::from_secs(30)).await;
    let store = extension.telemetry_store().unwrap();
    let mut items = 0;
    store
        .export(Signal::Traces, TimeRange::ALL, &mut |batch| {
            items += batch.items();
            Ok(())
        })
        .unwrap();
    assert_eq!(items, 2);
}

#[tokio::test]
async fn a_store_that_is_not_there_is_named() {
    let error = exporter("store/other").start(&Host::default()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no extension 'store/other' that runs: list it under service::extensions"
    );
}

#[test]
fn what_may_pass_is_tried_again() {
    use crate::pipeline::RefusalClass;
    let may_pass = |error| matches!(refusal_for(&error).class, RefusalClass::Retryable { .. });
    assert!(may_pass(StoreError::Full("full".into())));
    assert!(may_pass(StoreError::Engine("locked".into())));
    assert!(!may_pass(StoreError::Format("newer".into())));
}
