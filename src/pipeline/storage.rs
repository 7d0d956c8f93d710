//! The contract of storage extensions: a small key-value space of its own for each component that must
//! remember something through a restart.

use std::sync::Arc;

use bytes::Bytes;

use super::{BoxFuture, ComponentId, ComponentKind, Host, StartError};

/// Keeps key-value spaces. Offered by an extension through [`Extension::storage`](super::Extension::storage).
pub trait Storage: Send + Sync {
    /// Opens the space of `owner`, which keeps what was written in earlier lives of the process. One owner
    /// has its space open once at a time.
    fn open(&self, owner: StorageOwner) -> BoxFuture<'_, Result<Arc<dyn StorageClient>, StorageError>>;
}

/// Whose space it is. The same owner finds the same space again after a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageOwner {
    /// The kind of component.
    pub kind: ComponentKind,
    /// Its id as the user wrote it.
    pub id: ComponentId,
    /// Tells several spaces of one component apart, for example the signal; empty for the only one.
    pub name: String,
}

/// An open space. Waiting for disks happens off the asynchronous workers.
pub trait StorageClient: Send + Sync {
    /// The value of `key`; none where it was never set or is deleted. Sees every write that has answered.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, StorageError>>;

    /// Every key that has a value, in ascending order.
    fn keys(&self) -> BoxFuture<'_, Result<Vec<String>, StorageError>>;

    /// Makes `changes` in their order, all of them or none. After `Ok` they hold through the end of the
    /// process, and through a power failure where the extension is told to (`fsync`). Concurrent writes
    /// share one disk access.
    fn write(&self, changes: Vec<StorageChange>) -> BoxFuture<'_, Result<(), StorageError>>;

    /// Closes the space; what is asked of it afterwards fails with [`StorageError::Closed`].
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// One change of a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageChange {
    /// Gives `key` a value in place of any it had.
    Set {
        /// Up to 65,535 bytes.
        key: String,
        /// Up to 1 GiB.
        value: Bytes,
    },
    /// Takes `key` and its value out; nothing happens where it is not there.
    Delete {
        /// Up to 65,535 bytes.
        key: String,
    },
}

/// Why a space could not be opened, read or written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StorageError {
    /// The space was closed before.
    #[error("storage is closed")]
    Closed,
    /// There is no room for the change; deleting makes room.
    #[error("storage is full: {0}")]
    Full(String),
    /// Somebody else has the space open.
    #[error("{0}")]
    InUse(String),
    /// What is stored cannot be read: damaged, of a newer version, or not written by this program.
    #[error("{0}")]
    Unreadable(String),
    /// Keys or values beyond the limits.
    #[error("{0}")]
    TooLarge(String),
    /// The system refused to read or write.
    #[error("{context}: {source}")]
    Io {
        /// What was tried, with the path.
        context: String,
        /// The system's error.
        source: Arc<std::io::Error>,
    },
}

impl From<StorageError> for StartError {
    fn from(error: StorageError) -> Self {
        Self(error.to_string())
    }
}

impl Host {
    /// The storage that the extension called `id` offers.
    ///
    /// # Errors
    ///
    /// Where no extension of the service is called so, or the one that is offers no storage.
    pub fn storage(&self, id: &str) -> Result<&dyn Storage, StartError> {
        let extension = ComponentId::parse(id).ok().and_then(|id| self.extensions.get(&id));
        let Some(extension) = extension else {
            return Err(StartError(format!("storage extension '{id}' not found")));
        };
        extension.storage().ok_or_else(|| StartError(format!("non-storage extension '{id}' found")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::{Component, Extension};

    struct NoStorage;
    impl Component for NoStorage {}
    impl Extension for NoStorage {}

    #[test]
    fn what_is_no_storage_is_named() {
        let mut host = Host::default();
        host.extensions.insert(ComponentId::parse("health_check/a").unwrap(), Arc::new(NoStorage));
        let error = |id| host.storage(id).map(drop).unwrap_err().to_string();
        assert_eq!(error("file_storage"), "storage extension 'file_storage' not found");
        assert_eq!(error("health_check/a"), "non-storage extension 'health_check/a' found");
    }
}
