//! Gathering apart what clients with different metadata sent.

use std::collections::BTreeMap;

use super::*;
use crate::otlp::{Batch, ClientInfo};

fn by_tenant() -> BatchConfig {
    BatchConfig { metadata_keys: vec!["Tenant".to_owned()], metadata_cardinality_limit: 3, ..config(2, 0) }
}

fn from_client(names: &[&str], metadata: &[(&str, &[&str])]) -> Batch {
    let entry = |(key, values): &(&str, &[&str])| {
        ((*key).to_owned(), values.iter().map(|value| (*value).to_owned()).collect())
    };
    let metadata: BTreeMap<_, _> = metadata.iter().map(entry).collect();
    spans(names).with_client(Some(Arc::new(ClientInfo { metadata, ..ClientInfo::default() })))
}

#[tokio::test(start_paused = true)]
async fn tenants_are_gathered_apart_and_told_apart_behind() {
    let sink = Sink::new();
    let (batch, settings) = batch_processor(by_tenant(), &sink);
    batch.consume(from_client(&["a"], &[("tenant", &["x"]), ("trace", &["1"])])).await.unwrap();
    batch.consume(from_client(&["b"], &[("tenant", &["y"])])).await.unwrap();
    assert!(sink.names().is_empty());
    batch.consume(from_client(&["c"], &[("tenant", &["x"]), ("trace", &["2"])])).await.unwrap();
    batch.consume(from_client(&["d"], &[("tenant", &["y"])])).await.unwrap();
    assert_eq!(sink.names(), [["a", "c"], ["b", "d"]]);
    let metadata: Vec<_> =
        sink.taken().iter().map(|batch| batch.client().unwrap().metadata.clone()).collect();
    let tenant = |value: &str| BTreeMap::from([("tenant".to_owned(), vec![value.to_owned()])]);
    assert_eq!(metadata, [tenant("x"), tenant("y")], "only what the whole batch shares");
    assert_eq!(number(&settings.telemetry, "otelcol_processor_batch_metadata_cardinality"), 2.0);
}

#[tokio::test(start_paused = true)]
async fn no_value_an_empty_value_and_two_values_differ() {
    let sink = Sink::new();
    let (batch, _) = batch_processor(by_tenant(), &sink);
    batch.consume(spans(&["a"])).await.unwrap();
    batch.consume(from_client(&["b"], &[("tenant", &[""])])).await.unwrap();
    batch.consume(from_client(&["c"], &[("tenant", &["", ""])])).await.unwrap();
    assert!(sink.names().is_empty());
    batch.consume(from_client(&["d"], &[("other", &["x"])])).await.unwrap();
    assert_eq!(sink.names(), [["a", "d"]]);
}

#[tokio::test(start_paused = true)]
async fn too_many_combinations_are_refused_for_good() {
    let sink = Sink::new();
    let (batch, _) = batch_processor(by_tenant(), &sink);
    for tenant in ["x", "y", "z"] {
        batch.consume(from_client(&["a"], &[("tenant", &[tenant])])).await.unwrap();
    }
    let refusal = batch.consume(from_client(&["b"], &[("tenant", &["one more"])])).await.unwrap_err();
    assert!(refusal.is_permanent());
    assert_eq!(refusal.message, "too many batcher metadata-value combinations");
    batch.consume(from_client(&["c"], &[("tenant", &["z"])])).await.unwrap();
    assert_eq!(sink.names(), [["a", "c"]], "known ones are still served");
}

#[tokio::test(start_paused = true)]
async fn without_keys_the_metadata_is_not_handed_on() {
    let sink = Sink::new();
    let (batch, _) = batch_processor(config(1, 0), &sink);
    batch.consume(from_client(&["a"], &[("tenant", &["x"])])).await.unwrap();
    assert_eq!(sink.taken()[0].client(), None);
}

#[tokio::test(start_paused = true)]
async fn shutdown_hands_on_what_every_tenant_sent() {
    let sink = Sink::new();
    let (batch, _) = batch_processor(by_tenant(), &sink);
    batch.consume(from_client(&["a"], &[("tenant", &["x"])])).await.unwrap();
    batch.consume(from_client(&["b"], &[("tenant", &["y"])])).await.unwrap();
    batch.shutdown(soon()).await;
    let mut names = sink.names();
    names.sort();
    assert_eq!(names, [["a"], ["b"]]);
    assert!(batch.consume(from_client(&["c"], &[("tenant", &["z"])])).await.is_err());
}
