//! Key-value spaces for other components, in the catalog of the store.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::pipeline::{
    BoxFuture, ComponentKind, Storage, StorageChange, StorageClient, StorageError, StorageOwner,
};
use crate::store::StoreError;
use crate::store::engine::Catalog;

/// Opens spaces, while the store is open.
pub struct Spaces {
    shared: Arc<Shared>,
}

struct Shared {
    catalog: Mutex<Option<Arc<Catalog>>>,
    /// The owners that have their spaces open.
    in_use: Mutex<BTreeSet<String>>,
    runtime: Handle,
}

impl Spaces {
    /// Spaces whose disk work runs on the blocking threads of `runtime`.
    pub fn new(runtime: Handle) -> Self {
        Self { shared: Arc::new(Shared { catalog: Mutex::default(), in_use: Mutex::default(), runtime }) }
    }

    /// The store is open.
    pub fn open(&self, catalog: Arc<Catalog>) {
        *self.shared.catalog.lock() = Some(catalog);
    }

    /// The store is about to close.
    pub fn close(&self) {
        *self.shared.catalog.lock() = None;
    }
}

impl Storage for Spaces {
    fn open(&self, owner: StorageOwner) -> BoxFuture<'_, Result<Arc<dyn StorageClient>, StorageError>> {
        let owner = name_of(&owner);
        Box::pin(async move {
            if self.shared.catalog.lock().is_none() {
                return Err(StorageError::Closed);
            }
            if !self.shared.in_use.lock().insert(owner.clone()) {
                return Err(StorageError::InUse(format!("the space of {owner} is open already")));
            }
            let client =
                SpaceClient { shared: Arc::clone(&self.shared), owner, is_closed: Mutex::new(false) };
            Ok(Arc::new(client) as Arc<dyn StorageClient>)
        })
    }
}

/// The name of an owner's space.
fn name_of(owner: &StorageOwner) -> String {
    let kind = match owner.kind {
        ComponentKind::Receiver => "receiver",
        ComponentKind::Processor => "processor",
        ComponentKind::Exporter => "exporter",
        ComponentKind::Connector => "connector",
        ComponentKind::Extension => "extension",
    };
    format!("{kind} {} {}", owner.id, owner.name)
}

/// A space in use by its owner.
struct SpaceClient {
    shared: Arc<Shared>,
    owner: String,
    is_closed: Mutex<bool>,
}

impl SpaceClient {
    /// Runs `work` where it may wait for the disk.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Catalog, &str) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StorageError> {
        if *self.is_closed.lock() {
            return Err(StorageError::Closed);
        }
        let catalog = self.shared.catalog.lock().clone().ok_or(StorageError::Closed)?;
        let owner = self.owner.clone();
        let done = self.shared.runtime.spawn_blocking(move || work(&catalog, &owner)).await;
        done.map_err(|_| StorageError::Closed)?.map_err(|error| match error {
            StoreError::Full(sentence) => StorageError::Full(sentence),
            other => StorageError::Unreadable(other.to_string()),
        })
    }

    fn release(&self) {
        if !std::mem::replace(&mut *self.is_closed.lock(), true) {
            self.shared.in_use.lock().remove(&self.owner);
        }
    }
}

impl Drop for SpaceClient {
    fn drop(&mut self) {
        self.release();
    }
}

impl StorageClient for SpaceClient {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, StorageError>> {
        let key = key.to_owned();
        Box::pin(self.blocking(move |catalog, owner| catalog.get(owner, &key)))
    }

    fn keys(&self) -> BoxFuture<'_, Result<Vec<String>, StorageError>> {
        Box::pin(self.blocking(|catalog, owner| catalog.keys(owner)))
    }

    fn write(&self, changes: Vec<StorageChange>) -> BoxFuture<'_, Result<(), StorageError>> {
        let change = |change| match change {
            StorageChange::Set { key, value } => (key, Some(value)),
            StorageChange::Delete { key } => (key, None),
        };
        let changes: Vec<(String, Option<Bytes>)> = changes.into_iter().map(change).collect();
        Box::pin(self.blocking(move |catalog, owner| catalog.write(owner, &changes)))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async { self.release() })
    }
}
