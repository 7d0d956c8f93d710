//! What alarms remember through a restart, in the storage of an extension.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::untold::UntoldTransition;
use crate::alarms::actions::ActionMemory;
use crate::alarms::{Rule, SeriesRecord};
use crate::pipeline::{
    ComponentKind, Host, Settings, StartError, StorageChange, StorageClient, StorageOwner,
};

/// Where the states of series are: by the names of the rules.
const SERIES: &str = "series/1";
/// Where notifications are that nobody has taken yet.
const ACTIONS: &str = "actions/1";
/// Where transitions are that no log record was taken of yet.
const UNTOLD: &str = "untold/1";

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

    /// The transitions that no log record was taken of.
    pub(super) async fn untold(&self) -> Vec<UntoldTransition> {
        self.read(UNTOLD).await
    }

    /// True where what is written outlives the process.
    pub(super) const fn is_kept(&self) -> bool {
        self.client.is_some()
    }

    /// Keeps the states of the series, what there is to be told of them, and what the actions have left to do:
    /// all of it or nothing, so that no end of the process comes between a state and what it sets off.
    pub(super) async fn write_all(
        &self,
        rules: &[Rule],
        records: Vec<Vec<SeriesRecord>>,
        untold: &[UntoldTransition],
        actions: &ActionMemory,
    ) {
        let by_name: BTreeMap<String, Vec<SeriesRecord>> =
            rules.iter().map(series_key).zip(records).collect();
        self.write([change(SERIES, &by_name), change(UNTOLD, &untold), change(ACTIONS, actions)]).await;
    }

    /// Keeps what there is to be told, and what the actions have left to do.
    pub(super) async fn write_deliveries(&self, untold: &[UntoldTransition], actions: &ActionMemory) {
        self.write([change(UNTOLD, &untold), change(ACTIONS, actions)]).await;
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

    async fn write(&self, changes: impl IntoIterator<Item = Result<StorageChange, serde_json::Error>>) {
        let Some(client) = &self.client else { return };
        let written = match changes.into_iter().collect::<Result<Vec<_>, _>>() {
            Ok(changes) => client.write(changes).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = written {
            tracing::error!(parent: &self.span, error, "The alarms could not be stored.");
        }
    }
}

fn change(key: &str, value: &impl Serialize) -> Result<StorageChange, serde_json::Error> {
    Ok(StorageChange::Set { key: key.to_owned(), value: Bytes::from(serde_json::to_vec(value)?) })
}

/// The name of a rule, with what tells its series apart.
fn series_key(rule: &Rule) -> String {
    [&rule.config.name].into_iter().chain(&rule.config.split_by).cloned().collect::<Vec<_>>().join("\n")
}
