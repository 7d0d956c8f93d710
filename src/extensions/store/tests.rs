//! The life of a store: from the start of the extension to its end.

use std::time::Duration;

use super::*;
use crate::pipeline::testing::settings;

#[tokio::test]
async fn a_store_is_there_from_the_start_to_the_end() {
    let config = Arc::new(StoreConfig { in_memory: true, ..StoreConfig::default() });
    let extension = StoreExtension::create(config, settings("store", Signal::Traces)).unwrap();
    assert!(extension.telemetry_store().is_none());
    extension.start(&Host::default()).await.unwrap();
    assert_eq!(extension.telemetry_store().unwrap().statistics().unwrap().bytes, 0);
    extension.shutdown(Instant::now() + Duration::from_secs(1)).await;
    assert!(extension.telemetry_store().is_none());
}
