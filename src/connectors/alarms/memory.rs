//! What alarms remember through a restart, in the storage of an extension.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::alarms::actions::ActionMemory;
use crate::alarms::{Rule, SeriesRecord};
use crate::pipeline::{
    ComponentKind, Host, Settings, StartError, StorageChange, StorageClient, StorageOwner,
};

/// Where the states of series are: by the names of the rules.
const SERIES: &str = "series/1";
/// Where notifications are that nobody has taken yet.
const ACTIONS: &str = "actions/1";

/// The storage, where there is one.
pub(super) struct Memory {
    client: Option<Arc<dyn StorageClient>>,
    span: tracing::Span,
}

impl Memory {
    /// Opens the space of the connector in the storage called `storage`.
    pub(super) async fn open(
        storage: Option<&str>,
        host: &Host,
        settings: &Settings,
        span: &tracing::Span,
    ) -> Result<Self, StartError> {
        let span = span.clone();
        let Some(storage) = storage else { return Ok(Self { client: None, span }) };
        let kind = ComponentKind::Connector;
        let owner = StorageOwner { kind, id: settings.id.clone(), name: String::new() };
        Ok(Self { client: Some(host.storage(storage)?.open(owner).await?), span })
    }

    /// What was known of the series of each rule. A rule keeps its series while it keeps its name and what it
    /// splits by.
    pub(super) async fn records(&self, rules: &[Rule]) -> Vec<Vec<SeriesRecord>> {
        let mut by_name: BTreeMap<String, Vec<SeriesRecord>> = self.read(SERIES).await;
        rules.iter().map(|rule| by_name.remove(&series_key(rule)).unwrap_or_default()).collect()
    }

    /// What the actions had left to do.
    pub(super) async fn actions(&self) -> ActionMemory {
        self.read(ACTIONS).await
    }

    pub(super) async fn write_records(&self, rules: &[Rule], records: Vec<Vec<SeriesRecord>>) {
        let by_name: BTreeMap<String, Vec<SeriesRecord>> =
            rules.iter().map(series_key).zip(records).collect();
        self.write(SERIES, &by_name).await;
    }

    pub(super) async fn write_actions(&self, memory: &ActionMemory) {
        self.write(ACTIONS, memory).await;
    }

    pub(super) async fn close(&self) {
        if let Some(client) = &self.client {
            client.close().await;
        }
    }

    async fn read<T: DeserializeOwned + Default>(&self, key: &str) -> T {
        let Some(client) = &self.client else { return T::default() };
        let stored = match client.get(key).await {
            Ok(None) => return T::default(),
            Ok(Some(stored)) => serde_json::from_slice(&stored).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        stored.unwrap_or_else(|error: String| {
            tracing::error!(
                parent: &self.span,
                key,
                error,
                "What was stored of the alarms cannot be read. They begin anew."
            );
            T::default()
        })
    }

    async fn write(&self, key: &str, value: &impl Serialize) {
        let Some(client) = &self.client else { return };
        let written = match serde_json::to_vec(value) {
            Ok(json) => {
                let change = StorageChange::Set { key: key.to_owned(), value: Bytes::from(json) };
                client.write(vec![change]).await.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = written {
            tracing::error!(parent: &self.span, key, error, "The alarms could not be stored.");
        }
    }
}

/// The name of a rule, with what tells its series apart.
fn series_key(rule: &Rule) -> String {
    [&rule.config.name].into_iter().chain(&rule.config.split_by).cloned().collect::<Vec<_>>().join("\n")
}
